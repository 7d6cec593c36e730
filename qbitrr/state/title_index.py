"""Index of titles, `titles_by_part`: derived from the table `titles`, and built again from it when it is damaged.

Its damage is none of the file: SQLite reports it as such (SQLITE_CORRUPT_VTAB) to whoever writes or searches a title,
but all that it holds is in a table. `PRAGMA quick_check` reports it only since SQLite 3.44.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError
from qbitrr.http import progress
from qbitrr.state.database import BUSY_SECONDS
from qbitrr.state.integrity import STEPS_AT_ONCE, is_damage

if TYPE_CHECKING:
    from pathlib import Path

_DEFINITION = "SELECT sql FROM sqlite_schema WHERE name = 'titles_by_part'"
_TABLES = "SELECT name, sql FROM sqlite_schema WHERE name GLOB 'titles_by_part_*' ORDER BY name"
_CHECK = "INSERT INTO titles_by_part (titles_by_part, rank) VALUES ('integrity-check', 1)"
_REBUILD = "INSERT INTO titles_by_part (titles_by_part) VALUES ('rebuild')"


def mend(state_file: Path) -> str | None:
    """Build the index again if it is damaged; returns the damage, None when it is sound or there is none. Blocking.

    Workers may write meanwhile: they wait for it. Raises StateError when that cannot be done; all is as before then.
    """
    if not state_file.exists():
        return None
    address = f"{state_file.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(
            sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        ) as connection:
            connection.set_progress_handler(progress.report, STEPS_AT_ONCE)
            definition = connection.execute(_DEFINITION).fetchone()
            damage = _damage(connection) if definition is not None else None
            if damage is not None:
                _build(connection, definition[0])
            return damage
    except sqlite3.Error as error:
        raise StateError(f"the index of titles cannot be checked or built: {error}") from error


def _damage(connection: sqlite3.Connection) -> str | None:
    """Compare the index with itself and with the titles."""
    try:
        connection.execute(_CHECK)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return None


def _build(connection: sqlite3.Connection, definition: str) -> None:
    """Fill the index from the titles, after its own tables were made those of an empty one.

    `rebuild` alone, and dropping the index, fail when those cannot be read at all.
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        empty.execute(definition)
        tables = {
            name: (sql, empty.execute(f"SELECT * FROM {name}").fetchall()) for name, sql in empty.execute(_TABLES)
        }
    connection.execute("BEGIN IMMEDIATE")
    try:
        for name, (sql, rows) in tables.items():
            connection.execute(sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
            connection.execute(f"DELETE FROM {name}")
            for row in rows:
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        connection.execute(_REBUILD)
        connection.execute(_CHECK)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
