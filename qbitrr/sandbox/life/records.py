"""What an Arr writes down: queue, history, blocklist, commands. Times are epoch seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct


class Change(NamedTuple):
    """Something is not as before, to be pushed.

    `what` is item, parent, grabbed or imported (an item), command, queue, queue/status, system/task or health;
    `action` is updated, deleted or sync.
    """

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


class StatusMessage(NamedTuple):
    """What stands in the way of an import: of a file or of the download that `title` names."""

    title: str
    messages: tuple[str, ...] = ()


class QueueRecord(Struct, frozen=True):
    """One row of Activity > Queue: one item of one download, as of the last refresh. `download_id` is in upper case.

    `status` and `tracked_state` have the Arrs' names; sizes in bytes, `seconds_left` None when unknown. `item_id` is
    None for a download that the Arr cannot match; `added` and `indexer` are None when it was not grabbed. A release
    that waits for its delay profile has no download id, no client and no tracked state.
    """

    id: int
    item_id: int | None
    download_id: str | None
    title: str
    quality: int
    formats: int
    size: int
    size_left: int
    client: str | None
    added: float | None = None
    indexer: str | None = None
    status: str = "queued"
    tracked_state: str | None = "downloading"
    tracked_status: str | None = "ok"
    error: str | None = None
    messages: tuple[StatusMessage, ...] = ()
    output_path: str | None = None
    seconds_left: float | None = None
    has_file: bool = False
    has_imported_category: bool = False


class HistoryEvent(Struct, frozen=True):
    """One row of Activity > History. `track_id` is for Lidarr's single tracks."""

    id: int
    event_type: str
    date: float
    item_id: int
    download_id: str | None
    title: str
    quality: int
    formats: int
    data: dict[str, str | None]
    track_id: int = 0


class BlocklistEntry(Struct, frozen=True):
    """A release that is not to be grabbed again."""

    id: int
    item_ids: list[int]
    release: Release
    date: float
    message: str


class Command(Struct):
    """A command on the task queue; `body` as it was sent. `updates_client`: its end is pushed."""

    id: int
    name: str
    body: dict[str, Any]
    queued: float
    trigger: str = "manual"
    priority: str = "normal"
    updates_client: bool = True
    started: float | None = None
    ended: float | None = None
    status: str = "queued"
    result: str = "unknown"
    message: str | None = None
    exception: str | None = None
