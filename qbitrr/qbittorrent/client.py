"""Calls to one qBittorrent. Every method raises a ServiceError when it fails."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from qbitrr import logs
from qbitrr.errors import GoneError, RefusedError, UnexpectedAnswerError
from qbitrr.qbittorrent.compat import (
    OLDEST_API,
    ApiVersion,
    parse_api_version,
    start_after_recheck,
    start_path,
    state_name,
    stop_path,
)
from qbitrr.qbittorrent.models import (
    Category,
    ContentPath,
    DataRow,
    File,
    FolderPreferences,
    MainData,
    Preferences,
    Torrent,
    TorrentRow,
    Tracker,
    read_maindata,
    read_rows,
)
from qbitrr.qbittorrent.restore import TorrentSettings
from qbitrr.qbittorrent.session import Session
from qbitrr.rules.states import ERROR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qbitrr.http.client import Timeouts
    from qbitrr.qbittorrent.session import Access, LoginGuard

_log = logs.get(__name__)
T = TypeVar("T")

_ASKED_AT_ONCE = 100
"""Torrents in one request: a proxy accepts an address of 8 KiB."""
_all_rows = msgspec.json.Decoder(list[TorrentRow])
_VERSION = re.compile(r"v\d[\w.+-]{0,40}")


class QbittorrentClient:
    """One qBittorrent; `instance` is its section name in the configuration."""

    def __init__(self, access: Access, guard: LoginGuard, timeouts: Timeouts | None = None) -> None:
        self.instance = access.service
        self._session = Session(access, guard, timeouts)
        self._api: ApiVersion | None = None
        self._unreadable: frozenset[str] = frozenset()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def version(self) -> str:
        """Ask for its version, such as `v5.1.0`; UnexpectedAnswerError when something else answers."""
        version = (await self._session.get("app/version")).decode(errors="replace").strip()
        if not _VERSION.fullmatch(version):
            raise UnexpectedAnswerError(self.instance, "GET app/version: this is no qBittorrent; correct the address")
        return version

    @property
    def logins(self) -> int:
        """Number of successful logins."""
        return self._session.logins

    async def maindata(self, rid: int) -> MainData:
        """Ask what changed since answer `rid`; everything for 0."""
        body = await self._session.get("sync/maindata", {"rid": rid})
        data = self._read(read_maindata, body, "sync/maindata")
        if data.unreadable - self._unreadable:
            _log.warning("torrents were unreadable", instance=self.instance, infohashes=sorted(data.unreadable)[:10])
        self._unreadable = data.unreadable
        return data

    async def torrents(self, infohashes: Iterable[str]) -> dict[str, Torrent]:
        """Ask for these torrents as they are now, by infohash, without those that do not exist."""
        return await self._rows(infohashes, _all_rows.decode)

    async def lists_any(self) -> bool:
        """Ask whether it lists a torrent at all, which one that has just started may not do yet."""
        body = await self._session.get("torrents/info", {"limit": 1})
        return bool(self._session.http.decode(body, list[msgspec.Raw], "torrents/info"))

    async def readable_torrents(self, infohashes: Iterable[str]) -> dict[str, Torrent]:
        """Ask for these torrents as they are now, without those whose rows are unreadable.

        To show them only: that a torrent is missing here proves nothing.
        """
        return await self._rows(infohashes, read_rows)

    async def _rows(self, infohashes: Iterable[str], read: Callable[[bytes], list[TorrentRow]]) -> dict[str, Torrent]:
        """Ask for some torrents, not too many at a time. None of them is no request, which would be one for all."""
        found: dict[str, Torrent] = {}
        left = iter(infohashes)
        while some := list(islice(left, _ASKED_AT_ONCE)):
            body = await self._session.get("torrents/info", {"hashes": "|".join(some)})
            rows = self._read(read, body, "torrents/info")
            found |= {row.hash: msgspec.structs.replace(row, state=state_name(row.state)) for row in rows}
        return found

    def _read(self, read: Callable[[bytes], T], body: bytes, what: str) -> T:
        try:
            return read(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedAnswerError(self.instance, f"{what}: {error}") from error

    async def content_paths(self) -> dict[str, ContentPath]:
        """Ask for the data of all torrents, by infohash."""
        body = await self._session.get("torrents/info")
        return {row.hash: row for row in self._session.http.decode(body, list[ContentPath], "torrents/info")}

    async def data_rows(self) -> list[DataRow]:
        """Ask where the data of all torrents lies. One row that is not understood makes the answer useless."""
        body = await self._session.get("torrents/info")
        return self._session.http.decode(body, list[DataRow], "torrents/info")

    async def folders(self) -> FolderPreferences:
        """Ask for the folders that are set."""
        body = await self._session.get("app/preferences")
        return self._session.http.decode(body, FolderPreferences, "app/preferences")

    async def categories(self) -> dict[str, str]:
        """Ask for all categories with their folders, which are empty for those that have none of their own."""
        body = await self._session.get("torrents/categories")
        found = self._session.http.decode(body, dict[str, Category], "torrents/categories")
        return {name: category.save_path for name, category in found.items()}

    async def category_folders(self) -> list[str]:
        """Ask for the folders of all categories that have one of their own."""
        body = await self._session.get("torrents/categories")
        categories = self._session.http.decode(body, dict[str, Category], "torrents/categories")
        return [category.save_path for category in categories.values() if category.save_path]

    async def preallocates(self) -> bool:
        """Ask whether a torrent takes all of its space on the disk when it starts."""
        body = await self._session.get("app/preferences")
        return self._session.http.decode(body, Preferences, "app/preferences").preallocate_all

    async def delete(self, infohashes: Iterable[str], *, with_files: bool) -> None:
        """Ask for deletion, which is carried out later: check with `torrents` whether it was."""
        await self._change("torrents/delete", infohashes, deleteFiles="true" if with_files else "false")

    async def files(self, infohash: str) -> list[File]:
        """Ask for the files of one torrent; none while it has no metadata. GoneError when it does not exist."""
        body = await self._session.get("torrents/files", {"hash": infohash})
        return self._session.http.decode(body, list[File], "torrents/files")

    async def skip_files(self, infohash: str, indices: Iterable[int]) -> None:
        """Deselect files of a torrent."""
        joined = "|".join(map(str, indices))
        await self._session.post("torrents/filePrio", {"hash": infohash, "id": joined, "priority": "0"})

    async def recheck(self, infohash: str) -> None:
        """Have all data of a torrent checked again.

        One that is in error is not checked until it is started, nor is one of 4.x that had missing files. That is done
        unless it is stopped.
        """
        needs_start = await self._needs_start(infohash)
        await self._change("torrents/recheck", [infohash])
        if needs_start:
            await self.start([infohash])

    async def _needs_start(self, infohash: str) -> bool:
        """Whether a torrent that is not stopped has to be started for its recheck."""
        body = await self._session.get("torrents/info", {"filter": "resumed", "hashes": infohash})
        rows = self._session.http.decode(body, list[TorrentRow], "torrents/info")
        return any(row.state == ERROR for row in rows) or (
            bool(rows) and start_after_recheck(await self._api_version())
        )

    async def set_category(self, infohashes: Iterable[str], category: str) -> None:
        """Put torrents into a category that exists; RefusedError when it does not."""
        await self._change("torrents/setCategory", infohashes, category=category)

    async def export(self, infohash: str) -> bytes | None:
        """Export the .torrent file; None before version 4.5, and while there is no metadata."""
        try:
            return await self._session.get("torrents/export", {"hash": infohash})
        except (GoneError, RefusedError):
            return None

    async def add(self, torrent_file: bytes, fields: Mapping[str, str]) -> None:
        """Add a torrent by its file; see `qbitrr.qbittorrent.restore` for the fields."""
        await self._session.post("torrents/add", {**fields, "torrents": torrent_file})

    async def settings(self, infohash: str) -> TorrentSettings | None:
        """Ask for what was set on a torrent; None when it does not exist."""
        body = await self._session.get("torrents/info", {"hashes": infohash})
        rows = self._session.http.decode(body, list[TorrentSettings], "torrents/info")
        return rows[0] if rows else None

    async def set_file_priority(self, infohash: str, indices: Iterable[int], priority: int) -> None:
        """Set the priority of files: 0 for those that are not downloaded, 1 for ordinary, then 6 and 7."""
        joined = "|".join(map(str, indices))
        await self._session.post("torrents/filePrio", {"hash": infohash, "id": joined, "priority": str(priority)})

    async def rename_file(self, infohash: str, old: str, new: str) -> None:
        """Rename a file, given by paths below the save path of the torrent."""
        await self._session.post("torrents/renameFile", {"hash": infohash, "oldPath": old, "newPath": new})

    async def force_start(self, infohash: str) -> None:
        """Start a torrent past the queue."""
        await self._change("torrents/setForceStart", [infohash], value="true")

    async def remove_tags(self, infohashes: Iterable[str], *tags: str) -> None:
        """Remove tags."""
        await self._change("torrents/removeTags", infohashes, tags=",".join(tags))

    async def add_tags(self, infohashes: Iterable[str], *tags: str) -> None:
        """Add tags, which are created when they do not exist."""
        await self._change("torrents/addTags", infohashes, tags=",".join(tags))

    async def stop(self, infohashes: Iterable[str]) -> None:
        """Stop (4.x: pause)."""
        await self._change(stop_path(await self._api_version()), infohashes)

    async def start(self, infohashes: Iterable[str]) -> None:
        """Start (4.x: resume)."""
        await self._change(start_path(await self._api_version()), infohashes)

    async def trackers(self, infohash: str) -> list[Tracker]:
        """Ask for the trackers of one torrent with their last messages. GoneError when it does not exist."""
        body = await self._session.get("torrents/trackers", {"hash": infohash})
        return self._session.http.decode(body, list[Tracker], "torrents/trackers")

    async def add_trackers(self, infohash: str, urls: Iterable[str]) -> None:
        """Add announce URLs to one torrent; those that it has already are ignored."""
        await self._session.post("torrents/addTrackers", {"hash": infohash, "urls": "\n".join(urls)})

    async def remove_trackers(self, infohash: str, urls: Iterable[str]) -> None:
        """Remove announce URLs from one torrent."""
        await self._session.post("torrents/removeTrackers", {"hash": infohash, "urls": "|".join(urls)})

    async def set_download_limit(self, infohashes: Iterable[str], bytes_per_second: int) -> None:
        """Set the limit of each of these torrents; 0 for none."""
        await self._change("torrents/setDownloadLimit", infohashes, limit=str(bytes_per_second))

    async def set_upload_limit(self, infohashes: Iterable[str], bytes_per_second: int) -> None:
        """Set the limit of each of these torrents; 0 for none."""
        await self._change("torrents/setUploadLimit", infohashes, limit=str(bytes_per_second))

    async def super_seed(self, infohashes: Iterable[str]) -> None:
        """Switch super seeding on."""
        await self._change("torrents/setSuperSeeding", infohashes, value="true")

    async def to_the_top(self, infohashes: Iterable[str]) -> None:
        """Move torrents to the top of the queue, in the order that they have. RefusedError when there is no queue."""
        await self._change("torrents/topPrio", infohashes)

    async def check_version(self) -> None:
        """Ask which calls it has from now on; UnexpectedAnswerError when it is too old, or no qBittorrent."""
        self._api = await self._read_api_version()

    async def _api_version(self) -> ApiVersion:
        if self._api is None:
            self._api = await self._read_api_version()
        return self._api

    async def _read_api_version(self) -> ApiVersion:
        body = await self._session.get("app/webapiVersion")
        try:
            api = parse_api_version(body.decode(errors="replace"))
        except ValueError as error:
            text = f"app/webapiVersion: {error}; check that the address is that of a qBittorrent"
            raise UnexpectedAnswerError(self.instance, text) from error
        if api < OLDEST_API:
            text = f"Web API {body.decode()} is too old; qBittorrent 4.3.9 or later is needed"
            raise UnexpectedAnswerError(self.instance, text)
        return api

    async def _change(self, path: str, infohashes: Iterable[str], **fields: str) -> None:
        try:
            await self._session.post(path, {"hashes": "|".join(infohashes), **fields})
        except GoneError as error:
            text = f"{path} does not exist; check that the address is that of a qBittorrent"
            raise UnexpectedAnswerError(self.instance, text) from error
