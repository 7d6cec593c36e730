"""Checks made right before a deletion, on the torrent as it is then. Any of them cancels the action.

The torrent became complete; the Arr has something of it after all; hit-and-run minimums are not met. Made before a
release is blocklisted, and again before its torrent is deleted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.facts import content, torrent_files
from qbitrr.rules.shared_data import Content, OwnData, paths_of_files
from qbitrr.rules.torrents.superseded import superseded, unproven_by
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.worker.disk import on_disk
from qbitrr.worker.torrents.actions import supersession
from qbitrr.worker.torrents.actions.context import ActionCancelledError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

_LISTED_AT_MOST = 50
"""Torrents without a folder of their own whose files are asked for before one deletion."""


async def read_deletable(context: ActionContext, entry: Entry) -> TorrentFacts | None:
    """Read the torrent and check that it may be deleted; None when it is gone. Raises ActionCancelledError."""
    torrent = await context.read_for(entry)
    if torrent is None:
        return None
    if torrent.complete and not entry.notes.get("complete", False):
        raise ActionCancelledError("it became complete meanwhile")
    if entry.rule == superseded.__name__:
        found = await supersession.confirm(context, torrent)
        if (unproven := unproven_by(found, context.policy)) is not None:
            raise ActionCancelledError(f"that it is superseded is not proven any more: {unproven}")
    if entry.action in DESTRUCTIVE:
        clearance = await context.seeding.final_clearance(torrent)
        if not clearance.granted:
            raise ActionCancelledError(clearance.because)
    return torrent


async def shares_data(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Whether another torrent of any instance has, or may have, the same data: an instance without an answer counts.

    The same torrent on another instance counts too: the two may have the same data under different paths.
    """
    try:
        return await _shares_data(context, torrent)
    except GoneError as error:
        because = f"a torrent is gone: {error}"
    except ServiceError as error:
        because = f"an instance did not answer: {error}"
    _log.warning("files were kept", torrent=torrent.name, because=because)
    return True


async def _shares_data(context: ActionContext, torrent: TorrentFacts) -> bool:
    files = torrent_files(await context.client(torrent.instance).files(torrent.infohash))
    whole = Content(torrent.content_path, torrent.save_path, sum(file.size_bytes for file in files))
    own = OwnData(whole, files)
    others = [other async for other in _others(context, torrent)]
    with_folder = [other for other in others if not other.content.rootless]
    if (whole.rootless and not files) or any(other.infohash == torrent.infohash for other in others):
        return True
    if any(_may_be_same(own, other) for other in with_folder):
        return True
    rootless = [other for other in others if other.content.rootless and (other.elsewhere or _may_be_same(own, other))]
    if len(rootless) > _LISTED_AT_MOST:
        _log.warning("files were kept", torrent=torrent.name, because="too many torrents have no folder of their own")
        return True
    paths = {other.content.path for other in with_folder}
    for other in rootless:
        theirs = torrent_files(await context.client(other.instance).files(other.infohash))
        their_paths = paths_of_files(other.content, theirs)
        if any(map(own.overlaps, their_paths)) or (other.elsewhere and any(map(own.resembles_file, theirs))):
            return True
        paths.update(their_paths)
    mine = paths_of_files(whole, files)
    return await on_disk(True, _is_one_of, mine if whole.rootless else [torrent.content_path, *mine], paths)


class _Other(NamedTuple):
    """Another torrent; `elsewhere`: on another instance, which may see the same disk under another path."""

    instance: str
    infohash: str
    content: Content
    elsewhere: bool


async def _others(context: ActionContext, torrent: TorrentFacts) -> AsyncIterator[_Other]:
    for name, content_paths in context.content_paths.items():
        elsewhere = name != torrent.instance
        for infohash, row in (await content_paths()).items():
            if elsewhere or infohash != torrent.infohash:
                yield _Other(name, infohash, content(row), elsewhere)


def _may_be_same(own: OwnData, other: _Other) -> bool:
    return own.overlaps(other.content.path) or (other.elsewhere and own.resembles(other.content))


def _is_one_of(mine: list[str], others: set[str]) -> bool:
    """Whether one of the other paths leads to the same files, as by a link or a second mount.

    It may also lead to a folder around them.
    """
    known = {found for path in mine for found in _with_folders(path)}
    return bool(known) and any(_number(Path(other)) in known for other in others if other.startswith("/"))


def _with_folders(path: str) -> set[tuple[int, int]]:
    """Identify a path of this machine and the folders around it; nothing when it is not there."""
    place = Path(path)
    number = _number(place) if path.startswith("/") else None
    if number is None:
        return set()
    return {number} | {found for parent in list(place.parents)[:-1] if (found := _number(parent)) is not None}


def _number(path: Path) -> tuple[int, int] | None:
    """Device and inode of a path; None when it is not there."""
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.st_dev, stat.st_ino
