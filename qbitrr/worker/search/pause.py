"""Pause of the searches of one worker, which the user asks for; it outlasts restarts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.state import searches
from qbitrr.state.searches import StoredPause

if TYPE_CHECKING:
    from qbitrr.ipc import PauseSearches
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

STORE_SECONDS = 3600.0
"""Between two times without reason; `wake` is set when there is something to store."""


class SearchPause:
    """Whether searches are paused. `store` writes down what the user asked for last."""

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self._category = context.config.name
        self._database = context.database
        self._clock = context.clock
        self._pause: StoredPause | None = None
        self._stored: StoredPause | None = None

    @property
    def active(self) -> bool:
        """Whether no search of the plan may be sent."""
        return self._pause is not None

    async def load(self) -> None:
        """Read back what the user asked an earlier process for."""
        self._pause = self._stored = await searches.pause(self._database, self._category)

    def ask(self, asked: PauseSearches) -> None:
        """Pause or resume from now on."""
        self._pause = StoredPause(self._clock.wall(), asked.by) if asked.paused else None
        self.wake.set()
        _log.info("searches were paused" if asked.paused else "searches were resumed", by=asked.by)

    async def store(self) -> None:
        """Write down what the user asked for."""
        pause = self._pause  # what is asked for meanwhile is for the next time
        if pause != self._stored:
            await searches.store_pause(self._database, self._category, pause)
            self._stored = pause
