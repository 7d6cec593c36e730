"""Retention: what is dropped of categories that have no worker or left the configuration.

Blocking: run by the supervisor before its loop starts, or in a thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError
from qbitrr.rules.verdict import OPEN
from qbitrr.state.schema import BY_CATEGORY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


def drop_removed_categories(path: Path, working: Collection[str], configured: Collection[str], now: float) -> int:
    """Cancel open actions of categories without a worker, and drop all rows but the ledger's of removed ones.

    `working` have a worker; `configured` are also those whose section is switched off or incomplete. An open action
    keeps every other one from its torrent, whose category may have been renamed. Returns the number of cancelled
    actions. Raises StateError.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            for table in BY_CATEGORY:
                # without a worker no verdict is up to date
                kept = working if table == "verdicts" else configured
                for category in list(_categories(connection, table)):
                    if category not in kept:
                        connection.execute(f"DELETE FROM {table} WHERE category = ?", (category,))
            return connection.execute(
                f"""UPDATE ledger SET state = 'cancelled', outcome = ?, updated_at = ?
                    WHERE state IN ({_marks(OPEN)}) AND category NOT IN ({_marks(working)})""",
                ("its category has no worker any more", now, *OPEN, *working),
            ).rowcount
    except sqlite3.Error as error:
        raise StateError(f"rows of removed categories in {path.name} cannot be dropped: {error}") from error


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


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))
