"""Policies: the configuration as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields
from typing import Literal

from msgspec import Struct

from qbitrr.config.model import SeedingLimits, TrackerRow  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules import trackers
from qbitrr.rules.hit_and_run import HitAndRunRules  # noqa: TC001 - msgspec resolves the types of fields

Stance = Literal["act", "tag", "leave"]
"""What a rule that would fail a torrent may do: act, only tag it, or nothing."""


class Policy(Struct, frozen=True, gc=False):
    """What governs the torrents of one category."""

    ignore_younger_than_seconds: int
    stalled_delay_seconds: int
    """-1: stalled torrents stay; 0: they stay and are tagged."""
    failed_category: str = "failed"
    recheck_category: str = "recheck"
    protect_tags: frozenset[str] = frozenset()
    tagless: bool = False
    with_arr: bool = True
    """Whether the torrents belong to an Arr, which lists and imports them."""
    strikes: int = 1
    search_stalled_again: bool = False
    maximum_eta_seconds: int = -1
    eta_rows: tuple[TrackerRow, ...] = ()
    """The tracker rows with a `MaximumETA`."""
    keep_slow: bool = True
    maximum_deletable_progress: float = 0.99
    filters_files: bool = False
    auto_delete: bool = False
    error_messages: frozenset[str] = frozenset()
    enforces_custom_formats: bool = False
    forces_minimum_custom_format: bool = False
    most_failed_grabs: int = 0
    """0: no limit."""
    remove_unregistered: bool = False
    private_stances: Mapping[str, Stance] = {}
    public_stances: Mapping[str, Stance] = {}
    """By name of a rule, or `default` for all others."""

    def stance(self, rule: str, *, private: bool) -> Stance:
        """What a rule may do to a torrent that it would fail."""
        stances, default = (self.private_stances, _PRIVATE) if private else (self.public_stances, _PUBLIC)
        return stances.get(rule, stances.get("default", default))

    def maximum_eta_for(self, announce: str) -> int:
        """The longest download time with this working tracker, in seconds; 0 or less for no limit."""
        rows = trackers.matching(self.eta_rows, (announce,)) if self.eta_rows else ()
        return rows[0].maximum_eta_seconds if rows else self.maximum_eta_seconds


_PRIVATE: Stance = "leave"
_PUBLIC: Stance = "act"


class SeedingPolicy(Struct, frozen=True):
    """What governs seeding in one category on one qBittorrent: limits, tracker rows and minimums."""

    limits: SeedingLimits
    rows: tuple[TrackerRow, ...]
    hit_and_run: HitAndRunRules
    removes_dead_trackers: bool = False
    dead_messages: tuple[str, ...] = ()

    @property
    def depends_on_trackers(self) -> bool:
        """Whether it makes a difference which trackers a torrent has."""
        return bool(self.rows) or self.removes_dead_trackers or self.hit_and_run.any
