"""What will become of a download."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import random


class Destiny(StrEnum):
    """How a download ends."""

    HEALTHY = "healthy"
    SLOW = "slow"
    STALLED = "stalled"
    NO_METADATA = "no metadata"
    ERRORED = "errored"


class Fate(Struct, frozen=True):
    """A destiny with its numbers; `until` is the progress (0 to 1) at which it stalls or fails."""

    destiny: Destiny = Destiny.HEALTHY
    bytes_per_second: float = 20_000_000.0
    until: float = 1.0


class Odds(Struct, frozen=True):
    """How likely each destiny is, as weights, and how likely a search finds anything at all (0 to 1)."""

    healthy: float = 66.0
    slow: float = 6.0
    stalled: float = 14.0
    no_metadata: float = 8.0
    errored: float = 6.0
    found: float = 0.92


ALWAYS_HEALTHY = Odds(slow=0, stalled=0, no_metadata=0, errored=0, found=1)
ALWAYS_STALLED = Odds(healthy=0, slow=0, no_metadata=0, errored=0, found=1)


def draw_fate(draw: random.Random, odds: Odds) -> Fate:
    """One fate by these odds."""
    weights = [odds.healthy, odds.slow, odds.stalled, odds.no_metadata, odds.errored]
    destiny = draw.choices(list(Destiny), weights)[0]
    fast = 4_000_000 + draw.random() * 36_000_000
    match destiny:
        case Destiny.SLOW:
            return Fate(destiny, 10_000 + draw.random() * 40_000)
        case Destiny.STALLED:
            return Fate(destiny, fast, until=round(draw.random() * 0.97, 3))
        case Destiny.ERRORED:
            return Fate(destiny, fast, until=round(0.2 + draw.random() * 0.6, 3))
        case _:
            return Fate(destiny, fast)
