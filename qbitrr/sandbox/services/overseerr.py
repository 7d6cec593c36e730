"""An Overseerr (Jellyseerr and Seerr answer the same), as far as requests go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from qbitrr.sandbox.services.answers import one
from qbitrr.sandbox.services.arr_query import number
from qbitrr.sandbox.services.resources import iso
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.services.media_requests import UserRequest
    from qbitrr.sandbox.services.resources import Resource

_DEFAULT_TAKE = 10
_STATUS = {None: 1, True: 2, False: 3}
_PENDING, _PROCESSING, _PARTIALLY, _AVAILABLE = 2, 3, 4, 5


class OverseerrStandIn(StandIn):
    """Lists `user_requests`, which may change at any time."""

    kind = "seerr"

    def __init__(
        self,
        user_requests: Sequence[UserRequest],
        *,
        api_key: str,
        middlewares: Sequence[Middleware] = (),
        port: int = 0,
    ) -> None:
        super().__init__("Overseerr", middlewares=middlewares, port=port)
        self.user_requests = user_requests
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
        chosen = request.query.get("filter", "all")
        found = [entry for entry in reversed(self.user_requests) if _passes(entry, chosen)]
        take, skip = number(request, "take") or _DEFAULT_TAKE, number(request, "skip") or 0
        info = {"pages": -(-len(found) // take), "pageSize": take, "results": len(found), "page": skip // take + 1}
        return one({"pageInfo": info, "results": [_request(entry) for entry in found[skip : skip + take]]})


def _passes(entry: UserRequest, chosen: str) -> bool:
    match chosen:
        case "approved":
            return entry.approved is True
        case "pending":
            return entry.approved is None
        case "unavailable":
            return entry.approved is not False and _media_status(entry) < _AVAILABLE
        case "available":
            return _media_status(entry) == _AVAILABLE
        case _:
            return True


def _media_status(entry: UserRequest) -> int:
    present, total = entry.present
    if present == total:
        return _AVAILABLE
    if present:
        return _PARTIALLY
    return _PROCESSING if entry.approved else _PENDING


def _request(entry: UserRequest) -> Resource:
    status, of_media = _STATUS[entry.approved], _media_status(entry)
    at = iso(entry.arr.now)
    return {
        "id": entry.id,
        "status": status,
        "createdAt": at,
        "updatedAt": at,
        "type": "movie" if entry.is_movie else "tv",
        "is4k": entry.is_4k,
        "serverId": 0,
        "profileId": 1,
        "rootFolder": "/media",
        "media": {
            "id": entry.id,
            "mediaType": "movie" if entry.is_movie else "tv",
            "tmdbId": entry.tmdb_id or 0,
            "tvdbId": entry.tvdb_id,
            "imdbId": None,
            "status": 1 if entry.is_4k else of_media,
            "status4k": of_media if entry.is_4k else 1,
            "createdAt": at,
            "updatedAt": at,
        },
        "seasons": [
            {"id": season, "seasonNumber": season, "status": status, "createdAt": at, "updatedAt": at}
            for season in entry.seasons
        ],
    }
