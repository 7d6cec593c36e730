"""`qbitrr backup` and `qbitrr restore`: backups of the state file, made, listed and restored by hand."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from qbitrr.clock import Clock
from qbitrr.data_dir import BACKUP_FOLDER
from qbitrr.errors import StateError
from qbitrr.state import backup
from qbitrr.state.database import open_for_command

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.data_dir import DataDir
    from qbitrr.state.backup import Backup


def make(data_dir: DataDir) -> str:
    """Back the state file up; the daemon may run meanwhile. Raises StateError."""
    if not data_dir.state_file.exists():
        raise StateError(f"{data_dir.state_file} does not exist: there is nothing to back up")
    made = backup.back_up(data_dir.state_file, Clock().wall())
    return f"backed up to {made}"


def listing(data_dir: DataDir) -> str:
    """List all backups, a line for each, the newest first."""
    return "\n".join(_line(one) for one in backup.backups(data_dir.state_file, Clock().wall()))


def restore(data_dir: DataDir, chosen: Path | None, *, dry_run: bool) -> str:
    """Restore a backup, the newest one when none is chosen; a dry run only says what would come of it.

    Raises StateError, DataFolderBusyError while the daemon runs.
    """
    now = Clock().wall()
    known = backup.backups(data_dir.state_file, now)
    if chosen is None and not known:
        raise StateError(f"there is no backup in {data_dir.state_file.parent / BACKUP_FOLDER}")
    path = known[0].path if chosen is None else chosen
    consequence = f"{_newer_actions(data_dir.state_file, path)}; libraries are read again from the Arrs"
    if dry_run:
        return f"{path} would be restored: {consequence}"
    with data_dir.locked():
        before = backup.restore(data_dir.state_file, path, now)
    kept = f"\nthe file before is {before}" if before else ""
    return f"restored {path}: {consequence}{kept}"


def _line(one: Backup) -> str:
    made_at = datetime.fromtimestamp(one.made_at).astimezone()
    return f"{made_at:%Y-%m-%d %H:%M:%S %z}  {one.path.stat().st_size // 1024:>8} KiB  {one.path}"


def _newer_actions(state_file: Path, path: Path) -> str:
    """How many actions of the ledger a backup does not have, as a sentence. Raises StateError for what is no backup."""
    backed_up = asyncio.run(_actions(path))
    try:
        planned = asyncio.run(_actions(state_file)) if state_file.exists() else 0
    except StateError:  # for which it is to be replaced
        return "how many actions of the ledger are newer than it is not known"
    return f"{max(0, planned - backed_up)} actions of the ledger are newer than it"


async def _actions(path: Path) -> int:
    """The number of actions ever planned in a state file."""
    async with open_for_command(path) as database:
        row = await database.row("SELECT seq FROM sqlite_sequence WHERE name = 'ledger'")
        return int(row[0]) if row else 0
