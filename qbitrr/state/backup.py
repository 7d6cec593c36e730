"""Backups of the state file, and the newest sound one in place of a damaged file.

A damaged file is renamed, never deleted. Blocking: run before the loop starts, or in a thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr import logs
from qbitrr.errors import StateError
from qbitrr.state.integrity import damage_of

if TYPE_CHECKING:
    from pathlib import Path

_log = logs.get(__name__)

FOLDER = "backups"
KEPT = 3
EVERY_SECONDS = 24 * 3600.0
_STAMP = "%Y%m%dT%H%M%SZ"
_PARTS = ("", "-wal", "-shm")


class Rescued(Struct, frozen=True):
    """A damaged file was renamed to `set_aside`. `restored` is the copy that replaced it, None without a sound one.

    `lost_since` is when that copy was made, in epoch seconds: later changes are lost.
    """

    damage: str
    set_aside: Path
    restored: Path | None
    lost_since: float | None


def back_up_when_due(state_file: Path, now: float) -> Path | None:
    """Copy the file if the newest copy is a day old; returns the new copy. Workers may write meanwhile.

    Raises StateError.
    """
    newest = next(iter(_copies(state_file)), None)
    if newest is not None and 0 <= now - newest.stat().st_mtime < EVERY_SECONDS:
        return None
    return back_up(state_file, now)


def back_up(state_file: Path, now: float) -> Path:
    """Copy the file as it is at one moment; keeps the newest three sound copies. Raises StateError."""
    folder = state_file.parent / FOLDER
    copy = folder / f"{state_file.stem}-{time.strftime(_STAMP, time.gmtime(now))}{state_file.suffix}"
    draft = copy.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.unlink(missing_ok=True)
        copy_to(state_file, draft)
        draft.chmod(0o600)
        if (damage := damage_of(draft)) is not None:
            raise StateError(f"the state file cannot be backed up: {damage}")
        draft.replace(copy)
        for old in _copies(state_file)[KEPT:]:
            old.unlink()
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"the state file cannot be backed up: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    _log.info("state file was backed up", file=str(copy), bytes=copy.stat().st_size)
    return copy


def rescue(state_file: Path, now: float) -> Rescued | None:
    """Replace a damaged file by the newest sound copy; None when the file is sound. Raises StateError.

    No process may have the file open.
    """
    try:
        damage = damage_of(state_file)
        if damage is None:
            return None
        good = next((copy for copy in _copies(state_file) if damage_of(copy) is None), None)
        aside = _set_aside(state_file, now)
        if good is not None:
            copy_to(good, state_file)
            state_file.chmod(0o600)
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"{state_file.name} cannot be checked or restored: {error}") from error
    return Rescued(damage, aside, good, good.stat().st_mtime if good else None)


def _copies(state_file: Path) -> list[Path]:
    """List all copies, newest first by their names."""
    return sorted((state_file.parent / FOLDER).glob(f"{state_file.stem}-*{state_file.suffix}"), reverse=True)


def copy_to(source: Path, target: Path) -> None:
    """Copy a file as it is at one moment, while other processes write to it. Raises sqlite3.Error."""
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as writer,
    ):
        reader.backup(writer)
        writer.execute("PRAGMA journal_mode = DELETE")  # a single file; workers switch it back


def _set_aside(state_file: Path, now: float) -> Path:
    stamp = time.strftime(_STAMP, time.gmtime(now))
    aside = state_file.with_name(f"{state_file.name}.damaged-{stamp}")
    for part in _PARTS:
        present = state_file.with_name(state_file.name + part)
        if present.exists():
            present.rename(aside.with_name(aside.name + part))
    return aside
