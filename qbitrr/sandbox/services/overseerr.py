"""An Overseerr (Jellyseerr and Seerr answer the same), as far as requests go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from qbitrr.sandbox.services.answers import one
from qbitrr.sandbox.services.arr_api import number
from qbitrr.sandbox.services.resources import iso
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.services.media_requests import Wished
    from qbitrr.sandbox.services.resources import Resource

_DEFAULT_TAKE = 10
_STATUS = {None: 1, True: 2, False: 3}
_PENDING, _PROCESSING, _PARTIALLY, _AVAILABLE = 2, 3, 4, 5


class OverseerrStandIn(StandIn):
    """Tells what is in `wishes`, a list that may change at any time."""

    kind = "seerr"

    def __init__(
        self, wishes: Sequence[Wished], *, api_key: str, middlewares: Sequence[Middleware] = (), port: int = 0
    ) -> None:
        super().__init__("Overseerr", middlewares=middlewares, port=port)
        self.wishes = wishes
        self.api_key = api_key

    def routes(self) -> list[web.RouteDef]:
        """The list of requests."""
        return [web.get("/api/v1/request", self.get_requests, allow_head=False)]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key comes as a header."""
        if request.headers.get("X-Api-Key") != self.api_key or self.rejects_credentials:
            return one({"status": 403, "error": "You do not have permission to access this endpoint"}, status=403)
        return await handler(request)

    async def get_requests(self, request: web.Request) -> web.Response:
        """A page of the requests, newest first."""
        wanted = request.query.get("filter", "all")
        found = [wish for wish in reversed(self.wishes) if _passes(wish, wanted)]
        take, skip = number(request, "take") or _DEFAULT_TAKE, number(request, "skip") or 0
        info = {"pages": -(-len(found) // take), "pageSize": take, "results": len(found), "page": skip // take + 1}
        return one({"pageInfo": info, "results": [_request(wish) for wish in found[skip : skip + take]]})


def _passes(wish: Wished, wanted: str) -> bool:
    match wanted:
        case "approved":
            return wish.approved is True
        case "pending":
            return wish.approved is None
        case "unavailable":
            return wish.approved is not False and _media_status(wish) < _AVAILABLE
        case "available":
            return _media_status(wish) == _AVAILABLE
        case _:
            return True


def _media_status(wish: Wished) -> int:
    present, total = wish.present
    if present == total:
        return _AVAILABLE
    if present:
        return _PARTIALLY
    return _PROCESSING if wish.approved else _PENDING


def _request(wish: Wished) -> Resource:
    status, of_media = _STATUS[wish.approved], _media_status(wish)
    at = iso(wish.arr.now)
    return {
        "id": wish.id,
        "status": status,
        "createdAt": at,
        "updatedAt": at,
        "type": "movie" if wish.is_movie else "tv",
        "is4k": wish.is_4k,
        "serverId": 0,
        "profileId": 1,
        "rootFolder": "/media",
        "media": {
            "id": wish.id,
            "mediaType": "movie" if wish.is_movie else "tv",
            "tmdbId": wish.tmdb_id or 0,
            "tvdbId": wish.tvdb_id,
            "imdbId": None,
            "status": 1 if wish.is_4k else of_media,
            "status4k": of_media if wish.is_4k else 1,
            "createdAt": at,
            "updatedAt": at,
        },
        "seasons": [
            {"id": season, "seasonNumber": season, "status": status, "createdAt": at, "updatedAt": at}
            for season in wish.seasons
        ],
    }
