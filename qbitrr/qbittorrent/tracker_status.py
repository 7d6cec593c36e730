"""Status of a torrent according to the messages of its trackers.

Only the tracker's own answer that it does not know a torrent is evidence against it. Names that do not resolve, refused
connections, time limits, TLS and HTTP errors are about the connection to the tracker and never evidence.

Source of the statuses: qBittorrent's Web API page (`torrents/trackers`), and what 4.5.2, 5.1.0 and 5.3.0 answer. Until
5.1 status 4 stands for every kind of failure; since 5.2 a tracker's own refusal is 5 and one out of reach is 6.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from qbitrr.rules.trackers import host_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from qbitrr.qbittorrent.models import Tracker

WORKING = 2
FAILING = frozenset({4, 5})
_DISABLED = 0
_REFUSED = 5
_DHT = "** [DHT] **"

_UNREGISTERED = frozenset(
    {
        "info hash is not authorized",
        "info hash is not authorized with this tracker",
        "info hash not found",
        "infohash not found",
        "not registered",
        "requested download is not authorized for use with this tracker",
        "torrent does not exist",
        "torrent doesn't exist",
        "torrent has been deleted",
        "torrent has been removed",
        "torrent is not authorized for use on this tracker",
        "torrent is not found",
        "torrent is not registered",
        "torrent is not registered with this tracker",
        "torrent not exists",
        "torrent not found",
        "torrent not registered",
        "torrent not registered with this tracker",
        "unknown torrent",
        "unregistered torrent",
    }
)
"""Word for word, apart from case, blanks and punctuation at the end."""

_CONNECTION_ERROR = re.compile(
    r"""unreachable | no\ such\ host | host\ not\ found | not\ resolve | name\ (or\ service\ )?not\ known
      | unsupported\ url\ protocol | connection | connect\b | timed?\ ?out | reset\ by | refused | no\ route
      | network | socket | handshake | certificate | \bssl\b | \btls\b | end\ of\ file | stream\ truncated
      | broken\ pipe | operation\ (was\ )?(canceled|aborted) | bad\ gateway | gateway | service\ unavailable
      | internal\ server\ error | too\ many\ requests | http\ error | moved | redirect | temporar | overload
      | maintenance | \b(4[0-9]{2}|5[0-9]{2})\b | invalid\ (response|bencod) | expected\ value | unexpected
    """,
    re.VERBOSE,
)


class TrackerStatus(StrEnum):
    """Answer of a tracker about a torrent."""

    NOTHING = "nothing"
    """No evidence: unreachable, not asked yet, or some other message."""
    WORKS = "works"
    UNREGISTERED = "unregistered"
    """It does not know the torrent."""


def tracker_status(status: int, message: str) -> TrackerStatus:
    """Interpret a tracker's row in `torrents/trackers`."""
    if status == WORKING:
        return TrackerStatus.WORKS
    if status in FAILING and _plain(message) in _UNREGISTERED:
        return TrackerStatus.UNREGISTERED
    return TrackerStatus.NOTHING


def is_dead(status: int, message: str, listed: Collection[str]) -> bool:
    """Whether a row marks its tracker as dead for the torrent: unregistered, or as `RemoveTrackerWithMessage` lists.

    The texts of that list are parts of messages, in any case. Messages about the connection do not count, listed or
    not.
    """
    if status not in FAILING:
        return False
    plain = _plain(message)
    if plain in _UNREGISTERED:
        return True
    return (
        bool(plain)
        and not is_connection_error(message)
        and any(_plain(part) in plain for part in listed if part.strip())
    )


def is_connection_error(message: str) -> bool:
    """Whether a message is about the connection to a tracker and not about the torrent."""
    return bool(_CONNECTION_ERROR.search(_plain(message)))


def _plain(message: str) -> str:
    return " ".join(message.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).rstrip(" .!;:")


def out_of_reach(rows: Iterable[Tracker]) -> bool:
    """Whether none of a torrent's trackers has answered about it, not even with a refusal; false without trackers."""
    statuses = [row for row in rows if host_of(row.url) and row.status != _DISABLED]
    return bool(statuses) and not any(_answered(row) for row in statuses)


def _answered(row: Tracker) -> bool:
    return row.status in (WORKING, _REFUSED) or tracker_status(row.status, row.msg) is TrackerStatus.UNREGISTERED


def is_private(rows: Iterable[Tracker]) -> bool | None:
    """Whether a torrent is private: then the row of the DHT has a message, in the language of the Web UI.

    None without such a row.
    """
    return next((bool(row.msg) for row in rows if row.url == _DHT), None)
