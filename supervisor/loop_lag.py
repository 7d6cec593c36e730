"""Lag of the supervisor's loop: everything that it does, from signals to answers, is late by as much."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr.ticks import until_tick

if TYPE_CHECKING:
    from qbitrr.clock import Clock

_SAMPLE_SECONDS = 1.0
_SAMPLES = 30  # in one window


class LoopLag:
    """Measures how late a timer is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = 0.0
        self._present = 0.0

    @property
    def worst_seconds(self) -> float:
        """The worst lag of the last 30 to 60 seconds."""
        return max(self._before, self._present)

    async def watch(self) -> None:
        """Sample once a second, until cancelled."""
        while True:
            self._before, self._present = self._present, 0.0
            for _ in range(_SAMPLES):
                now = self._clock.monotonic()
                due = now + until_tick(now, _SAMPLE_SECONDS)
                await asyncio.sleep(due - now)
                self._present = max(self._present, self._clock.monotonic() - due)
