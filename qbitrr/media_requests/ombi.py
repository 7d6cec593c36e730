"""Requests of Ombi.

Source: `GET /api/v1/Request/movie` and `/tv` of Ombi 4, which answer lists; the key is sent as `ApiKey`. The 4K
version of a movie is approved and denied by itself. A series has one child request for each time it was requested, with
its seasons. `externalProviderId` is TMDB's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.media_requests.request import MediaRequest, number

if TYPE_CHECKING:
    from qbitrr.http.client import HttpClient


class MovieRequest(Struct, rename="camel", frozen=True):
    """One movie; fields that end in 4K are about its 4K version."""

    the_movie_db_id: int | str | None = None
    imdb_id: str | None = None
    approved: bool = False
    denied: bool | None = None
    available: bool = False
    has_4k_request: bool = False
    approved_4k: bool = False
    denied_4k: bool | None = None
    available_4k: bool = False


class RequestedEpisode(Struct, rename="camel", frozen=True):
    """One episode."""

    available: bool = False


class SeasonRequest(Struct, rename="camel", frozen=True):
    """One season."""

    season_number: int
    episodes: list[RequestedEpisode] | None = None


class ChildRequest(Struct, rename="camel", frozen=True):
    """One request for a series."""

    approved: bool = False
    denied: bool | None = None
    available: bool = False
    season_requests: list[SeasonRequest] | None = None


class TvRequest(Struct, rename="camel", frozen=True):
    """One series."""

    tv_db_id: int | str | None = None
    external_provider_id: int | str | None = None
    imdb_id: str | None = None
    child_requests: list[ChildRequest] | None = None


async def requests(http: HttpClient, kind: str, *, approved_only: bool) -> list[MediaRequest]:
    """List the requests for a Radarr or a Sonarr that are not fulfilled. Raises a ServiceError."""
    if kind == "radarr":
        movies = await http.get("Request/movie", list[MovieRequest])
        return [request for one in movies if (request := _movie(one)).is_known and _is_open(one, approved_only)]
    series = await http.get("Request/tv", list[TvRequest])
    return [request for one in series for request in _seasons(one, approved_only) if request.is_known]


def _movie(request: MovieRequest) -> MediaRequest:
    return MediaRequest(number(request.the_movie_db_id), None, request.imdb_id or None)


def _is_open(request: MovieRequest, approved_only: bool) -> bool:
    parts = [(request.approved, request.denied, request.available)]
    if request.has_4k_request:
        parts.append((request.approved_4k, request.denied_4k, request.available_4k))
    return any(not denied and not there and (approved or not approved_only) for approved, denied, there in parts)


def _seasons(request: TvRequest, approved_only: bool) -> list[MediaRequest]:
    seasons = {
        season.season_number
        for child in request.child_requests or []
        if not child.denied and not child.available and (child.approved or not approved_only)
        for season in child.season_requests or []
        if not season.episodes or not all(episode.available for episode in season.episodes)
    }
    ids = (number(request.external_provider_id), number(request.tv_db_id), request.imdb_id or None)
    return [MediaRequest(*ids, season) for season in sorted(seasons)]
