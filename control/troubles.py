"""Troubles of workers: which of them are reported, and when one counts as over. No I/O.

A worker in trouble is reported once for each kind of cause, not for each text: texts have counters, ports and times.
Its trouble is over when it ran for ten minutes; one that comes back within a day has to be over for twice as long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from control.announced import Trouble
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from control.handlers.processes import ProcessView
    from qbitrr.clock import Clock

TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD})

_CALM_SECONDS = 600.0
_FORGOTTEN_SECONDS = 86_400.0
_MOST_DOUBLINGS = 8  # beyond that it is a day
_MOST_KINDS = 4  # of causes of ends, which may alternate; what needs the user is always reported

_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")


class Troubles:
    """The troubles of workers by category, in `stored`, which outlives the daemon."""

    def __init__(self, stored: dict[str, Trouble], clock: Clock) -> None:
        self._stored = stored
        self._clock = clock
        self._runs_since: dict[str, float] = {}

    def observe(self, view: ProcessView) -> bool:
        """Note how a worker is now; returns whether it is in a trouble that was not reported."""
        category = view.category
        if view.phase in TROUBLED:
            self._runs_since.pop(category, None)
            return self._is_new(self._stored.setdefault(category, Trouble()), view)
        if view.phase is Phase.RUNNING:
            if category in self._stored:
                self._runs_since.setdefault(category, self._clock.monotonic())
        elif view.phase is not Phase.WAITING:
            self._runs_since.pop(category, None)
        return False

    def ended(self) -> list[str]:
        """The categories whose trouble is over since the last call."""
        now, over = self._clock.monotonic(), []
        for category, since in tuple(self._runs_since.items()):
            trouble = self._stored[category]
            if trouble.kinds and now >= since + _calm_seconds(trouble.ends):
                trouble.kinds, trouble.ends = [], trouble.ends + 1
                over.append(category)
            if now >= since + _FORGOTTEN_SECONDS:
                self.forget(category)
        return over

    def forget(self, category: str) -> None:
        """Forget a worker that there is no more."""
        self._stored.pop(category, None)
        self._runs_since.pop(category, None)

    @staticmethod
    def _is_new(trouble: Trouble, view: ProcessView) -> bool:
        kind = f"{view.phase}: {view.waiting_for or pattern_of(view.last_error or '')}"
        if kind in trouble.kinds or (view.phase is Phase.DEGRADED and len(trouble.kinds) >= _MOST_KINDS):
            return False
        trouble.kinds.append(kind)
        return True


def pattern_of(text: str) -> str:
    """A text without what is another one each time: words with digits, and what is in quotes."""
    return _VARYING.sub("#", text)


def _calm_seconds(ends: int) -> float:
    return min(_FORGOTTEN_SECONDS, _CALM_SECONDS * 2.0 ** min(ends, _MOST_DOUBLINGS))
