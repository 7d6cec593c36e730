"""How late the supervisor's loop is: by as much everything it does is late, from signals to answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.clock import Clock

_LOOK_SECONDS = 0.1
_LOOKS = 300


class LoopLag:
    """Watches how late a timer is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = 0.0
        self._present = 0.0

    @property
    def worst_seconds(self) -> float:
        """The worst of the last half to whole minute."""
        return max(self._before, self._present)

    async def watch(self) -> None:
        """Look ten times a second for ever."""
        while True:
            self._before, self._present = self._present, 0.0
            for _ in range(_LOOKS):
                due = self._clock.monotonic() + _LOOK_SECONDS
                await asyncio.sleep(_LOOK_SECONDS)
                self._present = max(self._present, self._clock.monotonic() - due)
