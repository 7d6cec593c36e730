"""Policies: the configuration as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.model import MakeRoom, SeedingLimits, TrackerRow
from qbitrr.config.model.arr import Superseded  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.config.model.downloads import DownloadRange  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.config.model.modes import MODES, MODES_OF_RULES, RULES_BY_PRIVACY, RuleMode
from qbitrr.rules import seeding, trackers
from qbitrr.rules.hit_and_run import HitAndRunRules  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.messages import MessageRule  # noqa: TC001 - msgspec resolves the types of fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.seeding import EffectiveLimits


class Policy(Struct, frozen=True, gc=False):
    """What governs the torrents of one category."""

    ignore_younger_than_seconds: int
    stalled_delay_seconds: int
    """-1: stalled torrents stay; 0: they stay and are tagged."""
    failed_category: str = "failed"
    recheck_category: str = "recheck"
    protect_tags: frozenset[str] = frozenset()
    tagless: bool = False
    guards_space: bool = True
    with_arr: bool = True
    """Whether the torrents belong to an Arr, which lists and imports them."""
    strikes: int = 1
    search_stalled_again: bool = False
    maximum_eta_seconds: int = -1
    eta_rows: Mapping[str, tuple[TrackerRow, ...]] = {}
    """By qBittorrent, the tracker rows with a `MaximumETA`."""
    keep_slow: bool = True
    minimum_speed: int = 0
    """Bytes per second; 0: none."""
    slow_delay_seconds: int = 1800
    ranges: tuple[DownloadRange, ...] = ()
    maximum_deletable_progress: float = 0.99
    filters_files: bool = False
    auto_delete: bool = False
    messages: tuple[MessageRule, ...] = ()
    """What comes of messages of the Arr, the first that matches; one that none matches is left to the user."""
    enforces_custom_formats: bool = False
    forces_minimum_custom_format: bool = False
    most_failed_grabs: int = 0
    """0: no limit."""
    remove_unregistered: bool = False
    remove_superseded: Superseded = "off"
    make_room: MakeRoom = MakeRoom()
    """What goes when a download needs its space, and what stays."""
    private_modes: Mapping[str, RuleMode] = {}
    public_modes: Mapping[str, RuleMode] = {}
    """By name of a rule, or `default` for all others that fail a torrent."""

    def mode(self, rule: str, *, private: bool | None) -> RuleMode:
        """The mode of a rule for a torrent; the milder of both when it may be private."""
        if private is None:
            return milder(self.mode(rule, private=True), self.mode(rule, private=False))
        if rule not in MODES_OF_RULES:
            return "act"
        modes = self.private_modes if private else self.public_modes
        if rule not in RULES_BY_PRIVACY:
            return modes.get(rule, "act")
        return modes.get(rule, modes.get("default", _PRIVATE if private else _PUBLIC))

    @property
    def shadows(self) -> bool:
        """Whether what some rule asks for is recorded only."""
        return "shadow" in (*self.private_modes.values(), *self.public_modes.values())

    def stalled_delay_for(self, torrent: TorrentFacts) -> int:
        """How long a download may stall, in seconds, or -1 or 0. A range only ever gives it more time."""
        delay = self.stalled_delay_seconds
        if delay <= 0 or not self.ranges:
            return delay
        return max(delay, _first(self._ranges_of(torrent), lambda row: row.stalled_delay_seconds, delay))

    def minimum_speed_for(self, torrent: TorrentFacts) -> int:
        """The speed below which a download is slow, in bytes per second; 0 for none."""
        if not self.ranges:
            return self.minimum_speed
        return _first(self._ranges_of(torrent), lambda row: row.minimum_speed_bytes_per_second, self.minimum_speed)

    def _ranges_of(self, torrent: TorrentFacts) -> Iterator[DownloadRange]:
        return (row for row in self.ranges if _is_in(row, torrent.progress, torrent.size_bytes))

    def maximum_eta_for(self, torrent: TorrentFacts) -> int:
        """How long a download may take with its working tracker, in seconds; 0 or less for no limit."""
        rows = self.eta_rows.get(torrent.instance)
        rows = trackers.matching(rows, (torrent.tracker,)) if rows else ()
        return rows[0].maximum_eta_seconds if rows else self.maximum_eta_seconds


def _is_in(row: DownloadRange, progress: float, size_bytes: int) -> bool:
    if not row.from_progress <= progress <= row.up_to_progress:
        return False
    return row.from_size_bytes <= size_bytes and not 0 <= row.up_to_size_bytes < size_bytes


def _first(rows: Iterable[DownloadRange], value: Callable[[DownloadRange], int], default: int) -> int:
    """Read a value from the first row that has it."""
    return next((value(row) for row in rows if value(row) >= 0), default)


_PRIVATE: RuleMode = "off"
_PUBLIC: RuleMode = "act"


def milder(one: RuleMode, other: RuleMode) -> RuleMode:
    """The milder of two modes."""
    return min(one, other, key=MODES.index)


class SeedingPolicy(Struct, frozen=True, dict=True):
    """What governs seeding in one category on one qBittorrent: limits, tracker rows and minimums."""

    limits: SeedingLimits
    rows: tuple[TrackerRow, ...]
    hit_and_run: HitAndRunRules
    removes_dead_trackers: bool = False
    dead_messages: tuple[str, ...] = ()

    @cached_property
    def limits_without_rows(self) -> EffectiveLimits:
        """Limits of a torrent that no row matches; made once for thousands of them."""
        return seeding.limits_for(self.limits, ())

    def limits_for(self, announces: tuple[str, ...]) -> EffectiveLimits:
        """Combine the limits with those of the rows that match a torrent."""
        rows = trackers.matching(self.rows, announces)
        return seeding.limits_for(self.limits, rows) if rows else self.limits_without_rows

    @cached_property
    def depends_on_trackers(self) -> bool:
        """Whether it makes a difference which trackers a torrent has."""
        return bool(self.rows) or self.removes_dead_trackers or self.hit_and_run.any
