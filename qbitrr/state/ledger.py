"""The ledger: every action on a torrent, written before it is sent, and how it ended.

At most one action on a torrent is open at a time; the database enforces it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qbitrr.state.database import Database, Row

End = Literal["done", "failed", "held", "undone"]
FIRST_STEP = "planned"


class Entry(Struct, frozen=True):
    """One action. `step` is how far it got, `notes` is what later steps need; times are epoch seconds.

    `added_at` tells a torrent from an earlier one with the same infohash.
    """

    id: int
    category: str
    instance: str
    infohash: str
    name: str
    added_at: float
    action: str
    rule: str
    because: str
    facts: dict[str, Any]
    state: str
    step: str
    notes: dict[str, Any]
    outcome: str | None
    planned_at: float
    updated_at: float


_COLUMNS = ", ".join(Entry.__struct_fields__)
_JSON = frozenset({"facts", "notes"})


def _entry(row: Row) -> Entry:
    named = zip(Entry.__struct_fields__, row, strict=True)
    return Entry(**{name: msgspec.json.decode(value) if name in _JSON else value for name, value in named})


async def plan(
    database: Database,
    *,
    category: str,
    instance: str,
    infohash: str,
    name: str,
    added_at: float,
    action: str,
    rule: str,
    because: str,
    facts: Mapping[str, Any],
    notes: Mapping[str, Any],
    now: float,
    step: str = FIRST_STEP,
) -> Entry | None:
    """Write down an action before it is begun, or at a later step; None when one is open on this torrent already."""
    entry = Entry(
        id=0,
        category=category,
        instance=instance,
        infohash=infohash,
        name=name,
        added_at=added_at,
        action=action,
        rule=rule,
        because=because,
        facts=dict(facts),
        state="planned",
        step=step,
        notes=dict(notes),
        outcome=None,
        planned_at=now,
        updated_at=now,
    )
    values = [getattr(entry, name) for name in Entry.__struct_fields__[1:]]
    columns = ", ".join(Entry.__struct_fields__[1:])
    marks = ", ".join("?" * len(values))
    parameters = [msgspec.json.encode(v).decode() if isinstance(v, dict) else v for v in values]
    try:
        async with database.transaction() as transaction:
            row_id = await transaction.insert(f"INSERT INTO ledger ({columns}) VALUES ({marks})", parameters)
    except sqlite3.IntegrityError:
        return None
    return msgspec.structs.replace(entry, id=row_id)


async def advance(database: Database, entry: Entry, step: str, now: float, **notes: Any) -> Entry:
    """Record that `step` is reached, before what follows it is done."""
    moved = msgspec.structs.replace(entry, step=step, notes={**entry.notes, **notes}, updated_at=now)
    await database.write(
        "UPDATE ledger SET step = ?, notes = ?, updated_at = ? WHERE id = ?",
        (step, msgspec.json.encode(moved.notes).decode(), now, entry.id),
    )
    return moved


async def close(database: Database, entry: Entry, state: End, outcome: str, now: float) -> None:
    """End an action with a sentence for a person."""
    await database.write(
        "UPDATE ledger SET state = ?, outcome = ?, updated_at = ? WHERE id = ?", (state, outcome, now, entry.id)
    )


async def open_entries(database: Database, category: str) -> list[Entry]:
    """Actions of a category that a worker began and did not end, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE category = ? AND state = 'planned' ORDER BY id"
    return [_entry(row) for row in await database.rows(sql, (category,))]


async def of_torrent(database: Database, infohash: str) -> list[Entry]:
    """Everything ever done to a torrent, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE infohash = ? ORDER BY id"
    return [_entry(row) for row in await database.rows(sql, (infohash,))]


async def updated_since(database: Database, since: float, limit: int) -> list[Entry]:
    """What was written or changed from a moment on, the earliest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ?"
    return [_entry(row) for row in await database.rows(sql, (since, limit))]


async def latest(database: Database, limit: int, categories: Sequence[str] | None = None) -> list[Entry]:
    """The newest actions, newest first; of the given categories only, if given."""
    where, parameters = "", list(categories or [])
    if categories is not None:
        where = f"WHERE category IN ({', '.join('?' * len(parameters))})"
    sql = f"SELECT {_COLUMNS} FROM ledger {where} ORDER BY id DESC LIMIT ?"
    return [_entry(row) for row in await database.rows(sql, (*parameters, limit))]


class PastImport(NamedTuple):
    """How the newest import of a torrent ended, or that it is open."""

    instance: str
    infohash: str
    added_at: float
    state: str
    updated_at: float


async def imports_of_present_torrents(database: Database, category: str) -> list[PastImport]:
    """The newest import of each torrent of a category that had a verdict when last looked at."""
    rows = await database.rows(
        """SELECT instance, infohash, added_at, state, updated_at FROM ledger WHERE id IN (
               SELECT max(ledger.id) FROM verdicts JOIN ledger USING (infohash)
               WHERE verdicts.category = ?1 AND ledger.category = ?1 AND ledger.instance = verdicts.instance
                     AND ledger.action = 'import'
               GROUP BY ledger.instance, ledger.infohash)""",
        (category,),
    )
    return [PastImport(*row) for row in rows]
