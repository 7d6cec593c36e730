"""A torrent, a category and the state of the server as qBittorrent writes them, by version of its Web API.

Fields and values: seen on 4.5.2 (API 2.8.19, 48 fields), 5.1.0 (2.11.4, 56) and 5.3.0 (2.16.2, 69).
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.torrent import Torrent

Row = dict[str, Any]
ApiVersion = tuple[int, ...]

STOP_START = (2, 11, 0)
"""From here on torrents are stopped, not paused."""
API_KEYS = (2, 14, 0)
"""From here on there are API keys and logins are answered by their status."""
PIECE_BYTES = 4 << 20

_OLD_STATES = {"stoppedDL": "pausedDL", "stoppedUP": "pausedUP"}
_NO_LIMIT, _GLOBAL_LIMIT = -1, -2
_SAME_FOR_ALL: Row = {
    "auto_tmm": False,
    "download_path": "",
    "f_l_piece_prio": False,
    "force_start": False,
    "infohash_v2": "",
    "seq_dl": False,
}


def state(torrent: Torrent, api: ApiVersion) -> str:
    """The state by its name in this version."""
    return torrent.state if api >= STOP_START else _OLD_STATES.get(torrent.state, torrent.state)


def torrent_row(torrent: Torrent, api: ApiVersion, position: int = 0) -> Row:
    """All fields that `sync/maindata` has of a torrent; `position` is its place in the queue."""
    known = torrent.has_metadata
    size = torrent.selected_size if known else 0
    done = int(size * torrent.progress)
    never = 0 if api < STOP_START else -1
    alive = known and not torrent.tracker_complaint
    row: Row = {
        **_SAME_FOR_ALL,
        "added_on": int(torrent.added_on),
        "amount_left": size - done,
        "availability": _availability(torrent),
        "category": torrent.category,
        "completed": done,
        "completion_on": never if torrent.completion_on is None else int(torrent.completion_on),
        "content_path": torrent.content_path,
        "dl_limit": torrent.download_limit,
        "dlspeed": int(torrent.download_rate),
        "downloaded": done,
        "downloaded_session": done,
        "eta": torrent.eta_seconds,
        "infohash_v1": torrent.infohash,
        "last_activity": int(torrent.last_activity),
        "magnet_uri": f"magnet:?xt=urn:btih:{torrent.infohash}&dn={quote(torrent.name)}",
        "max_ratio": max(_NO_LIMIT, torrent.ratio_limit),
        "max_seeding_time": max(_NO_LIMIT, torrent.seeding_minutes_limit),
        "name": torrent.name,
        "num_complete": 12 if alive else 0,
        "num_incomplete": 3 if alive else 0,
        "num_leechs": int(torrent.upload_rate > 0),
        "num_seeds": 5 if torrent.download_rate else 0,
        "priority": position,
        "progress": torrent.progress,
        "ratio": torrent.ratio,
        "ratio_limit": torrent.ratio_limit,
        "save_path": torrent.save_path,
        "seeding_time": int(torrent.reported_seconds[1]),
        "seeding_time_limit": torrent.seeding_minutes_limit,
        "seen_complete": int(torrent.last_activity) if torrent.complete else never,
        "size": size,
        "state": state(torrent, api),
        "super_seeding": torrent.super_seeding,
        "tags": ", ".join(sorted(torrent.tags)),
        "time_active": int(torrent.reported_seconds[0]),
        "total_size": torrent.total_size if known else -1,
        "tracker": torrent.tracker if alive else "",
        "trackers_count": len(torrent.trackers),
        "up_limit": torrent.upload_limit,
        "uploaded": int(torrent.uploaded),
        "uploaded_session": int(torrent.uploaded),
        "upspeed": int(torrent.upload_rate),
    }
    if api >= STOP_START:
        row |= _since_5_0(torrent, row)
    if api >= API_KEYS:
        row |= _since_5_2(torrent)
    return row


def _since_5_0(torrent: Torrent, row: Row) -> Row:
    in_folder = torrent.has_metadata and "/" in torrent.files[0].path
    folder = f"{torrent.save_path}/{torrent.files[0].path.partition('/')[0]}" if in_folder else ""
    fields: Row = {
        "comment": "",
        "has_metadata": torrent.has_metadata,
        "inactive_seeding_time_limit": _GLOBAL_LIMIT,
        "max_inactive_seeding_time": _NO_LIMIT,
        "popularity": row["ratio"],
        "reannounce": 0 if torrent.stopped else 1200,
        "root_path": folder,
    }
    return fields | ({"private": torrent.private} if torrent.has_metadata else {})


def _since_5_2(torrent: Torrent) -> Row:
    pieces = -(-torrent.total_size // PIECE_BYTES) if torrent.has_metadata else -1
    return {
        "connections_count": 5 if torrent.download_rate else 0,
        "connections_limit": 100,
        "created_by": "",
        "creation_date": -1,
        "has_other_announce_error": False,
        "has_tracker_error": bool(torrent.tracker_complaint),
        "has_tracker_warning": False,
        "piece_size": PIECE_BYTES if torrent.has_metadata else -1,
        "pieces_have": int(pieces * torrent.progress) if torrent.has_metadata else 0,
        "pieces_num": pieces,
        "share_limit_action": "Default",
        "share_limits_mode": "Default",
        "total_wasted": 0,
    }


# torrents/info has the infohash besides, and not these
_MAINDATA_ONLY = ("has_other_announce_error", "has_tracker_error", "has_tracker_warning")


def info_row(torrent: Torrent, api: ApiVersion, position: int = 0) -> Row:
    """All fields that `torrents/info` has of a torrent; `position` is its place in the queue."""
    row = torrent_row(torrent, api, position) | {"hash": torrent.infohash}
    if api >= STOP_START:
        row.setdefault("private", None)
    for name in _MAINDATA_ONLY:
        row.pop(name, None)
    return row


def _availability(torrent: Torrent) -> float:
    if torrent.complete:
        return -1
    if not torrent.has_metadata:
        return 0
    return 5.0 if torrent.download_rate else torrent.progress


def category_row(name: str, save_path: str, api: ApiVersion) -> Row:
    """A category in `torrents/categories` and `sync/maindata`."""
    row: Row = {"name": name, "savePath": save_path}
    if api >= API_KEYS:
        row |= {
            "download_path": None,
            "inactive_seeding_time_limit": _GLOBAL_LIMIT,
            "ratio_limit": _GLOBAL_LIMIT,
            "seeding_time_limit": _GLOBAL_LIMIT,
            "share_limit_action": "Default",
            "share_limits_mode": "Default",
        }
    return row


def tracker_rows(torrent: Torrent, api: ApiVersion) -> list[Row]:
    """`torrents/trackers`: three that are none, then the trackers. Status 2 works; 4, since 5.2 also 5, does not."""
    nothing = {"msg": "", "num_downloaded": 0, "num_leeches": 0, "num_peers": 0, "num_seeds": 0, "status": 0}
    rows: list[Row] = [nothing | {"tier": -1, "url": f"** [{name}] **"} for name in ("DHT", "PeX", "LSD")]
    if torrent.private and torrent.has_metadata:
        rows = [row | {"msg": "This torrent is private"} for row in rows]
    failed = 5 if api >= API_KEYS else 4
    tracker: Row = {
        "msg": torrent.tracker_complaint,
        "num_downloaded": -1 if torrent.tracker_complaint else 40,
        "num_leeches": -1 if torrent.tracker_complaint else 3,
        "num_peers": -1 if torrent.tracker_complaint else 15,
        "num_seeds": -1 if torrent.tracker_complaint else 12,
        "status": failed if torrent.tracker_complaint else 2,
    }
    if api >= API_KEYS:
        tracker |= {"endpoints": [], "min_announce": 0, "next_announce": 0, "updating": False}
    return [*rows, *(tracker | {"tier": tier, "url": url} for tier, url in enumerate(torrent.trackers))]


def file_rows(torrent: Torrent) -> list[Row]:
    """`torrents/files`; nothing without metadata."""
    if not torrent.has_metadata:
        return []
    ends = list(accumulate(file.size for file in torrent.files))
    rows: list[Row] = [
        {
            "availability": _availability(torrent),
            "index": index,
            "name": file.path,
            "piece_range": [(ends[index] - file.size) // PIECE_BYTES, max(0, ends[index] - 1) // PIECE_BYTES],
            "priority": file.priority,
            "progress": torrent.progress if file.priority else 0,
            "size": file.size,
        }
        for index, file in enumerate(torrent.files)
    ]
    rows[0]["is_seed"] = torrent.complete
    return rows


def transfer_info(client: DownloadClient, api: ApiVersion) -> Row:
    """`transfer/info`."""
    torrents = client.torrents.values()
    row: Row = {
        "connection_status": client.connection_status,
        "dht_nodes": 0,
        "dl_info_data": int(sum(t.selected_size * t.progress for t in torrents)),
        "dl_info_speed": int(sum(t.download_rate for t in torrents)),
        "dl_rate_limit": 0,
        "up_info_data": int(sum(t.uploaded for t in torrents)),
        "up_info_speed": int(sum(t.upload_rate for t in torrents)),
        "up_rate_limit": 0,
    }
    if api >= STOP_START:
        row |= {"last_external_address_v4": "", "last_external_address_v6": ""}
    return row


def server_state(client: DownloadClient, api: ApiVersion) -> Row:
    """`server_state` in `sync/maindata`."""
    row = transfer_info(client, api) | {
        "alltime_dl": 0,
        "alltime_ul": 0,
        "average_time_queue": 20,
        "free_space_on_disk": client.free_bytes,
        "global_ratio": "-",
        "queued_io_jobs": 0,
        "queueing": client.queueing,
        "read_cache_hits": "0",
        "read_cache_overload": "0",
        "refresh_interval": 1500,
        "total_buffers_size": 0,
        "total_peer_connections": 0,
        "total_queued_size": 0,
        "total_wasted_session": 0,
        "use_alt_speed_limits": client.alternative_speed,
        "write_cache_overload": "0",
    }
    if API_KEYS > api >= STOP_START:
        row |= {"use_subcategories": False}
    if api >= API_KEYS:
        row |= {"queued_tracker_announces": 0, "request_latency": 0, "session_state": False}
    return row
