"""Seeding limits: which ones govern a torrent, whether they are reached, and which rates to write."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.rules import trackers

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.config.model import RemoveTorrent, SeedingLimits, TrackerRow
    from qbitrr.rules.facts import SeedingFacts

_NEVER: RemoveTorrent = -1


def ratio_in_facts(ratio: float) -> float | None:
    """Round a ratio for display; None for infinity, which JSON cannot hold."""
    return round(ratio, 3) if math.isfinite(ratio) else None


class EffectiveLimits(Struct, frozen=True, gc=False):
    """Limits that govern one torrent. 0 or less is no limit; a rate of -1 is left as it is."""

    remove: RemoveTorrent = _NEVER
    ratio: float = -1.0
    seconds: float = -1.0
    download_limit: int = -1
    upload_limit: int = -1
    super_seed: bool = False


def limits_for(category: SeedingLimits, rows: tuple[TrackerRow, ...]) -> EffectiveLimits:
    """Combine the limits of a category with those of the rows that match a torrent (see `trackers.matching`).

    Of several rows the highest ratio and the longest time apply, so that no tracker gets less than it asks for; of
    rates those of the row with the highest priority.
    """
    return EffectiveLimits(
        remove=category.remove_torrent,
        ratio=_or(trackers.most_protective(rows, lambda row: row.max_upload_ratio), category.max_upload_ratio),
        seconds=_or(trackers.most_protective(rows, lambda row: row.max_seeding_seconds), category.max_seeding_seconds),
        download_limit=_rate(
            rows, lambda row: row.download_limit_bytes_per_second, category.download_limit_bytes_per_second
        ),
        upload_limit=_rate(rows, lambda row: row.upload_limit_bytes_per_second, category.upload_limit_bytes_per_second),
        super_seed=any(row.super_seed_mode for row in trackers.governing(rows)),
    )


class SeedingProgress(Struct, frozen=True):
    """Whether the limits are reached. `in_seconds` is how soon time alone may change that, None for never."""

    reached: bool
    because: str
    facts: dict[str, Any]
    in_seconds: float | None = None


def progress(torrent: SeedingFacts, limits: EffectiveLimits) -> SeedingProgress:
    """Check by `RemoveTorrent` whether a complete torrent has reached its limits.

    Share limits that were set on the torrent raise those of the configuration and never lower them: it is kept until
    one of them is reached, as qBittorrent itself does. One for which the user chose no limit is kept.
    """
    ratio = max(limits.ratio, torrent.own_ratio_limit) if limits.ratio > 0 else -1.0
    seconds = max(limits.seconds, torrent.own_seconds_limit) if limits.seconds > 0 else -1.0
    facts: dict[str, Any] = {
        "RemoveTorrent": limits.remove,
        "ratio": ratio_in_facts(torrent.ratio),
        "ratio_limit": _in_facts(ratio),
        "seeding_seconds": int(torrent.seconds),
        "seeding_limit_seconds": _in_facts(seconds),
    }
    own = {"own_ratio_limit": torrent.own_ratio_limit, "own_limit_seconds": torrent.own_seconds_limit}
    facts |= {name: _in_facts(limit) for name, limit in own.items() if limit > 0}
    if limits.remove == _NEVER:
        return SeedingProgress(False, "RemoveTorrent removes nothing", facts)
    if not torrent.complete:
        return SeedingProgress(False, "it is not complete", facts)
    if torrent.super_seeding or torrent.forced:
        return SeedingProgress(False, _BY_FORCE, facts)
    by_ratio, by_time = _reached(torrent.ratio, ratio), _reached(torrent.seconds, seconds)
    if not _by_mode(limits.remove, by_ratio, by_time):
        return SeedingProgress(False, "its seeding limits are not reached", facts, _until(torrent, seconds))
    if not _own_limits_are_met(torrent):
        return SeedingProgress(False, _OWN_LIMITS, facts, _until(torrent, torrent.own_seconds_limit))
    return SeedingProgress(True, _REACHED[limits.remove], facts)


def kept_in_client(torrent: SeedingFacts) -> tuple[str, float | None] | None:
    """Say how the user keeps a torrent by what is set on it, and for how many seconds at least; None when not at all.

    The seconds are None when time alone does not end it.
    """
    if torrent.super_seeding or torrent.forced:
        return _BY_FORCE, None
    if not _own_limits_are_met(torrent):
        return _OWN_LIMITS, _until(torrent, torrent.own_seconds_limit)
    return None


_BY_FORCE = "it is seeded by force or in super seeding mode"
_OWN_LIMITS = "the share limits that were set on it in qBittorrent are not reached"
_REACHED = {
    1: "its ratio is reached",
    2: "its seeding time is reached",
    3: "its ratio or its seeding time is reached",
    4: "its ratio and its seeding time are reached",
}


def _in_facts(limit: float) -> float | str | None:
    """A limit for display: JSON cannot hold infinity."""
    return None if limit <= 0 else limit if math.isfinite(limit) else "none, as the user set it"


def _by_mode(remove: RemoveTorrent, by_ratio: bool, by_time: bool) -> bool:
    return {1: by_ratio, 2: by_time, 3: by_ratio or by_time, 4: by_ratio and by_time}.get(remove, False)


def _reached(value: float, limit: float) -> bool:
    """Whether a limit is reached; an infinite ratio does not reach "no limit"."""
    return 0 < limit <= value and limit < math.inf


def _own_limits_are_met(torrent: SeedingFacts) -> bool:
    own = (torrent.own_ratio_limit, torrent.ratio), (torrent.own_seconds_limit, torrent.seconds)
    given = [_reached(value, limit) for limit, value in own if limit > 0]
    return any(given) or not given


def _until(torrent: SeedingFacts, seconds: float) -> float | None:
    """Time left until a seeding time is reached; None if it is, or if it does not grow."""
    grows = torrent.counting and torrent.seconds < seconds < math.inf
    return seconds - torrent.seconds if grows else None


class RateLimits(Struct, frozen=True, gc=False):
    """Limits to write to a torrent; None is left alone. Rates in bytes per second, 0 for no limit."""

    download_limit: int | None = None
    upload_limit: int | None = None
    super_seed: bool = False

    def __bool__(self) -> bool:
        return self.download_limit is not None or self.upload_limit is not None or self.super_seed


def settings_to_write(torrent: SeedingFacts, limits: EffectiveLimits) -> RateLimits:
    """List what differs from the limits. -1 is never written; super seeding is switched on and never off."""
    return RateLimits(
        download_limit=_to_write(limits.download_limit, torrent.download_limit),
        upload_limit=_to_write(limits.upload_limit, torrent.upload_limit),
        super_seed=limits.super_seed and torrent.complete and not torrent.super_seeding,
    )


def _to_write(limit: int, present: int) -> int | None:
    return limit if limit >= 0 and limit != max(present, 0) else None


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _rate(rows: tuple[TrackerRow, ...], value: Callable[[TrackerRow], float], otherwise: int) -> int:
    return int(_or(trackers.first_set(rows, value), otherwise))
