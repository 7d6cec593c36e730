"""Torrents as the supervisor shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr.ipc import TorrentRow
from qbitrr.rules.trackers import host_of

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts

# two hundred rows are one message
_MOST_TAGS = 8
_LONGEST_TAG = 40  # characters
_LONGEST_HOST = 100


def row(torrent: TorrentFacts) -> TorrentRow:
    """Make the row of a torrent: numbers that JSON can hold, and of its tracker only the host."""
    seeding = torrent.seeding
    return TorrentRow(
        instance=torrent.instance,
        infohash=torrent.infohash,
        state=torrent.state,
        progress=torrent.progress,
        size_bytes=torrent.size_bytes,
        left_bytes=torrent.left_bytes,
        eta_seconds=torrent.eta_seconds,
        ratio=seeding.ratio if math.isfinite(seeding.ratio) else -1.0,
        seeding_seconds=seeding.seconds,
        availability=torrent.availability,
        added_at=torrent.added_at,
        tags=tuple(tag[:_LONGEST_TAG] for tag in sorted(torrent.tags)[:_MOST_TAGS]),
        tracker=host_of(torrent.tracker)[:_LONGEST_HOST],
    )
