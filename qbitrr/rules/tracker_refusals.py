"""How often a tracker has to refuse a torrent before that is believed.

A tracker that is being moved or repaired may say for a while that it knows no torrent at all.
"""

from __future__ import annotations

from msgspec import Struct

LEAST_TIMES = 3
LEAST_SECONDS = 3600.0
APART_SECONDS = 1200.0
"""Refusals that are closer together count as one."""


class Refusals(Struct, frozen=True, gc=False):
    """Refusals in a row; times are epoch seconds."""

    times: int
    first_at: float
    last_at: float

    @property
    def proven(self) -> bool:
        """Whether the tracker is believed."""
        return self.times >= LEAST_TIMES and self.last_at - self.first_at >= LEAST_SECONDS


def refused_again(before: Refusals | None, now: float) -> Refusals:
    """The refusals after one more at `now`."""
    if before is None:
        return Refusals(1, now, now)
    if now - before.last_at < APART_SECONDS:
        return before
    return Refusals(before.times + 1, before.first_at, now)
