"""Refusals of a torrent by one tracker, and how many are proof.

A tracker that is being moved or repaired may report every torrent as unregistered for a while.
"""

from __future__ import annotations

from msgspec import Struct

LEAST_TIMES = 3
LEAST_SECONDS = 3600.0
APART_SECONDS = 1200.0
"""Refusals within this time count as one."""


class Refusals(Struct, frozen=True, gc=False):
    """Consecutive refusals; times are epoch seconds."""

    times: int
    first_at: float
    last_at: float

    @property
    def proven(self) -> bool:
        """Whether they prove that the tracker does not know the torrent."""
        return self.times >= LEAST_TIMES and self.last_at - self.first_at >= LEAST_SECONDS


def refused_again(before: Refusals | None, now: float) -> Refusals:
    """Add one more refusal at `now`."""
    if before is None:
        return Refusals(1, now, now)
    if now - before.last_at < APART_SECONDS:
        return before
    return Refusals(before.times + 1, before.first_at, now)
