"""Adjustment of a torrent to the configuration: limits, tags and trackers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.rules import trackers
from qbitrr.rules.seeding import RateLimits, settings_to_write
from qbitrr.rules.trackers import TagChange, host_of
from qbitrr.units import to_kilobytes

if TYPE_CHECKING:
    from collections.abc import Collection

    from qbitrr.rules.facts import SeedingFacts
    from qbitrr.rules.seeding import EffectiveLimits
    from qbitrr.rules.trackers import Rows


class Adjustment(Struct, frozen=True):
    """Changes to make; false when there are none."""

    settings: RateLimits = RateLimits()
    tags: TagChange = TagChange()
    add_trackers: tuple[str, ...] = ()
    remove_trackers: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.settings or self.tags or self.add_trackers or self.remove_trackers)

    def in_facts(self) -> dict[str, Any]:
        """Describe it for display. Of trackers only the hosts: the rest of their addresses may be a secret."""
        facts = {
            "download_limit_kilobytes_per_second": _kilobytes(self.settings.download_limit),
            "upload_limit_kilobytes_per_second": _kilobytes(self.settings.upload_limit),
            "super_seeding": self.settings.super_seed or None,
            "add_tags": list(self.tags.add),
            "remove_tags": list(self.tags.remove),
            "add_trackers": [host_of(url) for url in self.add_trackers],
            "remove_trackers": [host_of(url) for url in self.remove_trackers],
        }
        return {name: value for name, value in facts.items() if value not in (None, [])}


NONE = Adjustment()


def adjustment(
    torrent: SeedingFacts,
    tags: Collection[str],
    limits: EffectiveLimits,
    rows: Rows,
    announces: tuple[str, ...],
    dead: Collection[str],
    *,
    private: bool | None,
) -> Adjustment:
    """Compare a torrent with its limits and tracker rows; `dead` are some of its announce URLs."""
    if not rows:
        return Adjustment(settings_to_write(torrent, limits), remove_trackers=trackers.to_remove((), announces, dead))
    remove = trackers.to_remove(rows, announces, dead)
    remaining = tuple(announce for announce in announces if announce not in remove)
    return Adjustment(
        settings_to_write(torrent, limits),
        trackers.tag_change(rows, remaining, tags),
        trackers.to_add(rows, remaining, private=private),
        remove,
    )


def _kilobytes(bytes_per_second: int | None) -> float | None:
    return None if bytes_per_second is None else to_kilobytes(bytes_per_second)
