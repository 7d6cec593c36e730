"""Schema versions: brings the state file to the present schema before it is used.

Migrations are numbered SQL files; `PRAGMA user_version` is the number of the last one that ran. They run on a copy,
which replaces the file only after it was checked. Blocking: run by the parent before its loop starts.
"""

from __future__ import annotations

import contextlib
import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

from qbitrr.atomic_file import give_to_folder_owner
from qbitrr.errors import StateError, StateTooNewError
from qbitrr.http import progress
from qbitrr.state.database import BUSY_SECONDS
from qbitrr.state.integrity import STEPS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


_VACUUM = "PRAGMA auto_vacuum = INCREMENTAL"
"""Lets pages that became free be returned to the file system, some at a time."""
_PAGES_AT_ONCE = 10_000  # of a backup, between two reports of progress


def migrations() -> list[str]:
    """Read the scripts in order; the first brings an empty file to version 1."""
    folder = files("qbitrr.state") / "migrations"
    return [
        entry.read_text() for entry in sorted(folder.iterdir(), key=lambda e: e.name) if entry.name.endswith(".sql")
    ]


def is_due(path: Path, scripts: Sequence[str] | None = None) -> bool:
    """Whether there is a file with an older schema. Raises StateError."""
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return 0 < _version(connection) < len(migrations() if scripts is None else scripts)
    except sqlite3.Error as error:
        raise StateError(f"{path.name} cannot be read: {error}") from error


def prepare(path: Path, scripts: Sequence[str] | None = None) -> int:
    """Create or migrate the state file; returns the version it had before.

    Raises StateTooNewError for a file of a newer qbitrr, StateError when it cannot be read or migrated; the file
    is then as it was.
    """
    scripts = migrations() if scripts is None else scripts
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            before = _version(connection)
            if before == len(scripts):
                return before
            if before > len(scripts):
                text = f"{path.name} has schema {before}, this qbitrr knows {len(scripts)}: install the newer version"
                raise StateTooNewError(text)
            if before == 0:
                connection.execute(_VACUUM)
                _apply(connection, scripts, 0)
            else:
                _replace_by_migrated_copy(connection, path, scripts, before)
    except sqlite3.Error as error:
        raise StateError(f"{path.name} cannot be migrated to the present schema: {error}") from error
    path.chmod(0o600)
    give_to_folder_owner(path)
    return before


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _apply(connection: sqlite3.Connection, scripts: Sequence[str], before: int) -> None:
    """Run the migrations after `before` in one transaction, as each one waits for the disk several times."""
    text = "\n".join(scripts[before:])
    connection.executescript(f"BEGIN;\n{text}\nPRAGMA user_version = {len(scripts)};\nCOMMIT;")


def _replace_by_migrated_copy(connection: sqlite3.Connection, path: Path, scripts: Sequence[str], before: int) -> None:
    copy_path = path.with_name(path.name + ".migrating")
    copy_path.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(copy_path, isolation_level=None)) as copy:
            connection.backup(copy, pages=_PAGES_AT_ONCE, progress=_report)
            copy.set_progress_handler(progress.report, STEPS_AT_ONCE)
            _apply(copy, scripts, before)
            copy.execute(_VACUUM)
            copy.execute("VACUUM")  # counts from then on
            _check(copy)
    except BaseException:
        copy_path.unlink(missing_ok=True)
        raise
    _, logged, written = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    if written < logged:  # what is in the log only would be lost by a kill before the copy is in place
        copy_path.unlink()
        raise StateError(f"another program reads {path.name}: close it, the schema is to be migrated")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    copy_path.replace(path)


def _report(*_pages: int) -> None:
    progress.report()


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise StateError(f"the migrated copy is not sound: {found}")
