"""Which limits, tracker rows and obligations hold for a torrent, by its qBittorrent and its category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.model import SeedingLimits, SeedingMode, TrackerRow  # noqa: TC001 - the fields of a Struct
from qbitrr.rules import trackers
from qbitrr.rules.hit_and_run import HitAndRunRules
from qbitrr.rules.ownership import owner

if TYPE_CHECKING:
    from qbitrr.config.model import CategoryRules, QBit
    from qbitrr.worker.config import WorkerConfig


class SeedingPolicy(Struct, frozen=True):
    """What holds for the torrents of one category on one qBittorrent."""

    limits: SeedingLimits
    rows: tuple[TrackerRow, ...]
    debts: HitAndRunRules
    removes_dead_trackers: bool = False
    dead_messages: tuple[str, ...] = ()

    @property
    def depends_on_trackers(self) -> bool:
        """Whether it makes a difference which trackers a torrent has."""
        return bool(self.rows) or self.removes_dead_trackers or self.debts.any


class Regimes:
    """All that hold for the torrents of one worker.

    Tracker rows of `[qBit]` hold everywhere; those of the qBittorrent that has the torrent replace them, and those of
    the Arr replace both, host by host.
    """

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._known: dict[tuple[str, str | None], SeedingPolicy] = {}

    def of(self, instance: str, category: str) -> SeedingPolicy:
        """What holds for a torrent that belongs to a category."""
        config, home = self._config, None
        if config.arr_section is None:
            home = owner(category, config.own_categories, config.parents)
        if (instance, home) not in self._known:
            with_arr = config.arr_section is not None
            self._known[instance, home] = _of_arr(config, instance) if with_arr else _of_category(config, home)
        return self._known[instance, home]


def rules_for(qbit: QBit, category: str | None) -> CategoryRules:
    """`CategorySeeding.Categories` of a managed category, else `CategorySeeding`."""
    rows = (row for row in qbit.category_seeding.categories if row.name == category)
    return next(rows, qbit.category_seeding)


def _of_arr(config: WorkerConfig, instance: str) -> SeedingPolicy:
    mode: SeedingMode = config.arr.torrent.seeding
    own = next((qbit.trackers for qbit in config.qbits if qbit.section == instance), ())
    rows = trackers.merged(config.shared_rows, own, config.arr.torrent.trackers)
    return SeedingPolicy(mode, rows, HitAndRunRules(rows), mode.remove_dead_trackers, mode.remove_tracker_with_message)


def _of_category(config: WorkerConfig, category: str | None) -> SeedingPolicy:
    rules = rules_for(config.qbit, category)
    rows = trackers.merged(config.shared_rows, config.qbit.trackers)
    return SeedingPolicy(rules, rows, HitAndRunRules(rows, rules.hit_and_run))
