"""Circuit breaker for removals: too many within its window, and the user has to approve more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.rules import breaker
from qbitrr.rules.verdict import COUNTED
from qbitrr.state import breakers, ledger
from qbitrr.worker.torrents.policy import breaker_limits

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentKey
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)


class Breaker:
    """Counts the destructive actions of one category. `tripped` is why they await approval; None while they do not."""

    def __init__(self, context: ActionContext) -> None:
        self.tripped: str | None = None
        self._context = context
        self._category = context.config.name
        self._limits = breaker_limits(context.config)
        self._started: dict[TorrentKey, float] = {}

    async def load(self) -> None:
        """Read back what an earlier process did, and whether it tripped."""
        stored = await breakers.read(self._context.database, self._category)
        self.tripped = stored.because
        since = max(stored.counted_since, self._context.clock.wall() - breaker.WINDOW_SECONDS)
        entries = await ledger.begun_since(self._context.database, self._category, list(COUNTED), since)
        self._started = {entry.key: entry.planned_at for entry in entries}

    async def admits(self, key: TorrentKey, present: set[TorrentKey]) -> bool:
        """Count one more destructive action if it may start now; trip if it may not. Returns whether it may."""
        if self.tripped is not None:
            return False
        now = self._context.clock.wall()
        self._started = {other: at for other, at in self._started.items() if at > now - breaker.WINDOW_SECONDS}
        torrents = len(present | self._started.keys())
        objection = breaker.objection(list(self._started.values()), torrents, now, self._limits)
        if objection is None:
            self._started[key] = now
            return True
        self.tripped = objection
        _log.error("breaker tripped", because=objection)
        await breakers.write(self._context.database, self._category, objection, 0.0)
        return False

    def count(self, key: TorrentKey) -> None:
        """Count a destructive action that the user decided on: it needs no approval, those after it may."""
        self._started[key] = self._context.clock.wall()

    async def reset(self) -> None:
        """Count from zero, as the user decided."""
        self.tripped, self._started = None, {}
        await breakers.write(self._context.database, self._category, None, self._context.clock.wall())
