"""Torrents of qBittorrent's Web API as facts for the rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr.rules.facts import SeedingFacts, TorrentFacts
from qbitrr.rules.files import TorrentFile
from qbitrr.rules.orphan_folders import TorrentData
from qbitrr.rules.seed_value import SeedNumbers
from qbitrr.rules.shared_data import Content
from qbitrr.rules.states import FORCED_SEEDING, SEEDING
from qbitrr.units import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.qbittorrent.models import ContentPath, DataRow, File, Torrent
    from qbitrr.rules.facts import TorrentKey


_CLOCKS_DIFFER_SECONDS = 1.0 * DAY
"""A time that is later than now by less may come from a clock that is fast."""


def torrent_facts(key: TorrentKey, torrent: Torrent, now: float) -> TorrentFacts:
    """Translate one torrent as it was reported at `now` (epoch seconds). Values that cannot be are left out."""
    completed_at = _completed_at(torrent, now)
    return TorrentFacts(
        key=key,
        name=torrent.name,
        category=torrent.category,
        tags=frozenset(tag for part in torrent.tags.split(",") if (tag := part.strip())),
        state=torrent.state,
        progress=torrent.progress,
        left_bytes=torrent.amount_left,
        size_bytes=torrent.size,
        added_at=torrent.added_on,
        completed_at=completed_at,
        last_activity_at=torrent.last_activity,
        content_path=torrent.content_path,
        save_path=torrent.save_path,
        eta_seconds=torrent.eta,
        availability=torrent.availability,
        speed=torrent.dlspeed,
        tracker=torrent.tracker,
        seeding=_seeding(torrent, now, complete=completed_at is not None),
        private=torrent.private,
    )


def _completed_at(torrent: Torrent, now: float) -> float | None:
    """When a torrent was completed; None if it was not.

    Until 4.6 the completion time of an incomplete torrent is minus the offset of the client's time zone, which is a
    time in 1970 in the west. The time of a complete torrent may be wrong, as after a move from another client; then
    that at which it was added stands for it.
    """
    if torrent.completion_on <= 2 * DAY:
        return None
    if torrent.added_on <= torrent.completion_on <= now + _CLOCKS_DIFFER_SECONDS:
        return torrent.completion_on
    return torrent.added_on if torrent.amount_left == 0 and torrent.size > 0 else None


def _seeding(torrent: Torrent, now: float, *, complete: bool) -> SeedingFacts:
    own_ratio, own_seconds = own_limits(torrent.ratio_limit, torrent.seeding_time_limit)
    return SeedingFacts(
        complete=complete and torrent.amount_left == 0 and torrent.size > 0,
        progress=torrent.progress,
        ratio=ratio_of(torrent.ratio),
        seconds=possible_seeding_seconds(torrent.seeding_time, torrent.added_on, now),
        own_ratio_limit=own_ratio,
        own_seconds_limit=own_seconds,
        download_limit=torrent.dl_limit,
        upload_limit=torrent.up_limit,
        super_seeding=torrent.super_seeding,
        forced=torrent.state == FORCED_SEEDING,
        counting=torrent.state in SEEDING,
    )


def content(row: ContentPath) -> Content:
    """Translate where the data of a torrent is."""
    return Content(row.content_path, row.save_path, row.total_size)


def seed_numbers(row: ContentPath) -> SeedNumbers:
    """Translate what a seed is worth. The seed itself counts among those of its swarm."""
    return SeedNumbers(
        other_seeders=row.num_complete - 1 if row.num_complete > 0 else None,
        uploaded_bytes=row.uploaded if row.uploaded >= 0 else None,
    )


def torrent_files(rows: Iterable[File]) -> list[TorrentFile]:
    """Translate the file list of a torrent."""
    return [TorrentFile(row.index, row.name, row.size, row.priority, row.piece_range) for row in rows]


def ratio_of(ratio: float) -> float:
    """Translate a ratio; -1 on the wire stands for infinity."""
    return math.inf if ratio < 0 else ratio


def possible_seeding_seconds(seconds: float, added_at: float, now: float) -> float:
    """Limit a seeding time: no torrent seeds for longer than since it was added."""
    return max(0.0, min(seconds, now - added_at))


def own_limits(ratio_limit: float, minutes_limit: float) -> tuple[float, float]:
    """Translate the share limits of one torrent into a ratio and seconds; -1 for none of its own, `inf` for no end.

    On the wire -2 is the client's own limit, and -1 no limit, which the user chose. Beside a number of the other kind
    -1 only says that this kind was not set.
    """
    if ratio_limit > 0 or minutes_limit > 0:
        return ratio_limit if ratio_limit > 0 else -1.0, minutes_limit * MINUTE if minutes_limit > 0 else -1.0
    return math.inf if ratio_limit == _NO_LIMIT else -1.0, math.inf if minutes_limit == _NO_LIMIT else -1.0


_NO_LIMIT = -1


def torrent_data(row: DataRow) -> TorrentData:
    """Translate where a torrent has its data."""
    return TorrentData(
        infohash=row.hash,
        name=row.name,
        state=row.state,
        content_path=row.content_path,
        save_path=row.save_path,
        download_path=row.download_path,
        size_bytes=max(row.total_size, row.size),
        complete=row.amount_left == 0 and row.progress >= 1 and row.size > 0,
        has_data=row.progress > 0 and row.size > 0,
        other_infohashes=tuple(one for one in (row.infohash_v1, row.infohash_v2) if one),
    )
