"""Which limits, tracker rows and obligations hold for a torrent, by its qBittorrent and its category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.model import SeedingLimits, SeedingMode, TrackerRow  # noqa: TC001 - the fields of a Struct
from qbitrr.torrents import trackers
from qbitrr.torrents.hitandrun import Debts
from qbitrr.torrents.ownership import owner

if TYPE_CHECKING:
    from qbitrr.config.model import CategoryRules, QBit
    from qbitrr.worker.configuration import WorkerConfig


class Regime(Struct, frozen=True):
    """What holds for the torrents of one category on one qBittorrent."""

    limits: SeedingLimits
    rows: tuple[TrackerRow, ...]
    debts: Debts
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
        self._of_arr = {qbit.section: _of_arr(config, qbit) for qbit in config.qbits} if config.arr_section else {}
        self._of_category: dict[tuple[str, str | None], Regime] = {}

    def of(self, instance: str, category: str) -> Regime:
        """What holds for a torrent that belongs to a category."""
        if self._of_arr:
            return self._of_arr[instance]
        home = owner(category, self._config.own_categories, self._config.parents)
        if (instance, home) not in self._of_category:
            self._of_category[instance, home] = _of_category(self._config, home)
        return self._of_category[instance, home]

    def rows(self, instance: str) -> tuple[TrackerRow, ...]:
        """The tracker rows that hold on a qBittorrent for all of the worker's torrents."""
        return self.of(instance, "").rows


def rules_for(qbit: QBit, category: str | None) -> CategoryRules:
    """`CategorySeeding.Categories` of a managed category, else `CategorySeeding`."""
    rows = (row for row in qbit.category_seeding.categories if row.name == category)
    return next(rows, qbit.category_seeding)


def _of_arr(config: WorkerConfig, qbit: QBit) -> Regime:
    mode: SeedingMode = config.arr.torrent.seeding
    rows = trackers.merged(config.shared_rows, qbit.trackers, config.arr.torrent.trackers)
    return Regime(mode, rows, Debts(rows), mode.remove_dead_trackers, mode.remove_tracker_with_message)


def _of_category(config: WorkerConfig, category: str | None) -> Regime:
    rules = rules_for(config.qbit, category)
    rows = trackers.merged(config.shared_rows, config.qbit.trackers)
    return Regime(rules, rows, Debts(rows, rules.hit_and_run))
