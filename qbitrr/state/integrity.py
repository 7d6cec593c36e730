"""Tells a corrupt state file from a passing error (lock, full disk, read-only mount)."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.http import progress

if TYPE_CHECKING:
    from pathlib import Path

STEPS_AT_ONCE = 100_000
"""Of SQLite's virtual machine, between two reports of progress by what takes minutes on a slow disk."""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY = 0xFF  # extended result codes have the primary one in their lowest byte


def is_damage(error: BaseException | None) -> bool:
    """Whether an error, or one of its causes, is SQLite's for a corrupt file."""
    if error is None:
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.DatabaseError) and code is not None:
        return code & _PRIMARY in _DAMAGE
    return is_damage(error.__cause__)


def damage_of(path: Path) -> str | None:
    """Return the damage of a state file, None when it is sound or missing. Blocking: reads the whole file.

    The journal of a process that was killed is rolled back first, which a connection that only reads cannot. Raises
    sqlite3.Error when the file could not be read.
    """
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.set_progress_handler(progress.report, STEPS_AT_ONCE)
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return None if found == "ok" else found
