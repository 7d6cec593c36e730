"""How fast life goes.

Times stay wall-clock times whatever the speed, because those who look on compare them with a clock of their own;
only what takes time takes less of it.
"""

from __future__ import annotations

from msgspec import Struct


class Tempo(Struct, frozen=True):
    """At `speed` 10 downloads run ten times as fast and every wait lasts a tenth."""

    speed: float = 1.0

    def seconds(self, seconds: float) -> float:
        """How long something lasts that takes `seconds` at speed 1."""
        return seconds / self.speed

    def rate(self, bytes_per_second: float) -> float:
        """How fast something runs that makes `bytes_per_second` at speed 1."""
        return bytes_per_second * self.speed
