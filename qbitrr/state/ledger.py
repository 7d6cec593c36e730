"""The ledger: every action on a torrent, written before it is sent, and how it ended.

At most one action on a torrent is open at a time; the database enforces it. Its writer is the worker of the torrent's
category (`qbitrr.worker.torrents.actions.context`); the supervisor only drops what is old (`qbitrr.state.retention`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from qbitrr.rules import quarantine
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import DELETING, OPEN, ActionState, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from qbitrr.rules.verdict import EndState, OpenState
    from qbitrr.state.database import Database, Row

# A + before a column in SQL keeps the index of that column from being used: it would find most of all entries.

FIRST_STEP = "planned"
_SEARCHED = 20_000  # actions, for those of an item


class Entry(Decision, frozen=True):
    """One decision and how far it got. `notes` is what later steps need; times are epoch seconds."""

    id: int
    state: ActionState
    step: str
    notes: dict[str, Any]
    outcome: str | None
    planned_at: float
    updated_at: float

    @property
    def is_asked(self) -> bool:
        """Whether the user is asked about it, and has not answered."""
        return self.state == "awaiting_approval" and bool(self.notes.get("asked"))


DECISION_COLUMNS = "category, instance, infohash, name, added_at, action, rule, because, facts"
_DECISION_WIDTH = DECISION_COLUMNS.count(",") + 1
_COLUMNS = f"{DECISION_COLUMNS}, id, state, step, notes, outcome, planned_at, updated_at"


def decision_values(decision: Decision) -> tuple[Any, ...]:
    """Return the values of `DECISION_COLUMNS`."""
    facts = msgspec.json.encode(decision.facts).decode()
    return (
        decision.category, *decision.key, decision.name, decision.added_at, decision.action, decision.rule,
        decision.because, facts,
    )  # fmt: skip


def split_decision(row: Row) -> tuple[dict[str, Any], Row]:
    """Split a row into the fields of the decision, with which it starts, and the rest."""
    category, instance, infohash, *others, facts = row[:_DECISION_WIDTH]
    values = (category, TorrentKey(instance, infohash), *others, msgspec.json.decode(facts))
    return dict(zip(Decision.__struct_fields__, values, strict=True)), row[_DECISION_WIDTH:]


def _entry(row: Row) -> Entry:
    decision, (entry_id, state, step, notes, outcome, planned_at, updated_at) = split_decision(row)
    return Entry(
        **decision,
        id=entry_id,
        state=state,
        step=step,
        notes=msgspec.json.decode(notes),
        outcome=outcome,
        planned_at=planned_at,
        updated_at=updated_at,
    )


def _any_of(values: Iterable[str]) -> str:
    """Write names from the code as a list in SQL."""
    names = ", ".join(f"'{value}'" for value in sorted(values))
    return f"({names})"


_IS_OPEN = f"state IN {_any_of(OPEN)}"
_IS_HELD = "state = 'awaiting_approval'"
_IS_ASKED = "coalesce(json_extract(notes, '$.asked'), 0)"


async def plan(
    database: Database,
    decision: Decision,
    notes: Mapping[str, Any],
    now: float,
    *,
    state: OpenState = "planned",
    step: str = FIRST_STEP,
) -> Entry | None:
    """Write an action before its first step, or at a later one; None when another one on this torrent is open."""
    values = (*decision_values(decision), state, step, msgspec.json.encode(notes).decode(), now, now)
    sql = f"""INSERT INTO ledger ({DECISION_COLUMNS}, state, step, notes, planned_at, updated_at)
              VALUES ({", ".join("?" * len(values))})"""
    try:
        async with database.transaction() as transaction:
            entry_id = await transaction.insert(sql, values)
    except sqlite3.IntegrityError:
        return None
    return Entry(
        **msgspec.structs.asdict(decision),
        id=entry_id,
        state=state,
        step=step,
        notes=dict(notes),
        outcome=None,
        planned_at=now,
        updated_at=now,
    )


async def advance(database: Database, entry: Entry, step: str, now: float, **notes: Any) -> Entry:
    """Record that `step` is reached, before what follows it is done."""
    moved = msgspec.structs.replace(entry, step=step, notes={**entry.notes, **notes}, updated_at=now)
    await database.write(
        "UPDATE ledger SET step = ?, notes = ?, updated_at = ? WHERE id = ?",
        (step, msgspec.json.encode(moved.notes).decode(), now, entry.id),
    )
    return moved


async def approve(database: Database, category: str, now: float) -> None:
    """Let every action of a category that awaits approval go on, but for those that were asked about one by one."""
    await database.write(
        f"""UPDATE ledger SET state = 'planned', updated_at = ?1,
                notes = CASE WHEN json_valid(notes) THEN json_set(notes, '$.approved_at', ?1) ELSE notes END
            WHERE +category = ?2 AND {_IS_HELD} AND NOT {_IS_ASKED}""",
        (now, category),
    )


async def answered(database: Database, entry: Entry, now: float) -> None:
    """Let an action go on that the user was asked about."""
    notes = msgspec.json.encode({**entry.notes, "answered_at": now}).decode()
    await database.write(
        "UPDATE ledger SET state = 'planned', notes = ?, updated_at = ? WHERE id = ?", (notes, now, entry.id)
    )


async def asked(database: Database, limit: int) -> list[Entry]:
    """Read the actions that the user is asked about, the newest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE {_IS_HELD} AND {_IS_ASKED} ORDER BY id DESC LIMIT ?"
    return [_entry(row) for row in await database.rows(sql, (limit,))]


async def close(database: Database, entry: Entry, state: EndState, outcome: str, now: float) -> None:
    """End an action with a sentence for the user. One that ended meanwhile stays as it is, unless it is undone."""
    await database.write(
        f"UPDATE ledger SET state = ?, outcome = ?, updated_at = ? WHERE id = ? AND (state = 'done' OR {_IS_OPEN})",
        (state, outcome, now, entry.id),
    )


async def carry_over(database: Database, entry: Entry, added_at: float) -> None:
    """Have a torrent that was added again keep what was done to it before."""
    await database.write(
        "UPDATE ledger SET added_at = ? WHERE instance = ? AND infohash = ? AND added_at = ?",
        (added_at, entry.instance, entry.infohash, entry.added_at),
    )


async def being_undone(database: Database, category: str) -> list[int]:
    """Read the ids of removals of a category that are being undone."""
    sql = f"SELECT id FROM ledger WHERE category = ? AND state = 'done' AND step = '{quarantine.UNDOING}' ORDER BY id"
    return [row[0] for row in await database.rows(sql, (category,))]


async def open_entries(database: Database, category: str) -> list[Entry]:
    """Read the open actions of a category, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE +category = ? AND {_IS_OPEN} ORDER BY id"  # by the state
    return [_entry(row) for row in await database.rows(sql, (category,))]


async def awaiting_approval(database: Database) -> dict[str, int]:
    """Count the actions that await approval because they were too many at once, by category."""
    sql = f"SELECT category, count(*) FROM ledger WHERE {_IS_HELD} AND NOT {_IS_ASKED} GROUP BY +category"
    return dict(await database.rows(sql))


async def of_torrent(database: Database, infohash: str) -> list[Entry]:
    """Read all actions on a torrent, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE infohash = ? ORDER BY id"
    return [_entry(row) for row in await database.rows(sql, (infohash,))]


async def of_torrents(database: Database, category: str, infohashes: Sequence[str]) -> list[Entry]:
    """Read all actions of a category on some torrents, a thousand at most, oldest first."""
    marks = ", ".join("?" * len(infohashes))
    sql = f"SELECT {_COLUMNS} FROM ledger WHERE infohash IN ({marks}) AND category = ? ORDER BY id"
    return [_entry(row) for row in await database.rows(sql, (*infohashes, category))]


async def of_item(database: Database, category: str, item_id: int, limit: int) -> list[Entry]:
    """Read the actions on downloads of a movie, an episode or an album, the newest first.

    No index has the items: only the newest 20,000 actions of all categories are searched.
    """
    sql = f"""SELECT {_COLUMNS} FROM ledger
              WHERE id > (SELECT max(id) FROM ledger) - {_SEARCHED} AND category = ? AND json_valid(notes)
              AND EXISTS (SELECT 1 FROM json_each(notes, '$.item_ids') WHERE value = ?)
              ORDER BY id DESC LIMIT ?"""
    return [_entry(row) for row in await database.rows(sql, (category, item_id, limit))]


async def totals(database: Database) -> list[tuple[str, str, str, str, int]]:
    """Count actions by category, action, rule and state, also those whose entries were dropped with age."""
    sql = "SELECT category, action, rule, state, number FROM ledger_totals WHERE number > 0"
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await database.rows(sql)]


async def last_change(database: Database) -> int:
    """Read the number of the newest change, for `changed_after`."""
    row = await database.row("SELECT number FROM ledger_changes")
    assert row is not None
    return int(row[0])


class LedgerChange(Struct, frozen=True):
    """An entry as it is since a change. It is None when it cannot be read: `problem` says why, and which it is."""

    number: int
    entry: Entry | None
    problem: str = ""


async def changed_after(database: Database, change: int, limit: int) -> list[LedgerChange]:
    """Read the entries that were planned or changed after a change, in the order in which they were committed."""
    sql = f"SELECT change, {_COLUMNS} FROM ledger WHERE change > ? ORDER BY change LIMIT ?"
    return [_change(row[0], row[1:]) for row in await database.rows(sql, (change, limit))]


def _change(number: int, row: Row) -> LedgerChange:
    try:
        return LedgerChange(number, _entry(row))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        return LedgerChange(number, None, f"action {row[_DECISION_WIDTH]}: {error}")


async def get(database: Database, entry_id: int) -> Entry | None:
    """Read one action by its id."""
    row = await database.row(f"SELECT {_COLUMNS} FROM ledger WHERE id = ?", (entry_id,))
    return _entry(row) if row else None


class LedgerFilter(Struct, frozen=True):
    """Properties that listed actions must have, None for any. Times are epoch seconds, `before` is an id.

    `text` is a part of the torrent's name or of the reason, in any case.
    """

    categories: Sequence[str] | None = None
    action: str | None = None
    rule: str | None = None
    state: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None
    text: str | None = None

    @property
    def kind(self) -> Terms:
        """The terms about category, action, rule and state."""
        terms = _terms({"action = ?": self.action, "rule = ?": self.rule, "state = ?": self.state})
        if self.categories is not None:
            terms.append((f"category IN ({', '.join('?' * len(self.categories))})", tuple(self.categories)))
        return terms

    def span(self, moment: str) -> Terms:
        """The terms about the time, which is in the column `moment`."""
        return _terms({f"{moment} >= ?": self.since, f"{moment} < ?": self.until})

    @property
    def words(self) -> Terms:
        """The term about the text."""
        if self.text is None:
            return []
        return [("(instr(lower(name), ?) > 0 OR instr(lower(because), ?) > 0)", (self.text.lower(),) * 2)]

    def where(self, moment: str) -> tuple[str, list[Any]]:
        """Return the condition and its values; `moment` is the column that holds the time."""
        return condition([*self.kind, *self.span(moment), *_terms({"id < ?": self.before}), *self.words])


Terms = list[tuple[str, tuple[Any, ...]]]
"""Parts of a condition, each with its values."""


def _terms(values: Mapping[str, Any]) -> Terms:
    return [(sql, (value,)) for sql, value in values.items() if value is not None]


def condition(terms: Terms) -> tuple[str, list[Any]]:
    """Join terms; returns the condition and its values."""
    return " AND ".join(sql for sql, _ in terms) or "TRUE", [value for _, values in terms for value in values]


class LedgerPage(Struct, frozen=True):
    """Actions, the newest first. `next` is the `before` of the page after it, None after the last one."""

    entries: list[Entry]
    next: int | None


READ_AT_ONCE = 10_000
"""Actions in which one page searches a text: the next page goes on, and nothing else waits long meanwhile."""
_MOST_KINDS = 400  # SQLite joins 500 queries at most
_NEWEST_FIRST = "ORDER BY planned_at DESC, id DESC"


async def page(database: Database, limit: int, chosen: LedgerFilter) -> LedgerPage:
    """Read the newest actions that match. A page with a text may have fewer than there are, but then a next one."""
    span = [*chosen.span("planned_at"), *await _behind(database, chosen.before)]
    if chosen.text is not None:
        return await _searched(database, limit, [*span, *chosen.kind[:1]], [*chosen.kind[1:], *chosen.words])
    kinds = await _kinds(database, chosen.kind)
    queries = [_newest([*kind, *span], limit) for kind in kinds]
    sql = " UNION ALL ".join(query for query, _ in queries) or "SELECT 0 AS id, 0 AS planned_at WHERE FALSE"
    rows = await database.rows(
        f"""SELECT {_COLUMNS} FROM ledger WHERE id IN (SELECT id FROM ({sql}) {_NEWEST_FIRST} LIMIT ?)
            {_NEWEST_FIRST}""",
        (*[value for _, values in queries for value in values], limit),
    )
    entries = [_entry(row) for row in rows]
    return LedgerPage(entries, entries[-1].id if len(entries) == limit else None)


async def _searched(database: Database, limit: int, read: Terms, wanted: Terms) -> LedgerPage:
    """Search the newest actions that match `read`, which an index finds, for those that match `wanted` as well."""
    where, values = condition(read)
    walked = f"SELECT {_COLUMNS} FROM ledger WHERE {where} {_NEWEST_FIRST} LIMIT {READ_AT_ONCE}"
    asked_for, asked = condition(wanted)
    rows = await database.rows(f"SELECT * FROM ({walked}) WHERE {asked_for} LIMIT ?", (*values, *asked, limit))
    entries = [_entry(row) for row in rows]
    if len(entries) == limit:
        return LedgerPage(entries, entries[-1].id)
    last = await database.row(
        f"SELECT id FROM ledger WHERE {where} {_NEWEST_FIRST} LIMIT 1 OFFSET {READ_AT_ONCE - 1}", values
    )
    return LedgerPage(entries, last[0] if last else None)


async def _kinds(database: Database, terms: Terms) -> list[Terms]:
    """Take what meets several terms apart into kinds of actions, which the totals list: an index has each of them."""
    if len(terms) < 2:
        return [terms]
    where, values = condition(terms)
    sql = f"SELECT category, action, rule, state FROM ledger_totals WHERE number > 0 AND {where} LIMIT ?"
    kinds = await database.rows(sql, (*values, _MOST_KINDS + 1))
    if len(kinds) > _MOST_KINDS:
        return [terms]
    names = ("category = ?", "action = ?", "rule = ?", "state = ?")
    return [_terms(dict(zip(names, kind, strict=True))) for kind in kinds]


def _newest(terms: Terms, limit: int) -> tuple[str, list[Any]]:
    """Make a query for the newest actions that match, with its values."""
    where, values = condition(terms)
    return f"SELECT * FROM (SELECT id, planned_at FROM ledger WHERE {where} {_NEWEST_FIRST} LIMIT {limit})", values


async def _behind(database: Database, before: int | None) -> Terms:
    """Make the term for what is behind an action, also for one that was dropped with age."""
    if before is None:
        return []
    place = await database.row("SELECT planned_at, id FROM ledger WHERE id = ?", (before,))
    return [("(planned_at, id) < (?, ?)", place)] if place else [("id < ?", (before,))]


async def of_present_torrents(database: Database, category: str) -> list[Entry]:
    """Read all actions on the torrents that are stored for a category, oldest first."""
    columns = ", ".join(f"ledger.{column}" for column in _COLUMNS.split(", "))
    rows = await database.rows(
        f"""SELECT {columns} FROM torrents JOIN ledger
                ON ledger.infohash = torrents.infohash AND ledger.instance = torrents.instance
                   AND ledger.added_at = torrents.added_at AND ledger.category = torrents.category
            WHERE torrents.category = ? ORDER BY ledger.id""",
        (category,),
    )
    return [_entry(row) for row in rows]


async def begun_since(database: Database, category: str, actions: Sequence[str], since: float) -> list[Entry]:
    """Read actions that were planned after a time and neither cancelled nor await approval, oldest first."""
    sql = f"""SELECT {_COLUMNS} FROM ledger
              WHERE category = ? AND +action IN ({", ".join("?" * len(actions))}) AND planned_at > ?
              AND +state NOT IN ('cancelled', 'awaiting_approval') ORDER BY id"""
    return [_entry(row) for row in await database.rows(sql, (category, *actions, since))]


def drop_open(state_file: Path) -> None:
    """Drop all open actions from a copy of the state file, so that nothing of them goes on there. Blocking."""
    with contextlib.closing(sqlite3.connect(state_file, isolation_level=None)) as copy:
        copy.execute(f"DELETE FROM ledger WHERE {_IS_OPEN}")


async def is_removing(database: Database) -> bool:
    """Whether a deletion is under way that waits neither for approval nor for the end of its quarantine."""
    row = await database.row(
        f"SELECT 1 FROM ledger WHERE state = 'planned' AND action IN {_any_of(DELETING)} AND step <> ? LIMIT 1",
        (quarantine.INSIDE,),
    )
    return row is not None


async def done_since(database: Database, since: float) -> dict[str, int]:
    """Count actions that were done since a time, by action. Read from an index alone."""
    rows = await database.rows(
        """SELECT action, count(*) FROM ledger
           WHERE planned_at >= ? AND +state IN ('done', 'undone') GROUP BY +action""",
        (since,),
    )
    return dict(rows)


async def by_day(
    database: Database, since: float, offset_seconds: int, day_seconds: int = 86400
) -> list[tuple[int, str, str, int]]:
    """Count actions that were done since a time: day, category, action, number. Read from an index alone.

    A day is its number since 1970 in the zone that is `offset_seconds` ahead of UTC.
    """
    rows = await database.rows(
        """SELECT CAST((planned_at + ?) / ? AS INTEGER), category, action, count(*) FROM ledger
           WHERE planned_at >= ? AND +state IN ('done', 'undone') GROUP BY 1, +category, +action ORDER BY 1""",
        (offset_seconds, day_seconds, since),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
