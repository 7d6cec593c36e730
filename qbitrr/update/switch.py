"""Switch of the version in use, and back. Blocking; no other process may use the state file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.atomic_file import give_to_folder_owner
from qbitrr.errors import StateError, UpdateFailedError
from qbitrr.state import backup
from qbitrr.state.carry_over import carry_over
from qbitrr.update import record
from qbitrr.update.programs import clean_environ, installing, run_blocking
from qbitrr.update.stage import remove

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir
    from qbitrr.update.record import Record

_log = logs.get(__name__)

_STATE_COPY = "state.before-update.db"
_PIP_SECONDS = 900.0


def switch(data_dir: DataDir, staged: Record) -> Record:
    """Have the next start use the new version. Raises UpdateFailedError."""
    copy = data_dir.folder / _STATE_COPY
    try:
        copy.unlink(missing_ok=True)
        if data_dir.state_file.exists():
            backup.copy_to(data_dir.state_file, copy)
        switched = replace(staged, phase="switched", state_copy=str(copy) if copy.exists() else None)
        record.write(data_dir, switched)  # before the switch: whichever version starts next has to know of it
        if switched.link is not None and switched.new_prefix is not None:
            point(Path(switched.link), Path(switched.new_prefix))
        elif switched.wheels is not None:
            command = installing(sys.executable, Path(switched.wheels))
            run_blocking("pip", command, clean_environ(), _PIP_SECONDS)
    except (OSError, sqlite3.Error, UpdateFailedError) as error:
        raise UpdateFailedError(f"it could not be switched to: {error}") from error
    return switched


def switch_back(data_dir: DataDir, switched: Record, because: str, now: float) -> Record:
    """Use the old version again, with the state from before and what was done since.

    Raises OSError or UpdateFailedError.
    """
    _log.error("update was rolled back", to=switched.old_version, because=because)
    if switched.link is not None and switched.old_prefix is not None:
        point(Path(switched.link), Path(switched.old_prefix))
    elif switched.kept is not None and switched.packages is not None:
        _put_back(Path(switched.kept), Path(switched.packages))
    if switched.state_copy is not None:
        try:
            restore(Path(switched.state_copy), data_dir.state_file, now)
        except StateError as error:
            raise UpdateFailedError(str(error)) from error
    failed = record.write(data_dir, replace(switched, phase="failed", error=because, ended_at=now))
    _remove_downloads(failed)
    return failed


def finish(data_dir: DataDir, switched: Record, now: float) -> Record:
    """Record that the new version got ready, and remove all versions but it and the one before."""
    done = record.write(data_dir, replace(switched, phase="done", ended_at=now, error=None))
    _remove_downloads(done)
    if done.new_prefix is not None:
        kept = {Path(prefix) for prefix in (done.new_prefix, done.old_prefix) if prefix and done.link is not None}
        folder = Path(done.new_prefix).parent
        with suppress(OSError):  # what is left is removed by the next update
            for place in folder.iterdir():
                if place not in kept:
                    remove(place)
    return done


def abandon(data_dir: DataDir, staged: Record, because: str, now: float) -> Record:
    """Record that nothing was switched, and remove what was staged. Raises OSError."""
    if staged.new_prefix is not None:
        _remove_quietly(Path(staged.new_prefix))
    _remove_downloads(staged)
    return record.write(data_dir, replace(staged, phase="failed", error=because, ended_at=now))


def delete_state_copy(data_dir: DataDir) -> None:
    """Delete the state from before the last update, unless the way back may need it. Raises OSError."""
    last = record.read(data_dir)
    if last is None or last.phase != "switched":
        (data_dir.folder / _STATE_COPY).unlink(missing_ok=True)


def point(link: Path, target: Path) -> None:
    """Point a symbolic link elsewhere, in one step. Raises OSError."""
    draft = link.with_name(f".{link.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(target, link.parent))
    draft.replace(link)


def restore(copy: Path, state_file: Path, now: float) -> None:
    """Replace the state file by a copy of it, with what was done and refused since; also after a kill meanwhile.

    Raises OSError or StateError.
    """
    if backup.finish_restore(state_file):
        return
    part = backup.part_of_copy(state_file)
    shutil.copyfile(copy, part)
    part.chmod(0o600)
    give_to_folder_owner(part)
    carry_over(state_file, part)
    backup.replace(state_file, part, backup.BEFORE_RESTORE, now)


def _remove_quietly(place: Path) -> None:
    with suppress(OSError):  # removed by the next update
        remove(place)


def _remove_downloads(ended: Record) -> None:
    for folder in filter(None, (ended.wheels, ended.kept)):
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(kept: Path, packages: Path) -> None:
    """Replace the packages in use by the kept copy. Raises OSError."""
    draft, aside = (packages.with_name(f".{packages.name}.{name}") for name in ("restored", "refused"))
    for left in (draft, aside):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(kept, draft, symlinks=True)
    packages.rename(aside)
    draft.rename(packages)
    shutil.rmtree(aside, ignore_errors=True)
