"""The downloads that an Arr tracks, and its queue: a snapshot of them as of the last refresh.

Source: recordings `queue-*` and `timeline-import`, and what was seen of running programs. Between two refreshes nothing
of a torrent reaches the queue. A torrent whose import is pending keeps its state over refreshes; one that
downloads starts again with each.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.client_item import ClientAwayError
from qbitrr.sandbox.life.commands import PROCESS, REFRESH, Outcome
from qbitrr.sandbox.life.records import Change, QueueRecord, StatusMessage
from qbitrr.sandbox.media.quality import formats_in, quality_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.sandbox.life.arr_state import ArrState, Connection
    from qbitrr.sandbox.life.client_item import ClientItem
    from qbitrr.sandbox.life.commands import CommandQueue, Work
    from qbitrr.sandbox.life.records import Release

# qBittorrent's state -> status of the record, and what the Arr says of it
_STATUS: dict[str, tuple[str, str | None]] = {
    "stalledDL": ("warning", texts.STALLED),
    "error": ("warning", texts.IN_ERROR),
    "missingFiles": ("warning", texts.FILES_MISSING),
    "metaDL": ("queued", texts.NO_METADATA),
    "forcedMetaDL": ("queued", texts.NO_METADATA),
    **dict.fromkeys(("stoppedDL", "pausedDL"), ("paused", None)),
    **dict.fromkeys(("queuedDL", "checkingDL", "checkingUP", "checkingResumeData"), ("queued", None)),
}
_MATCH_TYPE = {"radarr": "movieMatchType", "sonarr": "seriesMatchType"}
_ENDED = ("imported", "failed", "ignored")
_CHECKED = ("downloading", "importBlocked")
_SAME_MOMENT = 1e-6
_READING_SECONDS = 0.02


class TrackedDownload(Struct, eq=False):
    """A torrent of the category. `item_ids` are empty when nothing matches; `state` has the Arrs' names.

    `had_file` are the items that had a file when it was matched.
    """

    download_id: str
    item: ClientItem
    connection: Connection
    item_ids: list[int]
    quality: int
    formats: int
    state: str
    is_grabbed: bool
    added: float | None = None
    indexer: str | None = None
    had_file: frozenset[int] = frozenset()
    messages: list[StatusMessage] = field(default_factory=list)

    def warn(self, *messages: StatusMessage) -> None:
        """Replace what is said of it."""
        self.messages = list(messages)

    def warn_of_all(self, text: str) -> None:
        """Say something of the whole download."""
        self.warn(StatusMessage(self.item.name, (text,)))

    @property
    def status(self) -> tuple[str, str | None]:
        """Status and error of its records."""
        if not self.item.complete:
            return _STATUS.get(self.item.state, ("downloading", None))
        if self.item.content_path == self.item.save_path:
            return "warning", texts.BASE_DIRECTORY
        return "completed", None


class Tracking:
    """Tracked downloads by id, and the queue by record id. `refreshed` is when that was, in epoch seconds."""

    def __init__(self, state: ArrState, commands: CommandQueue) -> None:
        self.downloads: dict[str, TrackedDownload] = {}
        self.queue: dict[int, QueueRecord] = {}
        self.refreshed = 0.0
        self._arr = state
        self._commands = commands
        self._listed: list[TrackedDownload] = []
        self._delayed: list[QueueRecord] = []

    def refresh(self) -> Work:
        """What RefreshMonitoredDownloads does; the import of what is pending follows at once."""
        arr = self._arr
        marks = [(connection.client, connection.client.mark()) for connection in arr.connections]
        yield arr.tempo.seconds(arr.tempo.refresh)
        while not all(client.is_read_since(mark) for client, mark in marks):
            yield _READING_SECONDS
        listed: list[TrackedDownload] = []
        for connection in arr.connections:
            try:
                items = connection.items(arr.now, arr.tempo)
            except ClientAwayError:
                continue
            listed += [self._track(connection, item) for item in items]
        self._listed = listed
        self.publish()
        self._commands.post(PROCESS, {}, trigger="unspecified", priority="high")
        self.refreshed = arr.now
        arr.schedule.after(arr.tempo.seconds(arr.tempo.refresh_interval), self._refresh_by_schedule)
        return Outcome()

    def refresh_soon(self) -> None:
        """Refresh as after a grab or an import; several of them lead to one."""
        arr = self._arr
        arr.schedule.after(
            arr.tempo.seconds(arr.tempo.refresh_delay), lambda: self._post("unspecified"), "refresh soon"
        )

    def start(self) -> None:
        """Start with an empty queue, which stays so until the first refresh."""
        self.downloads.clear()
        self._listed, self.queue = [], {}
        self._arr.schedule.after(self._arr.tempo.seconds(self._arr.tempo.first_refresh), self._post_scheduled)

    def publish(self) -> None:
        """Make the queue of what the last refresh found, as it is now."""
        arr = self._arr
        handled = arr.settings.completed_download_handling
        records = [
            self._record(download, item_id)
            for download in self._listed
            if download.state not in _ENDED and (handled or download.status[0] != "completed")
            for item_id in (download.item_ids or (None,))
        ]
        self.queue = {record.id: record for record in (*self._delayed, *records)}
        arr.on_change(Change("queue", "sync"))
        announce = Change("queue/status", "updated")
        arr.schedule.after(arr.tempo.seconds(arr.tempo.queue_status_delay), lambda: arr.on_change(announce), "status")

    def delay(self, item_ids: Iterable[int], release: Release, seconds: float) -> None:
        """List a release that waits for its delay profile."""
        for item_id in item_ids:
            key = f"{self._arr.key}/pending-{release.infohash}-{item_id}"
            self._delayed.append(
                QueueRecord(
                    id=zlib.crc32(key.encode()) & 0x7FFF_FFFF,
                    item_id=item_id,
                    download_id=None,
                    title=release.title,
                    quality=release.quality,
                    formats=release.formats,
                    size=release.size,
                    size_left=release.size,
                    client=None,
                    added=self._arr.now,
                    indexer=release.indexer,
                    status="delay",
                    tracked_state=None,
                    tracked_status=None,
                    seconds_left=seconds,
                )
            )
        self.publish()

    def drop_delayed(self, record_id: int) -> None:
        """Drop a release that waits."""
        self._delayed = [record for record in self._delayed if record.id != record_id]
        self.publish()

    def pending(self) -> list[TrackedDownload]:
        """Those that the last refresh found and that are to be imported."""
        return [one for one in self.downloads.values() if one in self._listed and one.state == "importPending"]

    def drop(self, download_id: str) -> None:
        """Drop a download; the next refresh may find it again."""
        self.downloads.pop(download_id, None)
        self._listed = [download for download in self._listed if download.download_id != download_id]
        self.publish()

    def _post(self, trigger: str) -> None:
        self._commands.post(REFRESH, {}, trigger=trigger, priority="high")

    def _post_scheduled(self) -> None:
        self._post("scheduled")

    def _refresh_by_schedule(self) -> None:
        """A minute after the last refresh, whoever asked for that one."""
        arr = self._arr
        if arr.now - self.refreshed >= arr.tempo.seconds(arr.tempo.refresh_interval) - _SAME_MOMENT:
            self._post("scheduled")

    def _track(self, connection: Connection, item: ClientItem) -> TrackedDownload:
        download_id = item.infohash.upper()
        download = self.downloads.get(download_id)
        if download is None or download.state == "downloading":
            download = self._match(connection, item)
            self.downloads[download_id] = download
        download.item, download.connection = item, connection
        is_importable = item.complete and item.content_path != item.save_path
        if is_importable and self._arr.settings.completed_download_handling and download.state in _CHECKED:
            self._check(download)
        return download

    def _match(self, connection: Connection, item: ClientItem) -> TrackedDownload:
        """Find out what a torrent is for: by its grab, else by its name."""
        arr, download_id = self._arr, item.infohash.upper()
        grabs = arr.history.grabs(download_id)
        item_ids = [grab.item_id for grab in grabs] or [one.id for one in arr.collection.parse(item.name)]
        item_ids = [one for one in item_ids if one in arr.collection.items]
        download = TrackedDownload(
            download_id=download_id,
            item=item,
            connection=connection,
            item_ids=item_ids,
            quality=quality_in(arr.kind, item.name),
            formats=formats_in(item.name),
            state=arr.history.state(download_id),
            is_grabbed=bool(grabs),
            added=grabs[0].date if grabs else None,
            indexer=grabs[0].data.get("indexer") if grabs else None,
            had_file=frozenset(one for one in item_ids if arr.collection.items[one].file is not None),
        )
        if download.state == "importFailed":
            download.messages = arr.history.status_messages(download_id)
        return download

    def _check(self, download: TrackedDownload) -> None:
        """Whether the Arr may import a complete download by itself. A path of another system leaves it as it is."""
        arr = self._arr
        if not (path := arr.output_path(download.item)).startswith("/"):
            download.warn_of_all(texts.not_local(path))
            return
        if not arr.collection.parse(download.item.name):
            grabs = arr.history.grabs(download.download_id)
            by_id = any(grab.data.get(_MATCH_TYPE.get(arr.kind, "")) == "Id" for grab in grabs)
            is_interactive = any(grab.data.get("releaseSource") == "InteractiveSearch" for grab in grabs)
            if not download.item_ids or (by_id and not is_interactive):
                text = texts.MATCHED_BY_ID[arr.kind] if download.item_ids else texts.NO_MATCH[arr.kind]
                download.warn_of_all(text)
                download.state = "importBlocked"
                return
        download.state = "importPending"

    def _record(self, download: TrackedDownload, item_id: int | None) -> QueueRecord:
        item, settings = download.item, download.connection.settings
        status, error = download.status
        part = {"sonarr": f"-ep{item_id}", "lidarr": f"-album{item_id}"}.get(self._arr.kind, "")
        key = f"trackedDownload-{settings.id}-{download.download_id}{part if item_id else ''}"
        return QueueRecord(
            id=zlib.crc32(f"{self._arr.key}/{key}".encode()) & 0x7FFF_FFFF,
            item_id=item_id,
            download_id=download.download_id,
            title=item.name,
            quality=download.quality,
            formats=download.formats,
            size=item.size,
            size_left=item.left,
            client=settings.name,
            added=download.added,
            indexer=download.indexer,
            status=status,
            tracked_state=download.state,
            tracked_status="warning" if download.messages else "ok",
            error=error,
            messages=tuple(download.messages),
            output_path=self._arr.output_path(item) if status == "completed" else None,
            seconds_left=0.0 if item.complete else item.seconds_left,
            has_file=item_id in download.had_file,
            has_imported_category=bool(settings.imported_category),
        )
