"""Calls of Prowlarr: how many queries its indexers may get, and got.

Sources: `indexer`, `indexerstats` and `system/status` of the OpenAPI description of Prowlarr 2.3. Limits are the fields
`baseSettings.queryLimit` (no value: none) and `baseSettings.limitsUnit` (0 a day, 1 an hour) of `IndexerBaseSettings`.
As in `IndexerLimitService`, searches and feeds count, those of the last hour or 24 hours.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.clock import to_iso
from qbitrr.errors import UnexpectedAnswerError
from qbitrr.http.api_key import ApiKey
from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.rules.search.query_limits import DAY_SECONDS, HOUR_SECONDS, QueryLimit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.config.model import Prowlarr

SERVICE = "Prowlarr"
_APP = "Prowlarr"
_LIMIT, _UNIT, _HOUR = "baseSettings.queryLimit", "baseSettings.limitsUnit", 1
_AHEAD_SECONDS = 3600.0  # a period is given an end, and one later than now: the default depends on a time zone
QUICK = Timeouts(attempts=1, connect_seconds=3.0, silence_seconds=8.0, answer_seconds=10.0)
"""Searches wait for the answers."""


class Status(Struct, rename="camel", frozen=True):
    """`GET system/status`."""

    app_name: str | None = None
    version: str | None = None


class Field(Struct, frozen=True):
    """One setting of an indexer. Which ones there are depends on its implementation."""

    name: str | None = None
    value: object = None


class Indexer(Struct, frozen=True):
    """One of `GET indexer`."""

    id: int
    name: str | None = None
    enable: bool = True
    fields: list[Field] | None = None

    def value(self, name: str) -> int | None:
        """Return the number of a setting; None for anything else."""
        found = next((one.value for one in self.fields or () if one.name == name), None)
        return found if isinstance(found, int) and not isinstance(found, bool) else None


class Statistics(Struct, rename="camel", frozen=True):
    """What one indexer was asked in a period."""

    indexer_id: int
    number_of_queries: int = 0
    number_of_rss_queries: int = 0


class AllStatistics(Struct, frozen=True):
    """`GET indexerstats`: without indexers that were asked for nothing."""

    indexers: list[Statistics] | None = None


class ProwlarrClient:
    """One Prowlarr. A refused key is not sent again and again."""

    def __init__(self, table: Prowlarr, timeouts: Timeouts = QUICK) -> None:
        self._key = ApiKey(SERVICE)
        self._http = HttpClient(
            SERVICE,
            f"{table.uri.rstrip('/')}/api/v1",
            headers={"X-Api-Key": table.api_key},
            verify_tls=not table.skip_tls_verify,
            timeouts=timeouts,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def version(self) -> str:
        """Ask for the version. Raises a ServiceError; UnexpectedAnswerError when another application answers."""
        async with self._key.use():
            status = await self._http.get("system/status", Status)
        if status.app_name != _APP:
            found = status.app_name or "something else"
            raise UnexpectedAnswerError(SERVICE, f"{found} answers where Prowlarr is expected; correct URI")
        return status.version or ""

    async def query_limits(self) -> dict[int, QueryLimit | None]:
        """Ask for all enabled indexers by id, with what they may be asked; None without a limit.

        Raises a ServiceError.
        """
        async with self._key.use():
            indexers = [one for one in await self._http.get("indexer", list[Indexer]) if one.enable]
            limited = [one for one in indexers if (one.value(_LIMIT) or 0) > 0]
            used = {seconds: await self._used(seconds) for seconds in sorted(set(map(_window, limited)))}
        limits = {
            one.id: QueryLimit(one.name or "", one.value(_LIMIT) or 0, _window(one), used[_window(one)].get(one.id, 0))
            for one in limited
        }
        return {one.id: limits.get(one.id) for one in indexers}

    async def _used(self, seconds: float) -> dict[int, int]:
        """Count the queries of the last seconds, by the clock of Prowlarr."""
        now = time.time() + self._http.clock_ahead_seconds
        found = await self._http.get(
            "indexerstats", AllStatistics, startDate=to_iso(now - seconds), endDate=to_iso(now + _AHEAD_SECONDS)
        )
        return _counts(found.indexers or ())


def _counts(indexers: Iterable[Statistics]) -> dict[int, int]:
    return {one.indexer_id: one.number_of_queries + one.number_of_rss_queries for one in indexers}


def _window(indexer: Indexer) -> float:
    return HOUR_SECONDS if indexer.value(_UNIT) == _HOUR else DAY_SECONDS
