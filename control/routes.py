"""The table of everything that can be asked for. Requests and answers are described by types, here and nowhere else.

`ROUTES` are below `/api`, which needs the token, and below `/web`, which does not in private networks. `OPEN_ROUTES`
are outside of both and open to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from control import openapi
from control.handlers import (
    actions,
    arr,
    daemon,
    decisions,
    evidence,
    health,
    lidarr,
    logs,
    processes,
    radarr,
    searches,
    sonarr,
    status,
    torrents,
)
from control.parameters import Nothing
from qbitrr.errors import (
    ConfigError,
    ConflictError,
    NotFoundError,
    NotReadyError,
    QbitrrError,
    UnknownCategoryError,
    WorkerNotReadyError,
)
from supervisor.changes import Reloaded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from control.context import Context

    Handler = Callable[[Context, Any], Awaitable[Any]]

Q = TypeVar("Q")
A = TypeVar("A")
Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `errors` are those that its handler raises; what binding and access raise is known from there."""

    method: Method
    path: str
    handler: Handler
    request: type[Any]
    answer: Any
    errors: tuple[type[QbitrrError], ...] = ()


def _get(
    path: str,
    handler: Callable[[Context, Q], Awaitable[A]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
) -> Route:
    return Route("GET", path, handler, request, answer, errors)


def _post(
    path: str,
    handler: Callable[[Context, Q], Awaitable[A]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
) -> Route:
    return Route("POST", path, handler, request, answer, errors)


async def describe(_context: Context, _request: Nothing) -> msgspec.Raw:
    """The interface described as OpenAPI 3.1."""
    return _description()


_UNREADY = (UnknownCategoryError, NotReadyError)
_HELD = (UnknownCategoryError, ConflictError, NotReadyError)

ROUTES = (
    _get("/status", status.read, Nothing, status.Status),
    _get("/processes", processes.read, Nothing, processes.Processes),
    _get(
        "/processes/{category}/evidence",
        evidence.read,
        evidence.EvidenceRequest,
        evidence.Bundles,
        UnknownCategoryError,
        NotReadyError,
    ),
    _post("/processes/restart", daemon.renew, Nothing, daemon.Begun),
    _post("/processes/dump", daemon.dump, Nothing, daemon.Begun),
    _post("/reload", daemon.reload, Nothing, Reloaded, ConfigError, WorkerNotReadyError, NotReadyError),
    _post("/restart", daemon.restart, Nothing, daemon.Begun),
    _get("/arr", arr.read, Nothing, arr.Arrs),
    _post("/arr/{section}/restart", arr.restart, arr.RestartRequest, arr.Message, UnknownCategoryError, NotReadyError),
    _post("/arr/{section}/approve", actions.approve, actions.HeldRequest, arr.Message, *_HELD),
    _post("/arr/{section}/discard", actions.discard, actions.HeldRequest, arr.Message, *_HELD),
    _post(
        "/actions/{id}/undo",
        actions.undo,
        actions.UndoRequest,
        arr.Message,
        NotFoundError,
        ConflictError,
        NotReadyError,
    ),
    _get("/arr/{section}/search-plan", searches.plan, searches.PlanRequest, searches.SearchPlan, *_UNREADY),
    _post("/arr/{section}/search", searches.search, searches.SearchRequest, arr.Message, *_UNREADY),
    _post("/arr/rebuild", arr.rebuild, Nothing, arr.Message, NotReadyError),
    _get(
        "/radarr/{category}/movies",
        radarr.movies,
        radarr.MoviesRequest,
        radarr.Movies,
        UnknownCategoryError,
        NotReadyError,
    ),
    _get(
        "/sonarr/{category}/series",
        sonarr.series,
        sonarr.SeriesRequest,
        sonarr.SeriesPage,
        UnknownCategoryError,
        NotReadyError,
    ),
    _get(
        "/lidarr/{category}/artists",
        lidarr.artists,
        lidarr.ArtistsRequest,
        lidarr.Artists,
        UnknownCategoryError,
        NotReadyError,
    ),
    _get("/logs", logs.names, Nothing, logs.Logs),
    _get("/logs/{name}", logs.read, logs.LogRequest, logs.Log, NotFoundError),
    _get("/decisions", decisions.read, decisions.DecisionsRequest, decisions.Decisions),
    _get("/torrents/{hash}/explain", torrents.explain, torrents.ExplainRequest, torrents.Explanation, NotFoundError),
    _get("/openapi.json", describe, Nothing, msgspec.Raw),
)
OPEN_ROUTES = (
    _get("/health", health.health, Nothing, health.Health),
    _get("/ready", health.ready, Nothing, health.Readiness, NotReadyError),
)


@cache
def _description() -> msgspec.Raw:
    return msgspec.Raw(openapi.document(ROUTES, OPEN_ROUTES))
