"""Searches pause while the Arr has no indexer that answers, and one is sent now and then to find out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.arr.facts import health_issues
from qbitrr.rules.search.indexers import TRY_SECONDS, unavailable

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_GOOD_SECONDS = 300.0  # for so long a reading without trouble is good


class IndexerWatch:
    """The indexers of one Arr, as its health checks say."""

    def __init__(self, context: WorkerContext) -> None:
        self._arr = context.services.arr
        self._clock = context.clock
        self._read_at = -math.inf
        self._away_since: float | None = None

    async def obstacle(self) -> str:
        """Return why a search would find nothing now; empty when one may be sent. Raises a ServiceError."""
        now = self._clock.monotonic()
        if self._away_since is None and now < self._read_at + _GOOD_SECONDS:
            return ""
        words = unavailable(health_issues(await self._arr.health()))
        self._read_at = now
        if not words:
            if self._away_since is not None:
                _log.info("indexers are available again")
            self._away_since = None
            return ""
        if self._away_since is None:
            _log.warning("indexers are not available", words=words)
            self._away_since = now
        if now >= self._away_since + TRY_SECONDS:
            self._away_since = now
            return ""
        return f"no indexer answers {self._arr.section}: {words}"
