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
_OF_AN_INDEX = "inverted index for FTS5 table"  # what quick_check reports last, and only since SQLite 3.44
_WITHIN_AN_INDEX = sqlite3.SQLITE_CONSTRAINT  # a constraint of the schema has an extended code
_UNREADABLE_INDEX = "run 'rebuild'"


def is_damage(error: BaseException | None) -> bool:
    """Whether an error, or one of its causes, is SQLite's for a corrupt file, or for a corrupt index of full text."""
    if error is None:
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.DatabaseError) and code is not None:
        return code & _PRIMARY in _DAMAGE or code == _WITHIN_AN_INDEX or str(error).endswith(_UNREADABLE_INDEX)
    return is_damage(error.__cause__)


def damage_of(path: Path) -> str | None:
    """Return the damage of a state file, None when it is sound or missing. Blocking: reads the whole file.

    That of an index of full text is left to `qbitrr.state.title_index`: no backup has anything that would mend it.
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
    return None if found == "ok" or _OF_AN_INDEX in found else found
