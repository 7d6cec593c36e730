"""Backups of what cannot be rebuilt of the state file, and the newest sound one in place of a damaged file.

Blocking: run before the loop starts, or in a thread.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr import logs
from qbitrr.atomic_file import give_to_folder_owner
from qbitrr.data_dir import BACKUP_FOLDER
from qbitrr.errors import StateError
from qbitrr.http import progress
from qbitrr.rules import thinning
from qbitrr.state.integrity import STEPS_AT_ONCE, damage_of
from qbitrr.state.schema import REBUILT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logs.get(__name__)

EVERY_SECONDS = 3600.0
LARGEST_BYTES = 1 << 30
"""Of all backups together, beyond the newest three."""
KEPT_ASIDE = 3
"""Damaged files that are kept, and those from before a restore; the oldest are deleted."""
BEFORE_RESTORE = "before-restore"
"""Kind of the files that a copy replaced as it was asked for, not for their damage."""
_STAMP = "%Y%m%dT%H%M%SZ"
_PARTS = ("", "-wal", "-shm", "-journal")


class Backup(Struct, frozen=True):
    """One backup and when it was made, in epoch seconds."""

    path: Path
    made_at: float


class Rescued(Struct, frozen=True):
    """A damaged file was renamed to `set_aside`. `restored` is the backup that replaced it, None without a sound one.

    `lost_since` is when that backup was made, in epoch seconds: later changes are lost.
    """

    damage: str
    set_aside: Path
    restored: Path | None
    lost_since: float | None


def backups(state_file: Path, now: float) -> list[Backup]:
    """List all backups, the newest first; behind them those of a clock that was ahead."""
    found = []
    for path in (state_file.parent / BACKUP_FOLDER).glob(f"{state_file.stem}-*{state_file.suffix}"):
        with contextlib.suppress(ValueError):  # not a name of ours
            stamp = path.stem.removeprefix(f"{state_file.stem}-")
            found.append(Backup(path, _time_of(stamp)))
    return sorted(found, key=lambda one: (one.made_at <= now, one.made_at), reverse=True)


def back_up_when_due(state_file: Path, now: float) -> Path | None:
    """Back the file up if the newest backup is an hour old; returns the new one. Workers may write meanwhile.

    Raises StateError.
    """
    if any(0 <= now - one.made_at < EVERY_SECONDS for one in backups(state_file, now)):
        return None
    return back_up(state_file, now)


def back_up(state_file: Path, now: float) -> Path:
    """Back the file up as it is at one moment, and thin older backups out by their age. Raises StateError."""
    folder = state_file.parent / BACKUP_FOLDER
    backup = folder / f"{state_file.stem}-{time.strftime(_STAMP, time.gmtime(now))}{state_file.suffix}"
    draft = backup.with_suffix(".part")
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            give_to_folder_owner(folder)
        draft.unlink(missing_ok=True)
        if (damage := damage_of(state_file)) is not None:
            raise StateError(f"the state file cannot be backed up: {damage}")
        _copy_without_rebuilt(state_file, draft)
        give_to_folder_owner(draft)
        if (damage := damage_of(draft)) is not None:
            raise StateError(f"the state file cannot be backed up: {damage}")
        size_bytes = draft.stat().st_size
        draft.replace(backup)
        _thin_out(state_file, now)
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"the state file cannot be backed up: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    _log.info("state file was backed up", file=str(backup), bytes=size_bytes)
    return backup


def _thin_out(state_file: Path, now: float) -> None:
    present = backups(state_file, now)
    stay = thinning.kept([one.made_at for one in present], now)
    size_bytes = 0
    for position, one in enumerate(present):
        size_bytes += one.path.stat().st_size
        if one.made_at not in stay or (position >= thinning.ALWAYS_KEPT and size_bytes > LARGEST_BYTES):
            one.path.unlink()


def rescue(state_file: Path, now: float) -> Rescued | None:
    """Replace a damaged file by the newest sound backup; None when the file is sound. Raises StateError.

    No process may have the file open.
    """
    try:
        damage = damage_of(state_file)
        if damage is None:
            return None
        good = next((one for one in backups(state_file, now) if damage_of(one.path) is None), None)
        copy = None if good is None else _copied(good.path, state_file)
        aside = replace(state_file, copy, "damaged", now)
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"{state_file.name} cannot be checked or restored: {error}") from error
    return Rescued(damage, aside, good.path if good else None, good.made_at if good else None)


def restore(state_file: Path, backup: Path, now: float) -> Path | None:
    """Replace the file by a backup; returns the place of the file before, None when there was none.

    No process may have the file open. Raises StateError, also for a backup that is damaged or not one; the file is then
    as it was.
    """
    try:
        finish_restore(state_file)
        damage = damage_of(backup) if backup.is_file() else "it is no file"
        if damage is not None:
            raise StateError(f"{backup} cannot be restored: {damage}")
        existed = state_file.exists()
        before = replace(state_file, _copied(backup, state_file), BEFORE_RESTORE, now)
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"{backup} cannot be restored: {error}") from error
    return before if existed else None


def replace(state_file: Path, copy: Path | None, kind: str, now: float) -> Path:
    """Set the file aside, of which the newest three of a kind stay, and rename a whole copy beside it to it.

    A kill at any moment leaves both files to `finish_restore`. No process may have one open. Returns the place of the
    file before. Raises OSError.
    """
    draft = None if copy is None else copy.replace(_draft(state_file))
    aside = _free_place(state_file, kind, now)
    _move(state_file, aside)
    if draft is not None:
        draft.replace(state_file)
    _keep_newest(state_file, kind, aside)
    return aside


def finish_restore(state_file: Path) -> bool:
    """Finish what a kill interrupted between the file before and the copy that replaces it; whether there was that.

    No process may have the file open. Raises StateError.
    """
    draft = _draft(state_file)
    try:
        if state_file.exists():  # it was not moved yet
            draft.unlink(missing_ok=True)
            return False
        if not draft.exists():
            return False
        moved = max(_aside(state_file, "*"), key=_set_aside_at, default=None)
        if moved is not None:
            _move(state_file, moved)  # its log, which belongs to no other file
        draft.replace(state_file)
    except OSError as error:
        raise StateError(f"{state_file.name} cannot be replaced by its restored copy: {error}") from error
    return True


def part_of_copy(state_file: Path) -> Path:
    """Place beside the state file for a copy that is not whole yet; what was left there is deleted. Raises OSError."""
    draft = _draft(state_file)
    for left in draft.parent.glob(f"{draft.name}*"):  # also a journal, which is of no other copy
        left.unlink(missing_ok=True)
    return draft.with_name(f"{draft.name}.part")


def _copied(backup: Path, state_file: Path) -> Path:
    """Copy a backup beside the state file, which stays until the copy is whole: a full disk loses nothing."""
    part = part_of_copy(state_file)
    try:
        copy_to(backup, part)
    except (sqlite3.Error, OSError):
        part.unlink(missing_ok=True)
        raise
    return part


def _draft(state_file: Path) -> Path:
    """Place of a whole copy that is about to replace the state file."""
    return state_file.with_name(f".{state_file.name}.restored")


def _copy_without_rebuilt(source: Path, target: Path) -> None:
    """Copy the schema of a file, and all rows but those that are rebuilt, as they are at one moment."""
    target.touch(0o600)
    with contextlib.closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=rwc", uri=True)) as connection:
        connection.isolation_level = None
        connection.set_progress_handler(progress.report, STEPS_AT_ONCE)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("ATTACH ? AS state", (f"{source.absolute().as_uri()}?mode=ro",))
        connection.execute("BEGIN")
        (version,) = connection.execute("PRAGMA state.user_version").fetchone()
        schema = connection.execute("SELECT type, name, sql FROM state.sqlite_schema WHERE sql IS NOT NULL").fetchall()
        virtual = tuple(f"{name}_" for _, name, sql in schema if sql.startswith("CREATE VIRTUAL"))
        tables = [(name, sql) for kind, name, sql in schema if kind == "table" and not name.startswith("sqlite_")]
        for name, sql in tables:
            if name.startswith(virtual):  # made with the virtual table that it belongs to
                continue
            connection.execute(sql)
            if name not in REBUILT:
                connection.execute(f'INSERT INTO main."{name}" SELECT * FROM state."{name}"')
        for kind, _, sql in schema:
            if kind != "table":
                connection.execute(sql)
        connection.execute("DELETE FROM main.sqlite_sequence")
        connection.execute("INSERT INTO main.sqlite_sequence SELECT * FROM state.sqlite_sequence")
        connection.execute(f"PRAGMA main.user_version = {int(version)}")
        connection.execute("COMMIT")


def copy_to(source: Path, target: Path) -> None:
    """Copy a file as it is at one moment, while other processes write to it. Raises sqlite3.Error, OSError."""
    target.touch(0o600)
    give_to_folder_owner(target)
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as writer,
    ):
        reader.backup(writer)
        writer.execute("PRAGMA journal_mode = DELETE")  # a single file; workers switch it back


def _free_place(state_file: Path, kind: str, now: float) -> Path:
    """Choose the name of a file that is set aside now, behind all others: `finish_restore` finds the newest by it.

    Others may be of the same second, or of a clock that was ahead.
    """
    newest = max(map(_set_aside_at, _aside(state_file, "*")), default=-math.inf)
    stamp = time.strftime(_STAMP, time.gmtime(max(now, newest + 1)))
    return state_file.with_name(f"{state_file.name}.{kind}-{stamp}")


def _set_aside_at(path: Path) -> float:
    """When a file was set aside, by its name (epoch seconds)."""
    try:
        return _time_of(path.name.rpartition("-")[2])
    except ValueError:  # not a name of ours
        return -math.inf


def _time_of(stamp: str) -> float:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()


def _keep_newest(state_file: Path, kind: str, newest: Path) -> None:
    """Delete all but three of the files that were set aside. `newest` stays whatever its name: clocks may be wrong."""
    aside = [path for path in _aside(state_file, kind) if path != newest]
    for old in sorted(aside, key=lambda path: path.name, reverse=True)[KEPT_ASIDE - 1 :]:
        for part in _PARTS:
            old.with_name(old.name + part).unlink(missing_ok=True)


def _aside(state_file: Path, kind: str) -> Iterator[Path]:
    """Find files that were set aside as `damaged` or `before-restore`; `*` for both."""
    return state_file.parent.glob(f"{state_file.name}.{kind}-*Z")


def _move(state_file: Path, target: Path) -> None:
    """Rename a file with its log."""
    for part in _PARTS:
        present = state_file.with_name(state_file.name + part)
        if present.exists():
            present.rename(target.with_name(target.name + part))
