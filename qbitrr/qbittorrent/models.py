"""Answers of qBittorrent, as far as they are used, with its own field names.

Source: the Web API page of qBittorrent's wiki (`sync/maindata`, `torrents/info`), and what 4.5.2, 5.1.0 and 5.3.0
answer.
Sizes are bytes, rates bytes per second, times epoch seconds, durations seconds.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

if TYPE_CHECKING:
    from collections.abc import Mapping


class Torrent(Struct, frozen=True, gc=False):
    """One torrent, complete. `state` has the names of 5.x whatever the server's version."""

    name: str = ""
    category: str = ""
    tags: str = ""  # joined with ", ", in no particular order
    state: str = "unknown"
    progress: float = 0.0
    amount_left: int = 0
    size: int = 0
    added_on: int = 0
    completion_on: int = 0  # 0 or negative while incomplete
    last_activity: int = 0
    content_path: str = ""
    save_path: str = ""
    eta: int = 0  # 8640000 for infinity
    availability: float = -1.0  # distributed copies; negative while it is not known
    dlspeed: int = -1  # payload only
    tracker: str = ""  # the announce URL that works; empty when none does
    ratio: float = 0.0  # -1 for infinity
    seeding_time: int = 0  # computed only when something changes: it may be old
    ratio_limit: float = -2.0  # share limits of this torrent: -1 none, -2 the client's own
    seeding_time_limit: int = -2  # the same, in minutes
    dl_limit: int = 0  # 0 or less for none
    up_limit: int = 0
    super_seeding: bool = False
    priority: int = 0  # place in the queue, from 1; 0 when it is complete or there is no queue
    private: bool | None = None  # since 5.0, once there is metadata
    has_tracker_error: bool | None = None  # since 5.2


COUNTERS = frozenset({"ratio", "seeding_time", "last_activity", "availability", "eta", "dlspeed"})
"""Fields that go on by themselves while a torrent seeds."""

# A delta of sync/maindata: the same fields, each of which may be absent.
TorrentDelta: Any = msgspec.defstruct(
    "TorrentDelta",
    [(f.name, f.type | UnsetType, UNSET) for f in msgspec.structs.fields(Torrent)],
    gc=False,
)


class TorrentRow(Torrent, frozen=True, gc=False, kw_only=True):
    """One torrent of `torrents/info`, which carries its infohash among the fields."""

    hash: str


class ContentPath(Struct, frozen=True, gc=False):
    """Data of one torrent of `torrents/info`, and what it is worth; `total_size` includes files that are not selected.

    `num_complete` are the seeds in its swarm, this one included, by its trackers; -1 or 0 while that is not known.
    """

    hash: str
    content_path: str = ""
    save_path: str = ""
    total_size: int = -1
    num_complete: int = -1
    uploaded: int = -1


class Category(Struct, frozen=True, gc=False, rename={"save_path": "savePath"}):
    """One of `torrents/categories`; `save_path` is empty when its torrents lie in a folder of its name."""

    save_path: str = ""


class DataRow(Struct, frozen=True, gc=False):
    """One torrent of `torrents/info`, as far as it says where its data lies."""

    hash: str
    state: str
    save_path: str
    content_path: str = ""
    download_path: str = ""  # since 4.4: where it lies while it is incomplete
    infohash_v1: str = ""
    infohash_v2: str = ""
    progress: float = 0.0
    amount_left: int = 0
    size: int = 0
    total_size: int = -1
    name: str = ""


class Tracker(Struct, frozen=True, gc=False):
    """One row of `torrents/trackers`: an announce URL, or one of the three that are none, `** [DHT] **` first.

    For `status` and `msg` see `qbitrr.qbittorrent.tracker_status`.
    """

    url: str
    status: int = 0
    msg: str = ""


class File(Struct, frozen=True, gc=False):
    """One row of `torrents/files`. Before API 2.8.2 rows had no `index`, later ones do."""

    index: int
    name: str
    size: int
    priority: int = 1
    piece_range: tuple[int, int] | None = None


class Preferences(Struct, frozen=True, gc=False):
    """`app/preferences`."""

    preallocate_all: bool = False


class FolderPreferences(Struct, frozen=True, gc=False):
    """The folders of `app/preferences`; a client that does not say where its downloads are is not understood."""

    save_path: str
    temp_path: str = ""
    temp_path_enabled: bool = False
    use_subcategories: bool = False


class ServerState(Struct, frozen=True, gc=False):
    """State of the client. A delta has only what changed."""

    connection_status: str | UnsetType = UNSET  # connected, firewalled, disconnected
    queueing: bool | UnsetType = UNSET
    free_space_on_disk: int | UnsetType = UNSET  # of its default save path
    use_alt_speed_limits: bool | UnsetType = UNSET
    dl_rate_limit: int | UnsetType = UNSET  # for all downloads together, the one that counts now; 0 for none
    dl_info_speed: int | UnsetType = UNSET  # of all downloads together
    up_info_speed: int | UnsetType = UNSET  # of all uploads together


class MainData(Struct, frozen=True):
    """Answer of `sync/maindata`: everything when `full_update`, else what changed since request `rid`.

    `unreadable` are the infohashes of torrents whose rows have another form than qBittorrent gives them.
    """

    rid: int
    full_update: bool = False
    torrents: dict[str, TorrentDelta] = {}
    torrents_removed: list[str] = []
    trackers: dict[str, list[str]] | UnsetType = UNSET  # infohashes of all torrents with this announce URL
    trackers_removed: list[str] = []
    server_state: ServerState = ServerState()
    unreadable: frozenset[str] = frozenset()


class _MainDataRows(MainData, frozen=True):
    """The same with the rows of torrents as they are."""

    torrents: dict[str, msgspec.Raw] = {}


def read_maindata(body: bytes) -> MainData:
    """Decode an answer of `sync/maindata`; what is wrong with one torrent is its own. Raises msgspec.DecodeError."""
    try:
        return _maindata.decode(body)
    except msgspec.ValidationError:
        whole = _maindata_rows.decode(body)
    readable: dict[str, TorrentDelta] = {}
    for infohash, row in whole.torrents.items():
        with contextlib.suppress(msgspec.ValidationError):
            readable[infohash] = _delta.decode(row)
    fields = {name: getattr(whole, name) for name in MainData.__struct_fields__}
    unreadable = frozenset(whole.torrents.keys() - readable.keys())
    return MainData(**{**fields, "torrents": readable, "unreadable": unreadable})


def read_rows(body: bytes) -> list[TorrentRow]:
    """Decode an answer of `torrents/info` without the rows that have another form. Raises msgspec.DecodeError."""
    rows = []
    for raw in _raw_rows.decode(body):
        with contextlib.suppress(msgspec.ValidationError):
            rows.append(_row.decode(raw))
    return rows


_maindata = msgspec.json.Decoder(MainData)
_maindata_rows = msgspec.json.Decoder(_MainDataRows)
_delta = msgspec.json.Decoder(TorrentDelta)
_raw_rows = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(TorrentRow)


def changed_fields(delta: Any) -> Mapping[str, Any]:
    """Return the fields that a TorrentDelta has."""
    return {name: value for name in Torrent.__struct_fields__ if (value := getattr(delta, name)) is not UNSET}
