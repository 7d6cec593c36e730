"""An Ombi 4, as far as requests go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from qbitrr.sandbox.services.answers import many, one
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.services.media_requests import UserRequest
    from qbitrr.sandbox.services.resources import Resource


class OmbiStandIn(StandIn):
    """Lists `user_requests`, which may change at any time."""

    kind = "ombi"

    def __init__(
        self,
        user_requests: Sequence[UserRequest],
        *,
        api_key: str,
        middlewares: Sequence[Middleware] = (),
        port: int = 0,
    ) -> None:
        super().__init__("Ombi", middlewares=middlewares, port=port)
        self.user_requests = user_requests
        self.api_key = api_key

    def routes(self) -> list[web.RouteDef]:
        """Movies, series, and how many there are: bare numbers, as Ombi sends them."""
        return [
            web.get("/api/v1/Request/movie", self.get_movies, allow_head=False),
            web.get("/api/v1/Request/movie/total", self.get_movie_total, allow_head=False),
            web.get("/api/v1/Request/tv", self.get_series, allow_head=False),
            web.get("/api/v1/Request/tv/total", self.get_series_total, allow_head=False),
        ]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key comes as a header."""
        if request.headers.get("ApiKey") != self.api_key or self.rejects_credentials:
            return web.Response(status=401)
        return await handler(request)

    async def get_movies(self, _: web.Request) -> web.Response:
        """All movies."""
        return many(_movie(entry) for entry in self.user_requests if entry.is_movie)

    async def get_movie_total(self, _: web.Request) -> web.Response:
        """How many movies."""
        return one(sum(entry.is_movie for entry in self.user_requests))

    async def get_series(self, _: web.Request) -> web.Response:
        """All series, each with the episodes requested of it."""
        return many(_series(entry) for entry in self.user_requests if not entry.is_movie)

    async def get_series_total(self, _: web.Request) -> web.Response:
        """How many series."""
        return one(sum(not entry.is_movie for entry in self.user_requests))


def _decision(entry: UserRequest) -> Resource:
    present, total = entry.present
    return {
        "approved": entry.approved is True,
        "denied": entry.approved is False or None,
        "available": present == total,
    }


def _movie(entry: UserRequest) -> Resource:
    words = _decision(entry)
    none = {"approved": False, "denied": None, "available": False}
    return {
        "id": entry.id,
        "theMovieDbId": entry.tmdb_id,
        "imdbId": None,
        **(none if entry.is_4k else words),
        "has4KRequest": entry.is_4k,
        **{f"{name}4K": value for name, value in (words if entry.is_4k else none).items()},
    }


def _series(entry: UserRequest) -> Resource:
    seasons = [
        {
            "seasonNumber": season,
            "episodes": [
                {"episodeNumber": one.number, "available": one.file is not None, "requested": True}
                for one in entry.items(season)
            ],
        }
        for season in entry.seasons
    ]
    series_request = {"id": entry.id, "parentRequestId": entry.id, **_decision(entry), "seasonRequests": seasons}
    return {
        "id": entry.id,
        "tvDbId": entry.tvdb_id,
        "externalProviderId": 0,
        "imdbId": None,
        "childRequests": [series_request],
    }
