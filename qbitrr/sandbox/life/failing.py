"""How downloads fail: by hand from the queue, or from the history. The release is blocklisted and searched again.

Source: recordings `history-failed*`, `history-pack-failed`, `queue-delete-*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.history import FAILED, GRABBED, IGNORED
from qbitrr.sandbox.life.records import BlocklistEntry, Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.sandbox.life.arr_state import ArrState
    from qbitrr.sandbox.life.commands import CommandQueue
    from qbitrr.sandbox.life.records import HistoryEvent
    from qbitrr.sandbox.life.tracking import TrackedDownload, Tracking


class NotGrabbedError(Exception):
    """What was not grabbed cannot be failed. Only Sonarr 5 says so."""


class FailedDownloads:
    """Fails downloads of one Arr."""

    def __init__(self, state: ArrState, tracking: Tracking, commands: CommandQueue) -> None:
        self._arr = state
        self._tracking = tracking
        self._commands = commands

    def remove(
        self, record_id: int, *, from_client: bool, blocklist: bool, skip_redownload: bool, needs_grab: bool = False
    ) -> bool:
        """`DELETE queue/{id}`: all records of the download go; false when there is no such record.

        Without a grab nothing is blocklisted, and the next refresh finds the torrent again; with `needs_grab` it is an
        error: raises NotGrabbedError.
        """
        record = self._tracking.queue.get(record_id)
        if record is None:
            return False
        if record.download_id is None:
            self._tracking.drop_delayed(record_id)
            return True
        grabs = self._arr.history.grabs(record.download_id)
        if blocklist and needs_grab and not grabs:
            raise NotGrabbedError(texts.NO_GRAB)
        download = self._tracking.downloads.get(record.download_id)
        if blocklist and grabs:
            self._fail(grabs, download, searches=not skip_redownload)
        elif not blocklist and not from_client:
            self._note(IGNORED, grabs, {"message": "Manually ignored"})
        if from_client and download is not None:
            download.connection.client.remove(download.item.infohash)
        self._tracking.drop(record.download_id)
        return True

    def mark_failed(self, event_id: int) -> bool:
        """`POST history/failed/{id}`: the download of a `grabbed` event has failed; false when there is none."""
        grabbed = next((one for one in self._arr.history.events if one.id == event_id), None)
        if grabbed is None or grabbed.event_type != GRABBED or grabbed.download_id is None:
            return False
        settings, is_interactive = self._arr.settings, grabbed.data.get("releaseSource") == "InteractiveSearch"
        searches = settings.redownload_failed and (
            settings.redownload_failed_from_interactive_search or not is_interactive
        )
        download = self._tracking.downloads.get(grabbed.download_id)
        self._fail(self._arr.history.grabs(grabbed.download_id), download, searches=searches)
        self._tracking.drop(grabbed.download_id)
        return True

    def _fail(self, grabs: Sequence[HistoryEvent], download: TrackedDownload | None, *, searches: bool) -> None:
        """Every item of the grab has failed, also one that was imported."""
        arr, first = self._arr, grabs[0]
        data = {
            "downloadClient": "qBittorrent",
            "message": texts.MARKED_FAILED,
            "releaseGroup": first.data.get("releaseGroup"),
            "size": str(download.item.size) if download else first.data.get("size"),
            "indexer": first.data.get("indexer"),
        }
        if arr.kind != "lidarr":
            data["downloadClientName"] = "qBittorrent"
        self._note(FAILED, grabs, data)
        item_ids = [grab.item_id for grab in grabs]
        release = Release(
            title=first.title,
            infohash=(first.download_id or "").lower(),
            quality=first.quality,
            formats=first.formats,
            size=int(first.data.get("size") or 0),
            indexer=first.data.get("indexer") or "",
            group=first.data.get("releaseGroup") or "",
        )
        arr.blocklist.append(BlocklistEntry(arr.new_id(), item_ids, release, arr.now, texts.MARKED_FAILED))
        if download is not None and download.item.at_limit:
            settings = download.connection.settings
            if settings.remove_completed and settings.remove_failed:
                download.connection.client.remove(download.item.infohash)
        if searches:
            name, body = arr.collection.search_again(item_ids)
            self._commands.post(name, body, trigger="unspecified")

    def _note(self, event_type: str, grabs: Sequence[HistoryEvent], data: dict[str, Any]) -> None:
        for grab in grabs:
            self._arr.history.note(
                event_type,
                self._arr.now,
                grab.item_id,
                grab.title,
                grab.quality,
                grab.formats,
                download_id=grab.download_id,
                data=data,
            )
