"""Activity > History of one Arr, and what it proves of a download."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qbitrr.sandbox.life.records import HistoryEvent, StatusMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

GRABBED, FAILED, IGNORED = "grabbed", "downloadFailed", "downloadIgnored"
IMPORTED = {"radarr": "downloadFolderImported", "sonarr": "downloadFolderImported", "lidarr": "trackFileImported"}
DELETED = {"radarr": "movieFileDeleted", "sonarr": "episodeFileDeleted", "lidarr": "trackFileDeleted"}
ALBUM_IMPORTED, ALBUM_INCOMPLETE = "downloadImported", "albumImportIncomplete"


class History:
    """The events, oldest first. Download ids are in upper case."""

    def __init__(self, kind: str, new_id: Callable[[], int]) -> None:
        self.events: list[HistoryEvent] = []
        self._by_download: dict[str, list[HistoryEvent]] = {}
        self._kind = kind
        self._new_id = new_id

    def note(
        self,
        event_type: str,
        now: float,
        item_id: int,
        title: str,
        quality: int,
        formats: int = 0,
        *,
        download_id: str | None,
        data: Mapping[str, str | None],
        track_id: int = 0,
    ) -> None:
        """Add an event."""
        event = HistoryEvent(
            self._new_id(), event_type, now, item_id, download_id, title, quality, formats, dict(data), track_id
        )
        self.events.append(event)
        if download_id is not None:
            self._by_download.setdefault(download_id, []).append(event)

    def drop(self, item_ids: Container[int]) -> None:
        """Forget what is about items that were deleted, as all Arrs do."""
        self.events[:] = [event for event in self.events if event.item_id not in item_ids]
        for events in self._by_download.values():
            events[:] = [event for event in events if event.item_id not in item_ids]

    def of(self, download_id: str) -> list[HistoryEvent]:
        """What happened to a download since it was last grabbed; without a grab, all of it."""
        events = self._by_download.get(download_id, [])
        grabs = [number for number, event in enumerate(events) if event.event_type == GRABBED]
        if not grabs:
            return events
        first = grabs[-1]
        while first and events[first - 1].event_type == GRABBED:  # one for each item
            first -= 1
        return events[first:]

    def grabs(self, download_id: str) -> list[HistoryEvent]:
        """The events of its last grab, one for each item; none when it was not grabbed."""
        return [event for event in self.of(download_id) if event.event_type == GRABBED]

    def imported(self, download_id: str) -> dict[int, float]:
        """The items that were imported since the last grab, and when; an album when it was imported as a whole."""
        proof = ALBUM_IMPORTED if self._kind == "lidarr" else IMPORTED[self._kind]
        return {event.item_id: event.date for event in self.of(download_id) if event.event_type == proof}

    def status_messages(self, download_id: str) -> list[StatusMessage]:
        """What Lidarr wrote down of an import that was incomplete."""
        texts = [event.data["statusMessages"] for event in self.of(download_id) if event.event_type == ALBUM_INCOMPLETE]
        entries = json.loads(texts[-1] or "[]") if texts else []
        return [StatusMessage(entry["title"], tuple(entry["messages"])) for entry in entries]

    def state(self, download_id: str) -> str:
        """The state of a download that is seen for the first time, by the last event that says something of it."""
        words = {
            FAILED: "failed",
            IGNORED: "ignored",
            ALBUM_INCOMPLETE: "importFailed",
            ALBUM_IMPORTED: "imported",
        }
        if self._kind != "lidarr":
            words[IMPORTED[self._kind]] = "imported"
        events = self.of(download_id)
        last = next((event for event in reversed(events) if event.event_type in words), None)
        if last is None:
            return "downloading"
        state = words[last.event_type]
        grabbed = {event.item_id for event in events if event.event_type == GRABBED}
        if state == "imported" and not grabbed <= self.imported(download_id).keys():
            return "downloading"
        return state


def as_json(messages: Sequence[StatusMessage]) -> str:
    """Messages as the data of an event hold them."""
    return json.dumps([{"title": title, "messages": texts} for title, texts in messages], indent=2)
