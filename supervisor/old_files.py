"""Old files of the data folder: what is deleted with age, and what an interrupted write left. Blocking."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.config import history
from qbitrr.update import trial

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from qbitrr.data_dir import DataDir

_log = logs.get(__name__)

_DAY_SECONDS = 86400.0
FORMER_CATEGORY_SECONDS = 90 * _DAY_SECONDS
"""For which logs and evidence of a category that is not configured any more stay."""
VERSION_SECONDS = 30 * _DAY_SECONDS
"""For which earlier versions of the configuration stay."""
SECRETS_SECONDS = _DAY_SECONDS
"""For which earlier versions keep their secrets, so that a change can be taken back whole."""
REMOVED_TORRENT_SECONDS = 30 * _DAY_SECONDS
"""For which the .torrent files of removed torrents stay after their quarantine, at whose begin they are written."""
REMOVED_TORRENTS_KEPT = 100
"""Of the newest files of removed torrents, two for each: a clock that is years ahead must not end every undo."""
_TEMPORARY = ".*.????????"  # of qbitrr.atomic_file
_DRAFTS = ("state.db.migrating*", ".state.db.restored.part*", "backups/*.part*")


def delete_old(data_dir: DataDir, categories: Collection[str], now: float, quarantine_seconds: float = 0.0) -> int:
    """Delete old versions of the configuration, old files of removed torrents and of categories not among those given.

    Returns how many files were deleted. Raises OSError.
    """
    before = now - FORMER_CATEGORY_SECONDS
    old = [path for path in _of_former_categories(data_dir, categories) if path.stat().st_mtime < before]
    old += _of_removed_torrents(data_dir.quarantine_folder, now - REMOVED_TORRENT_SECONDS - quarantine_seconds)
    for path in old:
        path.unlink(missing_ok=True)
    for folder in data_dir.evidence_folder.glob("*/"):
        if not any(folder.iterdir()):
            folder.rmdir()
    deleted = len(old) + history.drop_old(data_dir.config_history, now - VERSION_SECONDS)
    if dropped := history.drop_secrets(data_dir.config_history, now - SECRETS_SECONDS):
        _log.warning("versions of the configuration were deleted: their secrets could not be removed", versions=dropped)
    if deleted:
        _log.info("old files were deleted", number=deleted)
    return deleted


def _of_former_categories(data_dir: DataDir, categories: Collection[str]) -> Iterator[Path]:
    present = {logs.file_name(category) for category in categories} | {logs.MAIN_FILE, logs.WEB_FILE}
    for path in data_dir.evidence_folder.glob("*/*.json"):
        if f"{path.parent.name}.log" not in present:
            yield path
    for path in data_dir.log_folder.glob("*.log*"):
        if f"{path.name.rpartition('.log')[0]}.log" not in present:
            yield path


def _of_removed_torrents(folder: Path, before: float) -> list[Path]:
    files = {path: path.stat().st_mtime for pattern in ("*.torrent", "*.json") for path in folder.glob(pattern)}
    newest_first = sorted(files, key=files.__getitem__, reverse=True)
    return [path for path in newest_first[REMOVED_TORRENTS_KEPT:] if files[path] < before]


def delete_unfinished(data_dir: DataDir) -> None:
    """Delete what interrupted writes, backups, migrations and trials left; no other process may use the folder."""
    shutil.rmtree(data_dir.folder / trial.FOLDER, ignore_errors=True)
    folders = (data_dir.config_history, data_dir.quarantine_folder, *data_dir.evidence_folder.glob("*/"))
    ours = (
        data_dir.config_file,
        data_dir.update_record,
        data_dir.sessions_file,
        data_dir.answer_links_file,
        data_dir.notifications_file,
    )
    unfinished = [
        *(path for folder in folders for path in folder.glob(_TEMPORARY)),
        *(path for file in ours for path in data_dir.folder.glob(f".{file.name}.????????")),
        *(path for pattern in _DRAFTS for path in data_dir.folder.glob(pattern)),
    ]
    for path in unfinished:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:  # the next start tries again
            _log.warning("unfinished file was not deleted", path=str(path), error=str(error))
