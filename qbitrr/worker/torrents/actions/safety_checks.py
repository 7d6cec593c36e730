"""The last word on every deletion: what speaks against it although a rule asked for it.

A torrent that became complete, and hit-and-run minimums that are not met, by what its qBittorrent says just then.
Asked before a torrent's release is blocklisted, and again right before the torrent is deleted.
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


async def pass_gate(context: ActionContext, entry: Entry) -> TorrentFacts | None:
    """The torrent as it is now, which may be deleted; None when it is gone already. Raises HeldError if it may not."""
    torrent = await context.read_for(entry)
    if torrent is None:
        return None
    if torrent.complete and not entry.notes.get("complete", False):
        raise ActionCancelledError("it became complete meanwhile")
    if entry.action in DESTRUCTIVE:
        owed = await context.seeding.final_clearance(torrent)
        if not owed.granted:
            raise ActionCancelledError(owed.because)
    return torrent


async def shares_data(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Whether another torrent of any instance has the same data, or may have: an instance that is silent counts.

    The same torrent on another instance counts too: the two may know the same data by different paths.
    """
    mine = torrent.content_path.rstrip("/")
    others: set[str] = set()
    for name, client in context.services.qbittorrents.items():
        try:
            paths = await client.content_paths()
        except ServiceError as error:
            _log.warning("files were kept", torrent=torrent.name, because=f"an instance is silent: {error}")
            return True
        if name == torrent.instance:
            paths.pop(torrent.infohash, None)
        if torrent.infohash in paths or any(_overlap(mine, path.rstrip("/")) for path in paths.values()):
            return True
        others.update(paths.values())
    return await on_disk(True, _is_one_of, mine, others - {""})


def _is_one_of(mine: str, others: set[str]) -> bool:
    """Whether another path leads to the same file or folder, as through a link or a second mount."""
    if not mine.startswith("/") or not Path(mine).exists():
        return False
    place = Path(mine).stat()
    return any(_is_same(place, Path(other)) for other in others if other.startswith("/"))


def _is_same(place: os.stat_result, other: Path) -> bool:
    try:
        return os.path.samestat(place, other.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside of the other."""
    return bool(one and other) and (one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"))
