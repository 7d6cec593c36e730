"""Ticks: moments, one a second, at which a process does what it does now and then, so that it wakes up seldom.

Most of what an idle process costs is waking up, not what it does then.
"""

from __future__ import annotations

import asyncio
import math
import os

_PHASES = 16
_LEAST_SECONDS = 0.05


def until_tick(now: float, seconds: float) -> float:
    """Return the seconds from `now` (monotonic) to the last tick within so many, or to the next one if that is now.

    Other processes have their ticks at other moments, as many of them call the same services.
    """
    phase = os.getpid() % _PHASES / _PHASES
    left = math.floor(now + seconds - phase) + phase - now
    return left if left > _LEAST_SECONDS else left + 1


async def sleep(seconds: float) -> None:
    """Sleep until the last tick within `seconds`."""
    await asyncio.sleep(until_tick(asyncio.get_running_loop().time(), seconds))
