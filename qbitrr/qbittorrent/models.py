"""The parts of qBittorrent's answers that are used, with its own field names.

Source: the Web API page of qBittorrent's wiki (`sync/maindata`, `torrents/info`), and what 4.5.2, 5.1.0 and 5.3.0
answer.
Sizes are bytes, rates bytes per second, times epoch seconds, durations seconds.
"""

from __future__ import annotations

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
    eta: int = 0  # 8640000 when it is not in sight
    availability: float = -1.0  # distributed copies; negative while it is not known
    tracker: str = ""  # the announce URL that works; empty when none does


# A delta of sync/maindata: the same fields, each of which may be absent.
TorrentDelta: Any = msgspec.defstruct(
    "TorrentDelta",
    [(f.name, f.type | UnsetType, UNSET) for f in msgspec.structs.fields(Torrent)],
    gc=False,
)


class TorrentRow(Torrent, frozen=True, gc=False, kw_only=True):
    """One torrent of `torrents/info`, which carries its infohash among the fields."""

    hash: str


class Place(Struct, frozen=True, gc=False):
    """Of a torrent of `torrents/info` only where its data lies."""

    hash: str
    content_path: str = ""


class File(Struct, frozen=True, gc=False):
    """One row of `torrents/files`. Before API 2.8.2 rows had no `index`, later ones do."""

    index: int
    name: str
    size: int
    priority: int = 1


class ServerState(Struct, frozen=True, gc=False):
    """What the client says of itself. A delta carries only what changed."""

    connection_status: str | UnsetType = UNSET  # connected, firewalled, disconnected


class MainData(Struct, frozen=True):
    """Answer of `sync/maindata`: everything when `full_update`, else what changed since request `rid`."""

    rid: int
    full_update: bool = False
    torrents: dict[str, TorrentDelta] = {}
    torrents_removed: list[str] = []
    server_state: ServerState = ServerState()


def changed_fields(delta: Any) -> Mapping[str, Any]:
    """The fields a TorrentDelta carries."""
    return {name: value for name in Torrent.__struct_fields__ if (value := getattr(delta, name)) is not UNSET}
