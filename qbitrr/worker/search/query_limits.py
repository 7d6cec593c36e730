"""The query limits of an Arr's indexers, read from Prowlarr now and then; while it is silent, none are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.prowlarr.client import SERVICE
from qbitrr.rules.search.query_limits import FREE, Pace, limits_of, pace

if TYPE_CHECKING:
    from qbitrr.rules.search.query_limits import QueryLimit
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_READ_SECONDS = 300.0
_NEAR_SECONDS = 60.0  # while a limit is near
_JOB = "query limits"


class QueryLimits:
    """The limits for one Arr. `known` are those of its indexers by the latest reading."""

    def __init__(self, context: WorkerContext) -> None:
        self.known: list[QueryLimit] = []
        self._client = context.services.prowlarr
        self._arr = context.services.arr
        self._report = context.report
        self._clock = context.clock
        self._pauses_at_first = context.config.prowlarr.near_limit == "pause"
        self._pace = FREE
        self._read_at = -math.inf
        self._next_at = -math.inf

    async def obstacle(self) -> str:
        """Return why no search is sent now because of a limit; empty when one may be."""
        if self._client is None:
            return ""
        now = self._clock.monotonic()
        if now >= self._read_at + (_READ_SECONDS if self._pace == FREE else _NEAR_SECONDS):
            self._pace = await self._read()
            self._read_at = now
        if self._pace.obstacle:
            return self._pace.obstacle
        return self._pace.because if self._pace.spacing_seconds and now < self._next_at else ""

    def sent(self, cost: int) -> None:
        """Note that a search was sent."""
        self._next_at = self._clock.monotonic() + cost * self._pace.spacing_seconds

    async def _read(self) -> Pace:
        """Read the limits again. What cannot be read is not known, and nothing waits for it."""
        assert self._client is not None
        try:
            all_of_them = await self._client.query_limits()
            indexers = [one for one in await self._arr.indexers() if one.enable_automatic_search]
        except ServiceError as error:
            refused = isinstance(error, CredentialsRejectedError)
            _log.warning("query limits cannot be read", error=str(error))
            self._report.waits(_JOB, SERVICE, str(error), needs_attention=refused)
            self.known = []
            return FREE
        self._report.goes_on(_JOB, SERVICE)
        limits = limits_of((one.number_in_prowlarr for one in indexers), all_of_them)
        self.known = [one for one in limits if one is not None]
        return pace(limits, pauses_at_first=self._pauses_at_first)
