"""Requests of Overseerr, Jellyseerr and Seerr, which have one API.

Source: `GET /request` of the OpenAPI descriptions that Overseerr and Seerr publish; they omit
`type` and, for series, `seasons`, which every answer has. Numbers of `status`: of a request 1 pending, 2 approved, 3
declined, 4 failed, 5 completed; of the media 5 available, above that deleted or blocked. The newest come first, by
their ids (`server/routes/request.ts`); each page is a query of its own, of those that pass the filter at that moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from qbitrr.errors import UnexpectedAnswerError
from qbitrr.media_requests.request import ALL_SEASONS, MediaRequest, number

if TYPE_CHECKING:
    from qbitrr.http.client import HttpClient

_PAGE_SIZE = 100
_MOST_PAGES = 200
_ATTEMPTS = 3
_PENDING, _APPROVED, _DECLINED = 1, 2, 3
_AVAILABLE = 5
_TYPES = {"radarr": "movie", "sonarr": "tv"}


class Media(Struct, rename="camel", frozen=True):
    """The requested movie or series; `status_4k` is the status of its 4K version."""

    media_type: str | None = None
    tmdb_id: int | str | None = None
    tvdb_id: int | str | None = None
    imdb_id: str | None = None
    status: int = 1
    status_4k: int = field(name="status4k", default=1)


class RequestedSeason(Struct, rename="camel", frozen=True):
    """One season of a request."""

    season_number: int
    status: int = _APPROVED


class Request(Struct, rename="camel", frozen=True):
    """One request."""

    id: int
    status: int = _PENDING
    type: str | None = None
    is_4k: bool = field(name="is4k", default=False)
    media: Media | None = None
    seasons: list[RequestedSeason] | None = None


class Page(Struct, frozen=True):
    """`GET /request`."""

    results: list[Request] = []


async def requests(http: HttpClient, kind: str, *, approved_only: bool, is_4k: bool) -> list[MediaRequest]:
    """List the requests for a Radarr or a Sonarr that are not fulfilled. Raises a ServiceError."""
    requests = await _all(http, "approved" if approved_only else "unavailable")
    return [one for request in requests for one in _open(request, kind, approved_only=approved_only, is_4k=is_4k)]


async def _all(http: HttpClient, which: str) -> list[Request]:
    for _ in range(_ATTEMPTS):
        if (found := await _pages(http, which)) is not None:
            return found
    raise UnexpectedAnswerError(http.service, "GET request: it changes while its pages are read")


async def _pages(http: HttpClient, which: str) -> list[Request] | None:
    """Read all pages, each from the last request of the one before.

    None when another one is there: some came or went meanwhile, and others may have been missed.
    """
    found: list[Request] = []
    for _ in range(_MOST_PAGES):
        known = found[-1:]
        skip = len(found) - len(known)
        page = await http.get("request", Page, take=_PAGE_SIZE, skip=skip, sort="added", filter=which)
        if [request.id for request in known] != [request.id for request in page.results[: len(known)]]:
            return None
        found += page.results[len(known) :]
        if len(page.results) < _PAGE_SIZE:
            return found
    raise UnexpectedAnswerError(http.service, "GET request: its pages do not end")


def _open(request: Request, kind: str, *, approved_only: bool, is_4k: bool) -> list[MediaRequest]:
    media = request.media
    if media is None or (request.type or media.media_type) != _TYPES[kind] or request.is_4k != is_4k:
        return []
    status = media.status_4k if is_4k else media.status
    if status >= _AVAILABLE or not _counts(request.status, approved_only=approved_only):
        return []
    seasons: list[int | None] = [None]
    if kind == "sonarr":
        # no list at all is the whole series, as when it was requested elsewhere; an empty one requests nothing
        asked = [RequestedSeason(ALL_SEASONS)] if request.seasons is None else request.seasons
        seasons = [one.season_number for one in asked if _counts(one.status, approved_only=approved_only)]
    ids = (number(media.tmdb_id), number(media.tvdb_id), media.imdb_id or None)
    return [one for season in seasons if (one := MediaRequest(*ids, season)).is_known]


def _counts(status: int, *, approved_only: bool) -> bool:
    """Whether a request is open: failed and completed ones were approved, and may lack the media all the same."""
    return status != _DECLINED and (status != _PENDING or not approved_only)
