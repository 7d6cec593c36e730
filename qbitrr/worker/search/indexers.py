"""Searches pause while the Arr has no indexer that answers, and one is sent now and then to find out.

What was searched meanwhile, and of which nothing came, is searched again once an indexer answers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.arr import facts
from qbitrr.clock import to_iso
from qbitrr.rules.search.indexers import MOST_REPEATED, TRY_SECONDS, outage_start, unavailable
from qbitrr.state import searches

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_GOOD_SECONDS = 300.0  # for so long a reading without trouble is good
_AWAY_SECONDS = 60.0  # and one with trouble
_SKEW_SECONDS = 60.0


class IndexerWatch:
    """The indexers of one Arr, as its health checks say. Since when they are away outlasts the process."""

    def __init__(self, context: WorkerContext) -> None:
        self._category = context.config.arr.category
        self._arr = context.services.arr
        self._database = context.database
        self._clock = context.clock
        self._read_at = -math.inf
        self._good_at: float | None = None
        """When they were good by the last reading, in epoch seconds; None before there was one."""
        self._is_away: bool | None = None
        """None until what is stored was read."""
        self._words = ""
        self._tried_at = 0.0
        """When they were found to be away, or were tried since."""

    async def has_recovered(self) -> bool:
        """Read again whether an indexer answers while none did; returns whether one does now. Raises a ServiceError.

        The Arr is asked once a minute then, and otherwise for nothing.
        """
        await self._load()
        if not self._is_away or self._clock.monotonic() < self._read_at + _AWAY_SECONDS:
            return False
        await self._read()
        return not self._is_away

    async def obstacle(self) -> str:
        """Return why a search would find nothing now; empty when one may be sent. Raises a ServiceError."""
        await self._load()
        now = self._clock.monotonic()
        if not self._is_away and now >= self._read_at + _GOOD_SECONDS:
            await self._read()
        if not self._is_away:
            return ""
        if now >= self._tried_at + TRY_SECONDS:
            self._tried_at = now
            return ""
        return f"no indexer answers {self._arr.section}: {self._words}"

    async def _load(self) -> None:
        if self._is_away is None:
            self._is_away = await searches.outage(self._database, self._category) is not None
            self._tried_at = self._clock.monotonic()

    async def _read(self) -> None:
        self._words = unavailable(facts.health_issues(await self._arr.health()))
        now, at = self._clock.monotonic(), self._clock.wall()
        if self._words and not self._is_away:
            _log.warning("indexers are not available", words=self._words)
            await searches.note_outage(self._database, self._category, at if self._good_at is None else self._good_at)
            self._tried_at = now
        if not self._words:
            if self._is_away:
                await self._note_recovery()
            self._good_at = at
        self._is_away, self._read_at = bool(self._words), now

    async def _note_recovery(self) -> None:
        """Have searched again what was searched while no indexer answered, and what the Arr grabbed nothing for."""
        good_at = await searches.outage(self._database, self._category)
        if good_at is None:
            return
        now = self._clock.wall()
        since = outage_start(good_at, now)
        at_the_arr = since + self._arr.clock_ahead_seconds - _SKEW_SECONDS
        events = facts.grabs(await self._arr.history_since(to_iso(at_the_arr) or ""))
        grabbed = {item for event in events if (item := self._arr.kind.item_of(event))}
        repeated = await searches.end_outage(self._database, self._category, since, now, grabbed, MOST_REPEATED)
        _log.info("indexers are available again", repeated=repeated)
