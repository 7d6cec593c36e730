"""Query limits of indexers, as they are set in Prowlarr: how far apart searches are sent near one, and when none is.

Prowlarr counts what an indexer was asked within the last hour or day. At its limit it refuses the indexer to all, feeds
included. What is not known is no reason to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

HOUR_SECONDS = 3600.0
DAY_SECONDS = 86400.0
RESERVE_SHARE = 0.1
"""Of a limit, for feeds and for what the user searches."""
SLOW_SHARE = 0.5
"""Once no more than this is left of a limit, searches are sent no faster than it grows back."""
LONGEST_SPACING_SECONDS = 900.0


class QueryLimit(Struct, frozen=True, rename="camel"):
    """Of one indexer: `limit` queries in any `window_seconds`, of which `used` were sent."""

    name: str
    limit: int
    window_seconds: float
    used: int

    @property
    def left(self) -> int:
        """How many more it answers."""
        return max(0, self.limit - self.used)

    @property
    def is_spent(self) -> bool:
        """Whether only the reserve is left."""
        return self.left <= self.limit * RESERVE_SHARE

    @property
    def is_near(self) -> bool:
        """Whether it may be spent soon."""
        return self.left <= self.limit * SLOW_SHARE

    def __str__(self) -> str:
        window = "an hour" if self.window_seconds == HOUR_SECONDS else "24 hours"
        return f"{self.name}: {self.used} of {self.limit} queries in {window}"


class Pace(NamedTuple):
    """How searches are sent: not at all with `obstacle`, else so many seconds apart for each query that they cost."""

    obstacle: str = ""
    spacing_seconds: float = 0.0
    because: str = ""


FREE = Pace()


def limits_of(searched: Iterable[int | None], known: Mapping[int, QueryLimit | None]) -> list[QueryLimit | None]:
    """Choose the limits of the indexers that an Arr searches, by their ids in Prowlarr.

    None for one without a limit, and for one that is not known there.
    """
    return [None if number is None else known.get(number) for number in searched]


def pace(limits: Collection[QueryLimit | None], *, pauses_at_first: bool) -> Pace:
    """Decide how searches are sent to indexers with these limits; None is one without a limit or that is not known.

    None is sent once all are spent, or with `pauses_at_first` once one is.
    """
    known = [one for one in limits if one is not None]
    spent = [one for one in known if one.is_spent]
    if spent and (pauses_at_first or len(spent) == len(limits)):
        return Pace(obstacle=f"query limits in Prowlarr are near: {', '.join(map(str, spent))}")
    near = [one for one in known if one.is_near]
    if not near:
        return FREE
    slowest = max(near, key=lambda one: one.window_seconds / one.limit)
    spacing = min(slowest.window_seconds / slowest.limit, LONGEST_SPACING_SECONDS)
    return Pace(spacing_seconds=spacing, because=f"searches are sent slowly for {slowest}")
