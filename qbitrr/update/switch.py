"""Switch of the version in use, and back. Blocking; no other process may use the state file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.errors import UpdateFailedError
from qbitrr.state import backup
from qbitrr.update import record
from qbitrr.update.releases import PACKAGE
from qbitrr.update.stage import MARK, requirement

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir
    from qbitrr.update.record import Record

_log = logs.get(__name__)

_STATE_COPY = "state.before-update.db"
_PIP_SECONDS = 900.0


def switch(data_dir: DataDir, staged: Record, index: str) -> Record:
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
        else:
            _pip(["--only-binary", PACKAGE, requirement(switched.new_version)], {"PIP_INDEX_URL": index})
    except (OSError, sqlite3.Error, UpdateFailedError) as error:
        raise UpdateFailedError(f"it could not be switched to: {error}") from error
    return switched


def switch_back(data_dir: DataDir, switched: Record, because: str, now: float) -> Record:
    """Use the old version again, with the state from before. Raises OSError or UpdateFailedError."""
    _log.error("update was rolled back", to=switched.old_version, because=because)
    if switched.link is not None and switched.old_prefix is not None:
        point(Path(switched.link), Path(switched.old_prefix))
    elif switched.wheels is not None:
        _pip(["--no-index", "--no-deps", "--find-links", switched.wheels, requirement(switched.old_version)], {})
    if switched.state_copy is not None:
        restore(Path(switched.state_copy), data_dir.state_file)
    return record.write(data_dir, replace(switched, phase="failed", error=because, ended_at=now))


def finish(data_dir: DataDir, switched: Record, now: float) -> Record:
    """Record that the new version got ready, and remove all versions but it and the one before."""
    done = record.write(data_dir, replace(switched, phase="done", ended_at=now, error=None))
    if done.new_prefix is not None and done.link is not None:
        kept = {Path(prefix) for prefix in (done.new_prefix, done.old_prefix) if prefix}
        for place in Path(done.new_prefix).parent.iterdir():
            if place not in kept and (place / MARK).is_file():
                shutil.rmtree(place, ignore_errors=True)
    return done


def abandon(data_dir: DataDir, staged: Record, because: str, now: float) -> Record:
    """Record that nothing was switched, and remove what was staged. Raises OSError."""
    if staged.new_prefix is not None and (Path(staged.new_prefix) / "pyvenv.cfg").exists():
        shutil.rmtree(staged.new_prefix, ignore_errors=True)
    return record.write(data_dir, replace(staged, phase="failed", error=because, ended_at=now))


def point(link: Path, target: Path) -> None:
    """Point a symbolic link elsewhere, in one step. Raises OSError."""
    draft = link.with_name(f".{link.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(target, link.parent))
    draft.replace(link)


def restore(copy: Path, state_file: Path) -> None:
    """Replace the state file by a copy of it. Raises OSError."""
    draft = state_file.with_name(f".{state_file.name}.restored")
    shutil.copyfile(copy, draft)
    draft.chmod(0o600)
    for part in ("-wal", "-shm"):
        state_file.with_name(state_file.name + part).unlink(missing_ok=True)
    draft.replace(state_file)


def _pip(arguments: list[str], environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UpdateFailedError("pip did not end") from None
    if done.returncode != 0:
        raise UpdateFailedError(f"pip failed: {(done.stderr or done.stdout)[-500:].strip()}")
