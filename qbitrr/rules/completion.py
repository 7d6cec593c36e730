"""When the next download may be complete, so that a pass comes right then and not after the usual pause."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr.rules import states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import TorrentFacts

SHORTEST_SECONDS = 0.5
"""Least time between two passes because of a completion."""
OVERDUE_SECONDS = 5.0
"""For so long after its expected time a download that says nothing new is still expected to be complete soon."""
STARTING_SECONDS = 30.0
"""For so long after a download was added its rate may not be known yet."""
FASTEST_BYTES_PER_SECOND = 125_000_000
_SHARE = 0.75  # of the expected time: a rate may grow
_UNKNOWN_SECONDS = 8_640_000  # what qBittorrent reports when it knows no ETA
_ARRIVING = states.TRYING | states.FORCED


def expected_in(torrent: TorrentFacts, now: float) -> float:
    """Estimate the seconds until a download is complete; infinite when it gets on too little to tell.

    By its ETA; while it starts and has none, by its size at the best rate there is.
    """
    if torrent.complete or not torrent.left_bytes or torrent.state not in _ARRIVING:
        return math.inf
    if 0 <= torrent.eta_seconds < _UNKNOWN_SECONDS:
        return float(torrent.eta_seconds)
    if abs(now - torrent.added_at) < STARTING_SECONDS:
        return torrent.left_bytes / FASTEST_BYTES_PER_SECOND
    return math.inf


def next_pass_in(expected: Iterable[float]) -> float:
    """Choose the seconds until the next pass, by the seconds until each download is expected to be complete.

    Infinite when nothing is near its end: the usual pause counts then.
    """
    soonest = min((seconds for seconds in expected if seconds > -OVERDUE_SECONDS), default=math.inf)
    return max(SHORTEST_SECONDS, soonest * _SHARE)
