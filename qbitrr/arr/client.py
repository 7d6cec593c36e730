"""Calls that Radarr, Sonarr and Lidarr have in common. Every method raises a ServiceError when it fails."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from qbitrr.arr.models import (
    Album,
    BlocklistPage,
    BlocklistRecord,
    Command,
    DownloadClient,
    DownloadSettings,
    HealthCheck,
    HistoryPage,
    HistoryRecord,
    Indexer,
    ManualImportFile,
    QualityProfile,
    QueuePage,
    QueueRecord,
    RemotePathMapping,
    RootFolder,
    SystemStatus,
    Tag,
    WithId,
    WithProfile,
)
from qbitrr.errors import (
    CredentialsRejectedError,
    GoneError,
    ReadOnlyError,
    RefusedError,
    ServiceError,
    ThrottledError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.http.api_key import ApiKey
from qbitrr.http.client import HttpClient, Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from qbitrr.arr.kinds import Kind
    from qbitrr.http.client import Query, T
    from qbitrr.http.websocket import Websocket

MANUAL_IMPORT = "ManualImport"
PAGE_SIZE = 1000
"""Records on a page of history or blocklist."""
_WHOLE_QUEUE = 100_000  # a longer one is a fault of the server
_MOST_EVENTS = 20_000  # of one download
_HISTORY_SIZES = (PAGE_SIZE, _MOST_EVENTS, _MOST_EVENTS)
_ASKED_SINGLY = 20  # the list of all costs less than more single requests
_MOST_SENT = 1000  # commands that are known as ours
_AWAY = frozenset({502, 503, 504})


async def _not_stored(_seconds: float) -> None:
    """Store no Retry-After."""


class ArrClient:
    """One Arr; `section` is its name in the configuration.

    A refused API key is not sent again and again (`qbitrr.http.api_key`). An Arr that answers with Retry-After gets no
    command until then; `retry_after_seconds` is what is left of an earlier one, and `on_retry_after` stores a new one.
    `answers_again` is set when an Arr that was out of reach, or was starting, answers; `sent_commands` are the ids of
    the latest commands that were sent. With `read_only` nothing is sent that changes anything there.
    """

    def __init__(
        self,
        section: str,
        kind: Kind,
        uri: str,
        api_key: str,
        *,
        verify_tls: bool = True,
        read_only: bool = False,
        timeouts: Timeouts | None = None,
        retry_after_seconds: float = 0.0,
        on_retry_after: Callable[[float], Awaitable[None]] = _not_stored,
    ) -> None:
        self.section = section
        self.kind = kind
        self._read_only = read_only
        self.answers_again = asyncio.Event()
        self.sent_commands: deque[int] = deque(maxlen=_MOST_SENT)
        self._is_away = False
        self._key = ApiKey(section)
        self._commands_at = time.monotonic() + retry_after_seconds
        self._on_retry_after = on_retry_after
        root, headers = uri.rstrip("/"), {"X-Api-Key": api_key}
        self._http = HttpClient(
            section, f"{root}/{kind.api}", headers=headers, verify_tls=verify_tls, timeouts=timeouts
        )
        self._hub = HttpClient(section, f"{root}/signalr", headers=headers, verify_tls=verify_tls, timeouts=timeouts)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        await self._hub.close()

    @property
    def clock_ahead_seconds(self) -> float:
        """By how much the Arr's clock is ahead of this machine's."""
        return self._http.clock_ahead_seconds

    async def status(self) -> SystemStatus:
        """Ask for version and name; UnexpectedAnswerError when another application answers."""
        status = await self.get("system/status", SystemStatus)
        if status.app_name != self.kind.app_name:
            found = status.app_name or "something else"
            raise UnexpectedAnswerError(
                self.section, f"{found} answers where {self.kind.app_name} is expected; correct URI"
            )
        return status

    async def quality_profiles(self) -> dict[int, QualityProfile]:
        """Ask for all quality profiles, by id."""
        return {profile.id: profile for profile in await self.get("qualityprofile", list[QualityProfile])}

    async def tags(self) -> dict[str, int]:
        """Ask for all tags: their ids by their labels in lower case."""
        return {tag.label.lower(): tag.id for tag in await self.get("tag", list[Tag]) if tag.label}

    async def queue(self) -> list[QueueRecord]:
        """Ask for the whole download queue, unmatched downloads included.

        Source: `QueueController.GetQueue` of the Arrs, which sorts all records by time left for each request, counts
        them and cuts the page out; no page is too large for it. Only records of one page are of the same moment: those
        of several are sorted again in between, and one that moves to an earlier page is on none. Raises
        UnexpectedAnswerError when the page lacks records: a part of the queue proves nothing.
        """
        query: dict[str, Query] = {"page": 1, "pageSize": _WHOLE_QUEUE, self.kind.unknown_items: True}
        answer = await self.get("queue", QueuePage, **query)
        if len(answer.records) < answer.total_records:
            raise UnexpectedAnswerError(self.section, "GET queue: it lacks records of those it says there are")
        by_id = {record.id: record for record in answer.records}  # two download clients of one qBittorrent share ids
        return list(by_id.values())

    async def blocklist(self, queue_record_id: int) -> bool:
        """Remove a queue record and have its release blocklisted, without a search by the Arr.

        All records of its download are removed with it. False when the record was gone already. Whether the release
        is blocklisted is only in the history. The download client is left to the caller.
        """
        try:
            await self._delete(f"queue/{queue_record_id}", removeFromClient=False, blocklist=True, skipRedownload=True)
        except GoneError:
            return False
        return True

    async def history(self, download_id: str) -> list[HistoryRecord]:
        """Ask for the events of one download: a pack has many. At most the newest twenty thousand.

        They are asked for on one page, as those of several may slip between them. Source: `BasicRepository.GetPaged` of
        the Arrs reads a page and counts its list in two queries, between which an event may come. Raises
        UnexpectedAnswerError when the page keeps lacking events.
        """
        for size in _HISTORY_SIZES:
            answer = await self.history_page(1, size, downloadId=download_id)
            mine = [one for one in answer.records if one.download_id and one.download_id.upper() == download_id.upper()]
            is_filtered = len(mine) == len(answer.records)  # older versions ignore the filter
            if not is_filtered or len(answer.records) >= min(answer.total_records, _MOST_EVENTS):
                return mine
        raise UnexpectedAnswerError(self.section, "GET history: it lacks events of those it says there are")

    async def item_history(self, item_id: int) -> list[HistoryRecord]:
        """Ask for the events of a movie, an episode or an album, at most the newest thousand, newest first."""
        answer = await self.history_page(1, **{self.kind.history_of: item_id})
        return [one for one in answer.records if self.kind.item_of(one) == item_id]

    async def history_page(self, page: int, size: int = PAGE_SIZE, **query: Query) -> HistoryPage:
        """Ask for a page of the history, newest first: `size` events; the last page has fewer."""
        return await self.get(
            "history", HistoryPage, page=page, pageSize=size, sortKey="date", sortDirection="descending", **query
        )

    async def history_since(self, date: str) -> list[HistoryRecord]:
        """Ask for all events since an ISO 8601 time."""
        return await self.get_list("history/since", HistoryRecord, date=date)

    async def mark_failed(self, history_id: int) -> None:
        """Fail a download by its `grabbed` event: the Arr blocklists the release and may search again by itself."""
        async with self._request(command=True):
            await self._http.send("POST", f"history/failed/{history_id}")

    async def download_settings(self) -> DownloadSettings:
        """Ask how completed and failed downloads are handled (Settings, Download Clients)."""
        return await self.get("config/downloadclient", DownloadSettings)

    async def indexers(self) -> list[Indexer]:
        """Ask for the indexers."""
        return await self.get("indexer", list[Indexer])

    async def download_clients(self) -> list[DownloadClient]:
        """Ask for the download clients."""
        return await self.get("downloadclient", list[DownloadClient])

    async def path_mappings(self) -> list[RemotePathMapping]:
        """Ask for the remote path mappings."""
        return await self.get("remotepathmapping", list[RemotePathMapping])

    async def root_folders(self) -> list[RootFolder]:
        """Ask for the root folders of the library."""
        return await self.get("rootfolder", list[RootFolder])

    async def health(self) -> list[HealthCheck]:
        """Ask for what the Arr finds wrong with its surroundings."""
        return await self.get("health", list[HealthCheck])

    async def albums(self, ids: Iterable[int]) -> list[Album]:
        """Ask for albums of Lidarr, with statistics, without those that do not exist."""
        return await self.get("album", list[Album], albumIds=list(ids))

    async def blocklisted(self) -> list[BlocklistRecord]:
        """Ask for the blocklisted releases, at most the newest thousand."""
        query: dict[str, Query] = {"page": 1, "pageSize": PAGE_SIZE, "sortKey": "date", "sortDirection": "descending"}
        return (await self.get("blocklist", BlocklistPage, **query)).records

    async def lift_blocklist(self, record_id: int) -> None:
        """Take a release off the blocklist; GoneError when it is not on it."""
        await self._delete(f"blocklist/{record_id}")

    async def commands(self) -> list[Command]:
        """Ask for the commands that wait, run or ended lately."""
        return await self.get("command", list[Command])

    async def command(self, command_id: int) -> Command:
        """Ask for one command; GoneError once the Arr has dropped it."""
        return await self.get(f"command/{command_id}", Command)

    async def unlisted_command(self, command_id: int) -> Command | None:
        """Ask for a command that the Arr lists no more; None when it has dropped it, or will not come to it.

        One that the user cancelled stays `queued`, and runs at the next start of the Arr at the earliest.
        """
        try:
            command = await self.command(command_id)
        except GoneError:
            return None
        return None if command.status == "queued" else command

    async def scan(self, path: str, download_id: str, import_mode: str) -> Command:
        """Have a finished download imported. `import_mode` is Auto, Move or Copy."""
        body = {
            "name": self.kind.scan_command,
            "path": path,
            "downloadClientId": download_id,
            "importMode": import_mode,
        }
        return await self._command(body)

    async def manual_import_files(self, download_id: str) -> list[ManualImportFile]:
        """Ask for the files of a download, and what its own import has against each; none unless the Arr tracks it.

        RefusedError for one that the Arr has not seen complete. Of Lidarr those that are in the library count too.
        """
        query: dict[str, Query] = {"downloadId": download_id, "filterExistingFiles": False}
        if self.kind.name == "lidarr":
            query["replaceExistingFiles"] = False
        return await self.get_list("manualimport", ManualImportFile, **query)

    async def manual_import(self, files: list[dict[str, object]], import_mode: str) -> Command:
        """Have files imported without any check. `import_mode` is Move or Copy.

        Of Lidarr only files of the same tracks are replaced, not all of the album.
        """
        return await self._command({"name": MANUAL_IMPORT, "files": files, "importMode": import_mode})

    async def item(self, item_id: int) -> WithId:
        """Ask for a movie, an episode or an album; GoneError when the Arr has it no more."""
        return await self.get(f"{self.kind.item}/{item_id}", WithId)

    async def search(self, item_ids: Iterable[int]) -> Command:
        """Search for items now."""
        return await self._command({"name": self.kind.search_command, self.kind.search_ids: list(item_ids)})

    async def search_season(self, series_id: int, season: int | None) -> Command:
        """Search for the monitored episodes of a season of Sonarr, or of the whole series for None, with a file too."""
        if season is None:
            return await self._command({"name": "SeriesSearch", "seriesId": series_id})
        return await self._command({"name": "SeasonSearch", "seriesId": series_id, "seasonNumber": season})

    async def quality_profiles_of(self, ids: list[int]) -> dict[int, int]:
        """Ask for the quality profiles that movies, series or artists have now, without those that are gone."""
        if len(ids) > _ASKED_SINGLY:
            asked = set(ids)
            listed = self.items(self.kind.parent, WithProfile)
            return {one.id: one.quality_profile_id async for some in listed for one in some if one.id in asked}
        found = {}
        for number in ids:
            with suppress(GoneError):
                found[number] = (await self.get(f"{self.kind.parent}/{number}", WithProfile)).quality_profile_id
        return found

    async def set_quality_profile(self, ids: list[int], profile_id: int) -> None:
        """Give movies, series or artists another quality profile; nothing else of them is changed."""
        body = {f"{self.kind.parent}Ids": ids, "qualityProfileId": profile_id}
        async with self._request(command=True):
            await self._http.send("PUT", f"{self.kind.parent}/editor", json=body)

    async def sync_rss(self) -> Command:
        """Have the Arr read the feeds of its indexers now."""
        return await self._command({"name": "RssSync"})

    async def refresh_downloads(self) -> Command:
        """Have the Arr poll its download clients now."""
        return await self._command({"name": "RefreshMonitoredDownloads"})

    async def get(self, path: str, answer: type[T], **query: Query) -> T:
        """GET with the key, decoded."""
        async with self._request():
            return await self._http.get(path, answer, **query)

    async def get_list(self, path: str, item: type[T], **query: Query) -> list[T]:
        """GET a list that the Arr computes before its first byte, which may take minutes."""
        return [one async for some in self.items(path, item, **query) for one in some]

    async def items(self, path: str, item: type[T], **query: Query) -> AsyncIterator[list[T]]:
        """Yield the objects of such a list as they arrive."""
        if not self._key.accepted:  # the other calls would wait for this one
            await self.status()
        async with self._request():
            async for some in self._http.items(path, item, **query):
                self._key.accept()
                yield some

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[Websocket]:
        """Open the websocket on which the Arr publishes changes; see `qbitrr.arr.signalr`.

        A refusal there says nothing of the key, which the API has accepted: many proxies protect all but the API.
        """
        if not self._key.accepted:
            await self.status()
        async with AsyncExitStack() as stack:
            try:
                socket = await stack.enter_async_context(self._hub.websocket("messages"))
            except CredentialsRejectedError as error:
                text = "websocket messages: status 401; something in between asks for other credentials there"
                raise RefusedError(self.section, text, 401) from error
            yield socket

    @property
    def retry_after_seconds(self) -> float:
        """Time left of the last Retry-After; 0 without one."""
        return max(0.0, self._commands_at - time.monotonic())

    def check_retry_after(self) -> None:
        """Raise ThrottledError until the last Retry-After is over."""
        if left := self.retry_after_seconds:
            raise ThrottledError(self.section, "POST command: the Arr asked for no more commands for now", left)

    def _check_command(self) -> None:
        if self._read_only:
            raise ReadOnlyError(self.section, "a command")
        self.check_retry_after()

    async def _command(self, body: object) -> Command:
        async with self._request(command=True):
            command = await self._http.post("command", Command, body)
        self.sent_commands.append(command.id)
        return command

    async def _delete(self, path: str, **query: Query) -> None:
        async with self._request(command=True):
            await self._http.delete(path, **query)

    @asynccontextmanager
    async def _request(self, *, command: bool = False) -> AsyncIterator[None]:
        """Enclose a call; a command, which is whatever changes something, waits for the end of the last Retry-After."""
        async with self._key.use():
            if command:
                self._check_command()
            try:
                yield
            except ThrottledError as error:
                if error.retry_after_seconds > self.retry_after_seconds:
                    self._commands_at = time.monotonic() + error.retry_after_seconds
                    await self._on_retry_after(error.retry_after_seconds)
                raise
            except ServiceError as error:
                self._is_away = self._is_away or is_away(error)
                raise
        if self._is_away:
            self._is_away = False
            self.answers_again.set()


def is_away(error: ServiceError) -> bool:
    """Whether an error means that the Arr is out of reach or starting, also as a proxy reports it."""
    return isinstance(error, UnreachableError) or (isinstance(error, RefusedError) and error.http_status in _AWAY)
