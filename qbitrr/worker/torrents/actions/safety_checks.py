"""Checks made right before a deletion, on the torrent as it is then. Any of them cancels the action.

The torrent became complete; hit-and-run minimums are not met. Made before a release is blocklisted, and again before
its torrent is deleted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import ServiceError
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.worker.disk import on_disk
from qbitrr.worker.torrents.actions.context import ActionCancelledError

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)


async def read_deletable(context: ActionContext, entry: Entry) -> TorrentFacts | None:
    """Read the torrent and check that it may be deleted; None when it is gone. Raises ActionCancelledError."""
    torrent = await context.read_for(entry)
    if torrent is None:
        return None
    if torrent.complete and not entry.notes.get("complete", False):
        raise ActionCancelledError("it became complete meanwhile")
    if entry.action in DESTRUCTIVE:
        clearance = await context.seeding.final_clearance(torrent)
        if not clearance.granted:
            raise ActionCancelledError(clearance.because)
    return torrent


async def shares_data(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Whether another torrent of any instance has, or may have, the same data: an instance without an answer counts.

    The same torrent on another instance counts too: the two may have the same data under different paths.
    """
    mine = torrent.content_path.rstrip("/")
    others: set[str] = set()
    for name, client in context.services.qbittorrents.items():
        try:
            paths = await client.content_paths()
        except ServiceError as error:
            _log.warning("files were kept", torrent=torrent.name, because=f"an instance did not answer: {error}")
            return True
        if name == torrent.instance:
            paths.pop(torrent.infohash, None)
        if torrent.infohash in paths or any(_overlap(mine, path.rstrip("/")) for path in paths.values()):
            return True
        others.update(paths.values())
    return await on_disk(True, _is_one_of, mine, others - {""})


def _is_one_of(mine: str, others: set[str]) -> bool:
    """Whether one of the other paths leads to the same file or folder, as by a link or a second mount."""
    if not mine.startswith("/") or not Path(mine).exists():
        return False
    stat = Path(mine).stat()
    return any(_is_same(stat, Path(other)) for other in others if other.startswith("/"))


def _is_same(stat: os.stat_result, other: Path) -> bool:
    try:
        return os.path.samestat(stat, other.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside of the other."""
    return bool(one and other) and (one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"))
