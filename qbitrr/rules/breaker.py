"""The breaker of a category: too many removals at once are more likely a mistake than right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_SECONDS = 600.0
LEAST = 5
"""Fewer removals are never too large a share: in a category of two torrents both may be dead."""


class BreakerLimits(Struct, frozen=True):
    """`Settings.MaxDestructiveActions` and `Settings.MaxDestructiveShare` (0 to 1) within ten minutes."""

    most: int
    share: float


def objection(begun_at: Sequence[float], torrents: int, now: float, limits: BreakerLimits) -> str | None:
    """Say what speaks against one more destructive action at `now`; None when nothing does.

    `begun_at` are the times of earlier ones; `torrents` counts those of the category, removed ones included.
    """
    recent = sum(at > now - WINDOW_SECONDS for at in begun_at)
    if recent + 1 > limits.most:
        return f"more than {limits.most} removals within ten minutes"
    if recent + 1 >= LEAST and recent + 1 > limits.share * torrents:
        return f"more than {limits.share:.0%} of the torrents removed within ten minutes"
    return None
