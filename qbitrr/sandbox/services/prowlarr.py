"""A Prowlarr, as far as the query limits of its indexers go.

Like the real one it leaves out what has no value (a limit that is not set), hides secrets among the fields, and has no
statistics of an indexer that was asked for nothing in a period. Without an end a period ends at the local time as if it
were UTC, which is hours ago west of Greenwich.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web
from msgspec import Struct, field

from qbitrr.clock import from_iso
from qbitrr.sandbox.services.answers import many, one
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.services.resources import Resource

_WEST_SECONDS = 5 * 3600.0


class ProwlarrIndexer(Struct):
    """One indexer. `queries` are the times (epoch seconds) of searches, `feeds` those of RSS."""

    id: int
    name: str
    enable: bool = True
    query_limit: int | None = None
    by_the_hour: bool = False
    queries: list[float] = field(default_factory=list)
    feeds: list[float] = field(default_factory=list)


class ProwlarrStandIn(StandIn):
    """Lists `indexers`, which may change at any time."""

    kind = "prowlarr"

    def __init__(
        self,
        *,
        api_key: str,
        middlewares: Sequence[Middleware] = (),
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("Prowlarr", middlewares=middlewares, port=port)
        self.api_key = api_key
        self.indexers: list[ProwlarrIndexer] = []
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """What is read of it."""
        gets = {
            "system/status": self.get_status,
            "indexer": self.get_indexers,
            "indexerstats": self.get_statistics,
        }
        return [web.get(f"/api/v1/{path}", handler, allow_head=False) for path, handler in gets.items()]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key comes as a header or in the query."""
        key = request.headers.get("X-Api-Key") or request.query.get("apikey")
        if key != self.api_key or self.rejects_credentials:
            return web.Response(status=401)
        return await handler(request)

    async def get_status(self, _: web.Request) -> web.Response:
        """Name and version."""
        return one({"appName": "Prowlarr", "instanceName": "Prowlarr", "version": "2.3.5.5327", "isProduction": True})

    async def get_indexers(self, _: web.Request) -> web.Response:
        """All indexers, those that are switched off too."""
        return many(_indexer(each) for each in self.indexers)

    async def get_statistics(self, request: web.Request) -> web.Response:
        """Numbers of a period."""
        start = from_iso(request.query.get("startDate")) or 0.0
        end = from_iso(request.query.get("endDate")) or self._clock() - _WEST_SECONDS
        found = (_statistics(each, start, end) for each in self.indexers)
        return one({"indexers": [each for each in found if each], "userAgents": [], "hosts": []})


def _indexer(indexer: ProwlarrIndexer) -> Resource:
    limit = {} if indexer.query_limit is None else {"value": indexer.query_limit}
    fields: list[Resource] = [
        {"name": "definitionFile", "label": "Definition File", "value": "somewhere", "type": "textbox"},
        {"name": "apikey", "label": "API Key", "value": "********", "type": "textbox", "privacy": "apiKey"},
        {"name": "baseSettings.queryLimit", "label": "Query Limit", **limit, "type": "number", "advanced": True},
        {"name": "baseSettings.grabLimit", "label": "Grab Limit", "type": "number", "advanced": True},
        {
            "name": "baseSettings.limitsUnit",
            "label": "Limits Unit",
            "value": int(indexer.by_the_hour),
            "type": "select",
            "advanced": True,
            "selectOptions": [{"value": 0, "name": "Day", "order": 0}, {"value": 1, "name": "Hour", "order": 1}],
        },
    ]
    return {
        "id": indexer.id,
        "name": indexer.name,
        "enable": indexer.enable,
        "fields": [{"order": order, "isFloat": False, **each} for order, each in enumerate(fields)],
        "implementation": "Cardigann",
        "implementationName": "Cardigann",
        "configContract": "CardigannSettings",
        "protocol": "torrent",
        "privacy": "private",
        "priority": 25,
        "appProfileId": 1,
        "supportsRss": True,
        "supportsSearch": True,
        "tags": [],
    }


def _statistics(indexer: ProwlarrIndexer, start: float, end: float) -> Resource | None:
    queries, feeds = (sum(start <= at <= end for at in times) for times in (indexer.queries, indexer.feeds))
    if not queries and not feeds:
        return None
    return {
        "indexerId": indexer.id,
        "indexerName": indexer.name,
        "averageResponseTime": 412,
        "numberOfQueries": queries,
        "numberOfGrabs": 0,
        "numberOfRssQueries": feeds,
        "numberOfAuthQueries": 0,
        "numberOfFailedQueries": 0,
    }
