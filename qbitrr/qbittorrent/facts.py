"""Torrents of qBittorrent's Web API as facts for the rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr.rules.facts import SeedingFacts, TorrentFacts
from qbitrr.rules.states import FORCED_SEEDING, SEEDING
from qbitrr.units import MINUTE

if TYPE_CHECKING:
    from qbitrr.qbittorrent.models import Torrent


def torrent_facts(instance: str, infohash: str, torrent: Torrent) -> TorrentFacts:
    """Translate one torrent."""
    return TorrentFacts(
        instance=instance,
        infohash=infohash,
        name=torrent.name,
        category=torrent.category,
        tags=frozenset(tag for part in torrent.tags.split(",") if (tag := part.strip())),
        state=torrent.state,
        progress=torrent.progress,
        left_bytes=torrent.amount_left,
        size_bytes=torrent.size,
        added_at=torrent.added_on,
        completed_at=torrent.completion_on if torrent.completion_on > 0 else None,
        last_activity_at=torrent.last_activity,
        content_path=torrent.content_path,
        save_path=torrent.save_path,
        eta_seconds=torrent.eta,
        availability=torrent.availability,
        tracker=torrent.tracker,
        seeding=_seeding(torrent),
        private=torrent.private,
    )


def _seeding(torrent: Torrent) -> SeedingFacts:
    own_ratio, own_seconds = own_limits(torrent.ratio_limit, torrent.seeding_time_limit)
    return SeedingFacts(
        complete=torrent.completion_on > 0 and torrent.amount_left == 0 and torrent.size > 0,
        progress=torrent.progress,
        ratio=ratio_of(torrent.ratio),
        seconds=torrent.seeding_time,
        own_ratio_limit=own_ratio,
        own_seconds_limit=own_seconds,
        download_limit=torrent.dl_limit,
        upload_limit=torrent.up_limit,
        super_seeding=torrent.super_seeding,
        forced=torrent.state == FORCED_SEEDING,
        counting=torrent.state in SEEDING,
    )


def ratio_of(ratio: float) -> float:
    """Translate a ratio; -1 on the wire stands for infinity."""
    return math.inf if ratio < 0 else ratio


def own_limits(ratio_limit: float, minutes_limit: float) -> tuple[float, float]:
    """Translate the share limits of one torrent into a ratio and seconds, -1 for none.

    On the wire -1 is no limit and -2 the client's own.
    """
    return ratio_limit if ratio_limit > 0 else -1.0, minutes_limit * MINUTE if minutes_limit > 0 else -1.0
