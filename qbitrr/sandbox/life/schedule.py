"""What is due when: actions in the order of their times."""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Schedule:
    """Actions at moments in epoch seconds. `now` is the moment of the action that runs, else the latest one."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._due: list[tuple[float, int, str, Callable[[], None]]] = []
        self._number = count()
        self._named: set[str] = set()

    @property
    def next_due(self) -> float:
        """When the next action is due; infinite when there is none."""
        return self._due[0][0] if self._due else math.inf

    def after(self, seconds: float, action: Callable[[], None], name: str = "") -> None:
        """Run `action` in `seconds`. While one of this name is due, another one is not added."""
        if name in self._named:
            return
        if name:
            self._named.add(name)
        heapq.heappush(self._due, (self.now + seconds, next(self._number), name, action))

    def advance(self, now: float) -> None:
        """Run everything that is due until `now`, what comes of it included."""
        while self._due and self._due[0][0] <= now:
            due, _, name, action = heapq.heappop(self._due)
            self._named.discard(name)
            self.now = max(self.now, due)
            action()
        self.now = max(self.now, now)

    def clear(self) -> None:
        """Drop everything that is due."""
        self._due.clear()
        self._named.clear()
