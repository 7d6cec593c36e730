"""The ledger: every action on a torrent, written before it is sent, and how it ended.

At most one action on a torrent is open at a time; the database enforces it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from qbitrr.rules.facts import TorrentKey

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

    @property
    def key(self) -> TorrentKey:
        """Its torrent."""
        return TorrentKey(self.instance, self.infohash)


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


async def numbers(database: Database) -> list[tuple[str, str, str, str, int]]:
    """How many actions there are by category, action, rule and state. Read from an index alone."""
    sql = "SELECT category, action, rule, state, count(*) FROM ledger GROUP BY category, action, rule, state"
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await database.rows(sql)]


async def updated_since(database: Database, since: float, limit: int) -> list[Entry]:
    """What was written or changed from a moment on, the earliest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ?"
    return [_entry(row) for row in await database.rows(sql, (since, limit))]


async def get(database: Database, entry_id: int) -> Entry | None:
    """One action by its number."""
    row = await database.row(f"SELECT {_COLUMNS} FROM ledger WHERE id = ?", (entry_id,))
    return _entry(row) if row else None


class LedgerFilter(Struct, frozen=True):
    """Which actions: None does not matter. Times are epoch seconds, `before` is an id."""

    categories: Sequence[str] | None = None
    action: str | None = None
    rule: str | None = None
    state: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None

    def where(self, moment: str) -> tuple[str, list[Any]]:
        """The condition and its values; `moment` is the column that holds the time."""
        terms: dict[str, Any] = {
            "action = ?": self.action,
            "rule = ?": self.rule,
            "state = ?": self.state,
            f"{moment} >= ?": self.since,
            f"{moment} < ?": self.until,
            "id < ?": self.before,
        }
        terms = {sql: value for sql, value in terms.items() if value is not None}
        conditions, values = list(terms), list(terms.values())
        if self.categories is not None:
            conditions.append(f"category IN ({', '.join('?' * len(self.categories))})")
            values += self.categories
        return " AND ".join(conditions) or "TRUE", values


async def page(database: Database, limit: int, wanted: LedgerFilter) -> list[Entry]:
    """The newest of the wanted actions, newest first."""
    where, values = wanted.where("planned_at")
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE {where} ORDER BY id DESC LIMIT ?"
    return [_entry(row) for row in await database.rows(sql, (*values, limit))]


async def latest(database: Database, limit: int, categories: Sequence[str] | None = None) -> list[Entry]:
    """The newest actions, newest first; of the given categories only, if given."""
    return await page(database, limit, LedgerFilter(categories=categories))


async def of_present_torrents(database: Database, category: str) -> list[Entry]:
    """Everything ever done to the torrents that are remembered for a category, oldest first."""
    columns = ", ".join(f"ledger.{column}" for column in Entry.__struct_fields__)
    rows = await database.rows(
        f"""SELECT {columns} FROM torrents JOIN ledger
                ON ledger.infohash = torrents.infohash AND ledger.instance = torrents.instance
                   AND ledger.added_at = torrents.added_at AND ledger.category = torrents.category
            WHERE torrents.category = ? ORDER BY ledger.id""",
        (category,),
    )
    return [_entry(row) for row in rows]


async def begun_since(database: Database, category: str, actions: Sequence[str], since: float) -> list[Entry]:
    """The actions of some kinds that were planned since a time and not held, oldest first."""
    marks = ", ".join("?" * len(actions))
    sql = f"""SELECT {_COLUMNS} FROM ledger
              WHERE category = ? AND action IN ({marks}) AND planned_at > ? AND state != 'held' ORDER BY id"""
    return [_entry(row) for row in await database.rows(sql, (category, *actions, since))]


async def is_removing(database: Database) -> bool:
    """Whether a removal is under way that is not waiting for its time or for a person."""
    row = await database.row(
        """SELECT 1 FROM ledger WHERE state = 'planned' AND action IN ('fail', 'remove', 'delete_files')
           AND step NOT IN ('awaiting approval', 'quarantined') LIMIT 1"""
    )
    return row is not None
