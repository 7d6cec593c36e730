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
STARTING_SECONDS = 30.0
"""For so long after a download was added, its rate is not known yet or only just rises."""
OVERDUE_SECONDS = 30.0
"""For so long after its expected time a download that says nothing new is still expected to be complete soon."""
ARRIVING_SECONDS = 5.0
"""For so long after the Arr grabbed a release, its torrent may not be listed by qBittorrent yet."""
STALE_SECONDS = 1.5
"""Age that an ETA may have: how often qBittorrent renews its numbers when nothing else is set."""
FASTEST_BYTES_PER_SECOND = 125_000_000
_SHARE = 0.5  # of the expected time: a rate may double
_UNKNOWN_SECONDS = 8_640_000  # what qBittorrent reports when it knows no ETA
_ARRIVING = states.TRYING | states.FORCED


def expected_in(torrent: TorrentFacts, now: float) -> float:
    """Estimate the seconds until a download may be complete; infinite when it gets on too little to tell.

    By its ETA; while it starts, which ETAs do not foresee, by its size at the best rate there is when that is sooner.
    """
    if torrent.complete or not torrent.left_bytes or torrent.state not in _ARRIVING:
        return math.inf
    expected = float(torrent.eta_seconds) if 0 <= torrent.eta_seconds < _UNKNOWN_SECONDS else math.inf
    if abs(now - torrent.added_at) < STARTING_SECONDS:
        return min(expected, torrent.left_bytes / FASTEST_BYTES_PER_SECOND)
    return expected


def next_pass_in(expected: Iterable[float]) -> float:
    """Choose the seconds until the next pass, by the seconds until each download is expected to be complete.

    Infinite when nothing is near its end: the usual pause counts then.
    """
    soonest = min((seconds for seconds in expected if seconds > -OVERDUE_SECONDS), default=math.inf)
    return max(SHORTEST_SECONDS, (soonest - STALE_SECONDS) * _SHARE)
