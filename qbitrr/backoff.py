"""Backoff: growing delays between attempts, with jitter and a limit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow from `first_seconds` by `factor` up to `limit_seconds`.

    Each delay is random between half of the exponential value and all of it: many clients do not return at the same
    moment, and none returns so soon that it overloads a service in trouble.
    """

    first_seconds: float = 0.5
    limit_seconds: float = 60.0
    factor: float = 2.0
    rng: Callable[[], float] = field(default=random.random, repr=False)

    def seconds(self, attempt: int) -> float:
        """The delay after failure number `attempt`, counted from 1."""
        # 64 doublings do not overflow and are far beyond any limit
        full = min(self.limit_seconds, self.first_seconds * self.factor ** min(attempt - 1, 64))
        return full * (0.5 + self.rng() / 2)
