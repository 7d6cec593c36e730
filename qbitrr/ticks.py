"""Ticks: moments, one a second, at which a process does what it does now and then, so that it wakes up seldom.

Most of what an idle process costs is waking up, not what it does then.
"""

from __future__ import annotations

import asyncio
import os

_PHASES = 16


def until_tick(now: float, seconds: float) -> float:
    """Return the seconds from `now` (monotonic) to the tick next to `seconds` later, at least half of them.

    Other processes have their ticks at other moments, as many of them call the same services.
    """
    phase = os.getpid() % _PHASES / _PHASES
    tick = round(now + seconds - phase) + phase
    return max(tick - now, seconds / 2)


async def sleep(seconds: float) -> None:
    """Sleep until the tick next to `seconds` from now."""
    await asyncio.sleep(until_tick(asyncio.get_running_loop().time(), seconds))
