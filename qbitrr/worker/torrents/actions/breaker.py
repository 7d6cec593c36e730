"""The breaker at work: how much was destroyed lately, and whether a person has to decide before more is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.rules import breaker
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.state import breakers, ledger
from qbitrr.worker.torrents.policy import breaker_limits

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentKey
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)


class Breaker:
    """Counts the destructive actions of one category. `tripped` says why they wait, None while they do not."""

    def __init__(self, context: ActionContext) -> None:
        self.tripped: str | None = None
        self._context = context
        self._category = context.config.name
        self._limits = breaker_limits(context.config)
        self._begun: dict[TorrentKey, float] = {}

    async def load(self) -> None:
        """Read back what an earlier process did, and whether a person was asked."""
        stored = await breakers.read(self._context.database, self._category)
        self.tripped = stored.because
        since = max(stored.counted_since, self._context.clock.wall() - breaker.WINDOW_SECONDS)
        entries = await ledger.begun_since(self._context.database, self._category, list(DESTRUCTIVE), since)
        self._begun = {entry.key: entry.planned_at for entry in entries}

    async def admits(self, key: TorrentKey, present: set[TorrentKey]) -> bool:
        """Whether one more destructive action may begin now; it is counted then. Trips when it may not."""
        if self.tripped is not None:
            return False
        now = self._context.clock.wall()
        self._begun = {other: at for other, at in self._begun.items() if at > now - breaker.WINDOW_SECONDS}
        torrents = len(present | self._begun.keys())
        objection = breaker.objection(list(self._begun.values()), torrents, now, self._limits)
        if objection is None:
            self._begun[key] = now
            return True
        self.tripped = objection
        _log.error("removals wait for approval", because=objection)
        await breakers.write(self._context.database, self._category, objection, 0.0)
        return False

    async def reset(self) -> None:
        """A person decided: count anew."""
        self.tripped, self._begun = None, {}
        await breakers.write(self._context.database, self._category, None, self._context.clock.wall())
