"""What an Arr writes down: queue, history, blocklist, commands. Times are epoch seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct, field


class Change(NamedTuple):
    """Something is not as before: an `item`, a `parent`, a `command` or the `queue`; updated, deleted or sync."""

    what: str
    action: str
    id: int = 0


class Release(Struct, frozen=True):
    """Something an indexer offers. `formats` is an index of FORMAT_SETS, size in bytes, infohash in lower case."""

    title: str
    infohash: str
    quality: int
    formats: int
    size: int
    indexer: str
    group: str


class QueueRecord(Struct):
    """One row of Activity > Queue: one item of one download. `download_id` is in upper case.

    `status` and `tracked_state` have the Arrs' names; `size_left` in bytes, `seconds_left` None when unknown.
    `item_id` is None for a download that the Arr cannot match; `messages` say what stood in the way of an import.
    """

    id: int
    item_id: int | None
    download_id: str
    release: Release
    added: float
    output_path: str = ""
    status: str = "queued"
    tracked_state: str = "downloading"
    tracked_status: str = "ok"
    error: str | None = None
    messages: list[str] = field(default_factory=list)
    size_left: float = 0.0
    seconds_left: float | None = None


class HistoryEvent(Struct, frozen=True):
    """One row of Activity > History. `track_id` is for Lidarr's single tracks."""

    id: int
    event_type: str
    date: float
    item_id: int
    download_id: str | None
    release: Release
    data: dict[str, str]
    track_id: int = 0


class BlocklistEntry(Struct, frozen=True):
    """A release that is not to be grabbed again."""

    id: int
    item_ids: list[int]
    release: Release
    date: float
    message: str


class Command(Struct):
    """A command on the task queue; `body` as it was sent."""

    id: int
    name: str
    body: dict[str, Any]
    queued: float
    trigger: str = "manual"
    started: float | None = None
    ended: float | None = None
    status: str = "queued"
    result: str = "unknown"
    message: str | None = None
