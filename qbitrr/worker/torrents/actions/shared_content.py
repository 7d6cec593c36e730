"""Whether another torrent has the same data, by what every qBittorrent lists of its torrents and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.qbittorrent.facts import content, torrent_files
from qbitrr.rules.shared_data import Content, OwnData, paths_of_files
from qbitrr.worker.disk import on_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbitrr.qbittorrent.models import ContentPath
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.torrents.actions.context import ActionContext

    Listing = Mapping[str, Mapping[str, ContentPath]]

_log = logs.get(__name__)

_LISTED_AT_MOST = 50
"""Torrents without a folder of their own whose files are asked for before one deletion."""


async def shares_data(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Whether another torrent of any instance has, or may have, the same data.

    The same torrent on another instance counts too: the two may have the same data under different paths. Raises a
    ServiceError when an instance does not answer, or a torrent is gone meanwhile: nothing is known then.
    """
    return await is_shared(context, torrent, await list_all(context))


async def list_all(context: ActionContext) -> Listing:
    """List the data of all torrents of all instances. Raises a ServiceError."""
    return {name: await content_paths() for name, content_paths in context.content_paths.items()}


async def is_shared(context: ActionContext, torrent: TorrentFacts, listing: Listing) -> bool:
    """Whether another torrent of a listing has, or may have, the same data. Raises a ServiceError."""
    files = torrent_files(await context.client(torrent.instance).files(torrent.infohash))
    whole = Content(torrent.content_path, torrent.save_path, sum(file.size_bytes for file in files))
    own = OwnData(whole, files)
    others = list(_others(torrent, listing))
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


def _others(torrent: TorrentFacts, listing: Listing) -> Iterator[_Other]:
    for name, rows in listing.items():
        elsewhere = name != torrent.instance
        for infohash, row in rows.items():
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
