"""An Ombi 4, as far as requests go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from qbitrr.sandbox.services.answers import many, one
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.services.media_requests import Wished
    from qbitrr.sandbox.services.resources import Resource


class OmbiStandIn(StandIn):
    """Tells what is in `wishes`, a list that may change at any time."""

    kind = "ombi"

    def __init__(
        self, wishes: Sequence[Wished], *, api_key: str, middlewares: Sequence[Middleware] = (), port: int = 0
    ) -> None:
        super().__init__("Ombi", middlewares=middlewares, port=port)
        self.wishes = wishes
        self.api_key = api_key

    def routes(self) -> list[web.RouteDef]:
        """Movies, series, and how many there are: bare numbers, as Ombi tells them."""
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
        return many(_movie(wish) for wish in self.wishes if wish.is_movie)

    async def get_movie_total(self, _: web.Request) -> web.Response:
        """How many movies."""
        return one(sum(wish.is_movie for wish in self.wishes))

    async def get_series(self, _: web.Request) -> web.Response:
        """All series, with what was asked for of each."""
        return many(_series(wish) for wish in self.wishes if not wish.is_movie)

    async def get_series_total(self, _: web.Request) -> web.Response:
        """How many series."""
        return one(sum(not wish.is_movie for wish in self.wishes))


def _decision(wish: Wished) -> Resource:
    present, total = wish.present
    return {"approved": wish.approved is True, "denied": wish.approved is False or None, "available": present == total}


def _movie(wish: Wished) -> Resource:
    words = _decision(wish)
    none = {"approved": False, "denied": None, "available": False}
    return {
        "id": wish.id,
        "theMovieDbId": wish.tmdb_id,
        "imdbId": None,
        **(none if wish.is_4k else words),
        "has4KRequest": wish.is_4k,
        **{f"{name}4K": value for name, value in (words if wish.is_4k else none).items()},
    }


def _series(wish: Wished) -> Resource:
    seasons = [
        {
            "seasonNumber": season,
            "episodes": [
                {"episodeNumber": one.number, "available": one.file is not None, "requested": True}
                for one in wish.items(season)
            ],
        }
        for season in wish.seasons
    ]
    child = {"id": wish.id, "parentRequestId": wish.id, **_decision(wish), "seasonRequests": seasons}
    return {
        "id": wish.id,
        "tvDbId": wish.tvdb_id,
        "externalProviderId": 0,
        "imdbId": None,
        "childRequests": [child],
    }
