"""Retention: what is dropped of decisions with age, and of categories that have no worker any more.

Blocking: run by the supervisor before its loop starts, or in a thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError
from qbitrr.rules.verdict import OPEN
from qbitrr.state.database import BUSY_SECONDS
from qbitrr.state.schema import BY_CATEGORY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path


GRACE_SECONDS = 7 * 86400.0
"""For which a category without a worker loses nothing: its section may be switched off or incomplete for a while."""
LONGEST_STEP_SECONDS = 86400.0
"""Of the grace, between two calls: the clock may have been set ahead, or nothing may have run, meanwhile."""


def drop_absent_categories(path: Path, working: Collection[str], configured: Collection[str], now: float) -> int:
    """Drop what is stored of categories that have been without a worker for a week.

    `working` have a worker; `configured` are also those whose section is switched off or incomplete. Until then their
    open actions wait, quarantines included. Then those are cancelled, as an open action keeps every other one from its
    torrent, and the rows of categories that are not configured are dropped, all but the ledger's. Verdicts are dropped
    at once: without a worker none is up to date. Returns the number of cancelled actions. Raises StateError.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            present = {table: set(_categories(connection, table)) for table in BY_CATEGORY}
            for category in present["verdicts"].difference(working):
                connection.execute("DELETE FROM verdicts WHERE category = ?", (category,))
            with_rows = set().union(*present.values())
            gone = _absent_for_long(connection, with_rows | _with_open_actions(connection), working, now)
            for table, categories in present.items():
                for category in categories.intersection(gone).difference(configured):
                    connection.execute(f"DELETE FROM {table} WHERE category = ?", (category,))
            return connection.execute(
                f"""UPDATE ledger SET state = 'cancelled', outcome = ?, updated_at = ?
                    WHERE state IN ({_marks(OPEN)}) AND category IN ({_marks(gone)})""",
                ("its category has had no worker for a week", now, *OPEN, *gone),
            ).rowcount
    except sqlite3.Error as error:
        raise StateError(f"rows of removed categories in {path.name} cannot be dropped: {error}") from error


def _with_open_actions(connection: sqlite3.Connection) -> set[str]:
    sql = f"SELECT DISTINCT category FROM ledger WHERE state IN ({_marks(OPEN)})"
    return {row[0] for row in connection.execute(sql, OPEN)}


def _absent_for_long(
    connection: sqlite3.Connection, stored: Collection[str], working: Collection[str], now: float
) -> set[str]:
    """Count for how long the stored categories have been absent; returns those that were for the whole grace."""
    absent = set(stored).difference(working)
    connection.execute(f"DELETE FROM absent_categories WHERE category NOT IN ({_marks(absent)})", tuple(absent))
    connection.execute(
        "UPDATE absent_categories SET seconds = seconds + min(max(? - counted_at, 0), ?), counted_at = ?",
        (now, LONGEST_STEP_SECONDS, now),
    )
    connection.executemany("INSERT OR IGNORE INTO absent_categories VALUES (?, 0, ?)", [(one, now) for one in absent])
    sql = "SELECT category FROM absent_categories WHERE seconds >= ?"
    return {row[0] for row in connection.execute(sql, (GRACE_SECONDS,))}


NEWEST_KEPT = 1000
"""Decisions that stay whatever their age: a clock that is years ahead must not empty the ledger."""
AT_ONCE = 500
"""Decisions that one transaction drops."""
_PAGES_AT_ONCE = 1000
_DROPPED = ("ledger", "shadow", "departures", "foreign_acts", "shadow_searches", "watch_periods")


def old_decisions(path: Path, before: float) -> dict[str, list[int]]:
    """Find the ids of decisions by table whose last change is older than a time (epoch seconds). Raises StateError.

    Those that are open, or about a torrent that is there, are not among them: what was done to it counts on.
    """
    queries = {
        "ledger": f"""SELECT id FROM ledger WHERE updated_at < ? AND state NOT IN ({_marks(OPEN)})
                      AND (instance, infohash) NOT IN (SELECT instance, infohash FROM torrents)
                      AND id <= (SELECT max(id) FROM ledger) - {NEWEST_KEPT}""",
        "shadow": f"""SELECT id FROM shadow WHERE decided_at < ?
                      AND id <= (SELECT max(id) FROM shadow) - {NEWEST_KEPT}""",
        "departures": f"""SELECT id FROM departures WHERE left_at < ?
                          AND id <= (SELECT max(id) FROM departures) - {NEWEST_KEPT}""",
        "foreign_acts": f"""SELECT id FROM foreign_acts WHERE at < ?
                            AND id <= (SELECT max(id) FROM foreign_acts) - {NEWEST_KEPT}""",
        "shadow_searches": f"""SELECT id FROM shadow_searches WHERE at < ?
                               AND id <= (SELECT max(id) FROM shadow_searches) - {NEWEST_KEPT}""",
        "watch_periods": f"""SELECT id FROM watch_periods WHERE until < ?
                             AND id <= (SELECT max(id) FROM watch_periods) - {NEWEST_KEPT}""",
    }
    values = {"ledger": (before, *OPEN)}
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return {
                table: [row[0] for row in connection.execute(sql, values.get(table, (before,)))]
                for table, sql in queries.items()
            }
    except sqlite3.Error as error:
        raise StateError(f"old decisions in {path.name} cannot be found: {error}") from error


def drop_decisions(path: Path, table: str, ids: Sequence[int]) -> None:
    """Drop decisions by their ids, at most `AT_ONCE`: workers wait meanwhile. Raises StateError."""
    if table not in _DROPPED:
        raise ValueError(table)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
            connection.execute(f"DELETE FROM {table} WHERE id IN ({_marks(ids)})", ids)
    except sqlite3.Error as error:
        raise StateError(f"old decisions in {path.name} cannot be dropped: {error}") from error


def return_pages(path: Path) -> None:
    """Return some of the free pages of the file to the file system. Raises StateError."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
    except sqlite3.Error as error:
        raise StateError(f"free pages of {path.name} cannot be returned: {error}") from error


def _categories(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """Find categories with rows in a table, each by one step in an index, however many rows there are.

    Without the empty one, which stands for the search budget that all share.
    """
    category = ""
    while True:
        sql = f"SELECT min(category) FROM {table} WHERE category > ?"
        (category,) = connection.execute(sql, (category,)).fetchone()
        if category is None:
            return
        yield category


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
