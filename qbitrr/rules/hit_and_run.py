"""Hit and run: the minimum that trackers ask for before a torrent may be deleted.

Several minimums may apply: that of each tracker row that matches the torrent, and that of its category. All must be
met.
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
    """One tracker of a torrent. `gone`: it is proven that it does not know the torrent any more."""

    url: str
    gone: bool = False


class HitAndRunRules(Struct, frozen=True):
    """Minimums of a category: those of its tracker rows, and its own."""

    rows: tuple[TrackerRow, ...] = ()
    category: HitAndRun | None = None

    @property
    def any(self) -> bool:
        """Whether there is any minimum."""
        return bool(trackers.with_minimum(self.rows)) or self._of_category is not None

    @property
    def _of_category(self) -> HitAndRun | None:
        return self.category if self.category is not None and self.category.mode != "disabled" else None

    def applying_to(self, announces: tuple[Announce, ...]) -> list[tuple[str, HitAndRun]]:
        """List the minimums for a torrent with these trackers, each with a name for display.

        Those of tracker rows end once none of their trackers knows the torrent any more.
        """
        rows = trackers.with_minimum(self.rows)
        theirs = [one for one in announces if any(trackers.matches(row, one.url) for row in rows)]
        found: list[tuple[str, HitAndRun]] = []
        if not all(one.gone for one in theirs):
            matching = trackers.matching(rows, [one.url for one in theirs])
            found += [(row.host, row.hit_and_run) for row in matching]
        category = self._of_category
        if category is not None and not (announces and all(one.gone for one in announces)):
            found.append(("its category", category))
        return found


class Clearance(Struct, frozen=True):
    """Whether a torrent may be deleted. `in_seconds` is how soon time alone may change that, None for never."""

    granted: bool
    because: str
    facts: dict[str, Any] = {}
    in_seconds: float | None = None


def clearance(
    torrent: SeedingFacts, announces: tuple[Announce, ...] | None, rules: HitAndRunRules, *, once_complete: bool = False
) -> Clearance:
    """Decide whether a torrent may be deleted; while its trackers are not known (`announces` None) it may not.

    `once_complete`: it was complete before and has lost data since, so that the minimum of a complete torrent applies.
    """
    if not rules.any:
        return Clearance(True, "no tracker asks for a minimum")
    if announces is None:
        return Clearance(False, "its trackers are not known, and one of them may ask for a minimum")
    whole = torrent.complete or once_complete
    applying = rules.applying_to(announces)
    unmet = [(name, minimum) for name, minimum in applying if not _met(torrent, minimum, whole=whole)]
    facts: dict[str, Any] = {"ratio": ratio_in_facts(torrent.ratio), "seeding_seconds": int(torrent.seconds)}
    if not unmet:
        return Clearance(True, "the minimums of its trackers are met, or they do not know it any more", facts)
    facts |= {f"minimum of {name}": _in_words(minimum, whole=whole) for name, minimum in unmet}
    names = ", ".join(name for name, _ in unmet)
    waits = [_until(torrent, minimum, whole=whole) for _, minimum in unmet]
    known = [wait for wait in waits if wait is not None]
    return Clearance(False, f"the hit-and-run minimum of {names} is not met", facts, max(known) if known else None)


def _met(torrent: SeedingFacts, minimum: HitAndRun, *, whole: bool) -> bool:
    if not whole:
        exempt = torrent.progress * 100 < minimum.minimum_download_percent
        return exempt or torrent.ratio >= minimum.partial_seed_ratio
    conditions: list[bool] = []
    if minimum.min_seed_ratio > 0:
        conditions.append(torrent.ratio >= minimum.min_seed_ratio)
    if minimum.min_seeding_seconds > 0:
        conditions.append(torrent.seconds >= minimum.min_seeding_seconds + minimum.tracker_update_buffer_seconds)
    if not conditions:
        return True
    return any(conditions) if minimum.mode == "or" else all(conditions)


def _until(torrent: SeedingFacts, minimum: HitAndRun, *, whole: bool) -> float | None:
    """Time left until the seeding time is enough; None if it does not grow, or is not what is missing."""
    if not whole or not torrent.counting or minimum.min_seeding_seconds <= 0:
        return None
    left = minimum.min_seeding_seconds + minimum.tracker_update_buffer_seconds - torrent.seconds
    return left if left > 0 else None


def _in_words(minimum: HitAndRun, *, whole: bool) -> str:
    if not whole:
        return f"ratio {minimum.partial_seed_ratio:g} for a part"
    ratio = f"ratio {minimum.min_seed_ratio:g}" if minimum.min_seed_ratio > 0 else ""
    seconds = minimum.min_seeding_seconds + minimum.tracker_update_buffer_seconds
    time = f"{seconds} seconds of seeding" if minimum.min_seeding_seconds > 0 else ""
    return f" {minimum.mode} ".join(filter(None, (ratio, time)))
