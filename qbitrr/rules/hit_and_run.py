"""The last question before a torrent is deleted: is anything owed to its trackers?

Several obligations may apply: of each tracker row that is about the torrent, and of its category. All must be met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.rules import trackers
from qbitrr.rules.seeding import ratio_in_facts

if TYPE_CHECKING:
    from qbitrr.config.model import HitAndRun, TrackerRow
    from qbitrr.rules.facts import SeedingFacts


class Announce(Struct, frozen=True, gc=False):
    """One tracker of a torrent. `gone`: it has said often enough that it does not know the torrent any more."""

    url: str
    gone: bool = False


class HitAndRunRules(Struct, frozen=True):
    """Whom something may be owed to: the rows that hold in a category, and the category itself."""

    rows: tuple[TrackerRow, ...] = ()
    category: HitAndRun | None = None

    @property
    def any(self) -> bool:
        """Whether anybody asks for anything at all."""
        return bool(trackers.hit_and_runs(self.rows)) or self._of_category is not None

    @property
    def _of_category(self) -> HitAndRun | None:
        return self.category if self.category is not None and self.category.mode != "disabled" else None

    def of(self, announces: tuple[Announce, ...]) -> list[tuple[str, HitAndRun]]:
        """What applies to a torrent with these trackers, each with a name for people.

        Nothing is owed to trackers that do not know the torrent any more, once that holds for all to whom
        something is owed.
        """
        rows = [row for row in self.rows if row.hit_and_run.mode != "disabled"]
        theirs = [one for one in announces if any(trackers.is_about(row, one.url) for row in rows)]
        found: list[tuple[str, HitAndRun]] = []
        if not all(one.gone for one in theirs):
            matching = trackers.matching(rows, [one.url for one in theirs])
            found += [(row.host, row.hit_and_run) for row in matching]
        category = self._of_category
        if category is not None and not (announces and all(one.gone for one in announces)):
            found.append(("its category", category))
        return found


class Clearance(Struct, frozen=True):
    """Whether a torrent may be deleted. `in_seconds` is when time alone may change the answer, at the earliest."""

    granted: bool
    because: str
    facts: dict[str, Any] = {}
    in_seconds: float | None = None


def clearance(
    torrent: SeedingFacts, announces: tuple[Announce, ...] | None, debts: HitAndRunRules, *, once_complete: bool = False
) -> Clearance:
    """May this torrent be deleted? `announces` is None when its trackers are not known, which is no permission.

    `once_complete`: it was complete before and has lost data since, so that all of it is owed for.
    """
    if not debts.any:
        return Clearance(True, "no tracker asks for a minimum")
    if announces is None:
        return Clearance(False, "its trackers are not known, and one of them may ask for a minimum")
    owed = debts.of(announces)
    whole = torrent.complete or once_complete
    unmet = [(name, debt) for name, debt in owed if not _met(torrent, debt, whole=whole)]
    facts: dict[str, Any] = {"ratio": ratio_in_facts(torrent.ratio), "seeding_seconds": int(torrent.seconds)}
    if not unmet:
        return Clearance(True, "nothing is owed to its trackers (any more)", facts)
    facts |= {f"minimum of {name}": _in_words(debt, whole=whole) for name, debt in unmet}
    names = ", ".join(name for name, _ in unmet)
    waits = [_until(torrent, debt, whole=whole) for _, debt in unmet]
    known = [wait for wait in waits if wait is not None]
    return Clearance(False, f"the hit-and-run minimum of {names} is not met", facts, max(known) if known else None)


def _met(torrent: SeedingFacts, debt: HitAndRun, *, whole: bool) -> bool:
    if not whole:
        nothing_owed = torrent.progress * 100 < debt.minimum_download_percent
        return nothing_owed or torrent.ratio >= debt.partial_seed_ratio
    conditions: list[bool] = []
    if debt.min_seed_ratio > 0:
        conditions.append(torrent.ratio >= debt.min_seed_ratio)
    if debt.min_seeding_seconds > 0:
        conditions.append(torrent.seconds >= debt.min_seeding_seconds + debt.tracker_update_buffer_seconds)
    if not conditions:
        return True
    return any(conditions) if debt.mode == "or" else all(conditions)


def _until(torrent: SeedingFacts, debt: HitAndRun, *, whole: bool) -> float | None:
    """How long until the seeding time is enough, if that alone may be; it has to grow for that."""
    if not whole or not torrent.counting or debt.min_seeding_seconds <= 0:
        return None
    left = debt.min_seeding_seconds + debt.tracker_update_buffer_seconds - torrent.seconds
    return left if left > 0 else None


def _in_words(debt: HitAndRun, *, whole: bool) -> str:
    if not whole:
        return f"ratio {debt.partial_seed_ratio:g} for a part"
    ratio = f"ratio {debt.min_seed_ratio:g}" if debt.min_seed_ratio > 0 else ""
    seconds = debt.min_seeding_seconds + debt.tracker_update_buffer_seconds
    time = f"{seconds} seconds of seeding" if debt.min_seeding_seconds > 0 else ""
    return f" {debt.mode} ".join(filter(None, (ratio, time)))
