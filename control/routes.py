"""The table of everything that can be asked for. Requests and answers are described by types, here and nowhere else.

`ROUTES` are below `/api`, which needs the token, and below `/web`, which does not in private networks. The others are
outside of both: `INSIDE_ROUTES` are open to whom `/web` is open, `OPEN_ROUTES` to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from control import openapi
from control.config_editor import ConfigPlan
from control.handlers import (
    actions,
    arr,
    config,
    connection,
    daemon,
    decisions,
    events,
    evidence,
    health,
    lidarr,
    login,
    logs,
    metrics,
    processes,
    radarr,
    searches,
    sonarr,
    status,
    torrents,
    update,
)
from control.handlers import update as meta
from control.handlers.shared import Nothing
from qbitrr.errors import (
    ConfigError,
    ConflictError,
    NotFoundError,
    NotReadyError,
    NotUpdatableError,
    QbitrrError,
    TooManyAttemptsError,
    UnauthorizedError,
    UnknownCategoryError,
    UpdateInProgressError,
    WorkerNotReadyError,
)
from supervisor.changes import ReloadResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from control.context import HandlerContext

    Handler = Callable[..., Awaitable[Any]]

Q = TypeVar("Q")
A = TypeVar("A")
Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `errors` are those that its handler raises; what binding and access raise is known from there.

    `http`: the handler is given the HTTP request too and may answer by itself, as `media`. `revalidated`: a client may
    keep the answer and ask whether it still holds.
    """

    method: Method
    path: str
    handler: Handler
    request: type[Any]
    answer: Any
    errors: tuple[type[QbitrrError], ...] = ()
    http: bool = False
    media: str = "application/json"
    revalidated: bool = False


def _get(
    path: str,
    handler: Callable[[HandlerContext, Q], Awaitable[A]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
) -> Route:
    return Route("GET", path, handler, request, answer, errors)


def _post(
    path: str,
    handler: Callable[[HandlerContext, Q], Awaitable[A]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
) -> Route:
    return Route("POST", path, handler, request, answer, errors)


def _list(
    path: str,
    handler: Callable[[HandlerContext, Q], Awaitable[A]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
) -> Route:
    return Route("GET", path, handler, request, answer, errors, revalidated=True)


def _http(
    method: Method,
    path: str,
    handler: Callable[[HandlerContext, Q, web.Request], Awaitable[A | web.StreamResponse]],
    request: type[Q],
    answer: Any,
    *errors: type[QbitrrError],
    media: str = "application/json",
) -> Route:
    return Route(method, path, handler, request, answer, errors, http=True, media=media)


async def describe(_context: HandlerContext, _request: Nothing) -> msgspec.Raw:
    """The interface described as OpenAPI 3.1."""
    return _description()


_CHANGING = (ConfigError, ConflictError, NotFoundError, WorkerNotReadyError, NotReadyError)
_STREAMING = (NotFoundError, NotReadyError)
_SSE = "text/event-stream"
_UNREADY = (UnknownCategoryError, NotReadyError)
_HELD = (UnknownCategoryError, ConflictError, NotReadyError)

ROUTES = (
    _get("/status", status.read, Nothing, status.Status),
    Route("GET", "/processes", processes.read, Nothing, processes.Processes),
    _get(
        "/processes/{category}/evidence",
        evidence.read,
        evidence.EvidenceRequest,
        evidence.Bundles,
        UnknownCategoryError,
        NotReadyError,
    ),
    _post(
        "/processes/{category}/{kind}/restart",
        processes.restart,
        processes.ProcessRequest,
        arr.Message,
        NotFoundError,
        NotReadyError,
    ),
    _post("/processes/restart", daemon.renew, Nothing, daemon.Message),
    _post("/processes/dump", daemon.dump, Nothing, daemon.Message),
    _post("/reload", daemon.reload, Nothing, ReloadResult, ConfigError, WorkerNotReadyError, NotReadyError),
    _get("/arr", arr.read, Nothing, arr.Arrs),
    _post("/arr/{section}/restart", arr.restart, arr.RestartRequest, arr.Message, UnknownCategoryError, NotReadyError),
    _post("/arr/{section}/approve", actions.approve, actions.ApprovalRequest, arr.Message, *_HELD),
    _post("/arr/{section}/discard", actions.discard, actions.ApprovalRequest, arr.Message, *_HELD),
    _post(
        "/actions/{id}/undo",
        actions.undo,
        actions.UndoRequest,
        arr.Message,
        NotFoundError,
        ConflictError,
        NotReadyError,
    ),
    _http(
        "POST",
        "/arr/test-connection",
        connection.test,
        connection.ConnectionRequest,
        connection.Tested,
        NotFoundError,
    ),
    _get("/arr/{section}/search-plan", searches.plan, searches.PlanRequest, searches.SearchPlan, *_UNREADY),
    _post("/arr/{section}/search", searches.search, searches.ItemSearchRequest, arr.Message, *_UNREADY),
    _post("/arr/rebuild", arr.rebuild, Nothing, arr.Message, NotReadyError),
    _list(
        "/radarr/{category}/movies",
        radarr.movies,
        radarr.MoviesRequest,
        radarr.Movies,
        UnknownCategoryError,
        NotReadyError,
    ),
    _list(
        "/sonarr/{category}/series",
        sonarr.series,
        sonarr.SeriesRequest,
        sonarr.SeriesPage,
        UnknownCategoryError,
        NotReadyError,
    ),
    _list(
        "/lidarr/{category}/artists",
        lidarr.artists,
        lidarr.ArtistsRequest,
        lidarr.Artists,
        UnknownCategoryError,
        NotReadyError,
    ),
    _get("/logs", logs.names, Nothing, logs.Logs),
    _get("/logs/{name}", logs.read, logs.LogRequest, logs.Log, NotFoundError),
    _get("/logs/{name}/search", logs.search, logs.SearchRequest, logs.Matches, NotFoundError),
    _http("GET", "/logs/{name}/download", logs.download, logs.LogName, str, NotFoundError, media="text/plain"),
    _http("GET", "/logs/{name}/stream", logs.stream, logs.StreamRequest, str, *_STREAMING, media=_SSE),
    _http("GET", "/events", events.follow, events.EventsRequest, str, NotReadyError, media=_SSE),
    _http("GET", "/config", config.read, Nothing, dict[str, Any], ConfigError),
    _http("POST", "/config", config.change, config.ChangeRequest, config.Changed, *_CHANGING),
    _post("/config/plan", config.plan, config.ChangeRequest, ConfigPlan, ConfigError),
    _get("/config/history", config.history, Nothing, config.History),
    _http("POST", "/config/rollback", config.rollback, config.RollbackRequest, config.Changed, *_CHANGING),
    _http("POST", "/password", login.set_password, login.PasswordRequest, config.Changed, *_CHANGING),
    _get("/meta", meta.read, meta.MetaRequest, meta.About),
    _http("POST", "/update", update.start, Nothing, update.Started, UpdateInProgressError, NotUpdatableError),
    _http("POST", "/restart", daemon.restart, Nothing, daemon.Message),
    _get("/decisions", decisions.read, decisions.DecisionsRequest, decisions.Decisions),
    _get("/torrents/{hash}/explain", torrents.explain, torrents.ExplainRequest, torrents.Explanation, NotFoundError),
    _list("/openapi.json", describe, Nothing, msgspec.Raw),
)
INSIDE_ROUTES = (_http("GET", "/metrics", metrics.read, Nothing, str, media="text/plain"),)
OPEN_ROUTES = (
    _get("/health", health.health, Nothing, health.Health),
    _get("/ready", health.ready, Nothing, health.Readiness, NotReadyError),
    _http("GET", "/login", login.ways, Nothing, login.Ways, TooManyAttemptsError),
    _http("POST", "/login", login.login, login.LoginRequest, login.Done, UnauthorizedError, TooManyAttemptsError),
    _http("POST", "/logout", login.logout, Nothing, login.Done),
)


@cache
def _description() -> msgspec.Raw:
    return msgspec.Raw(openapi.document(ROUTES, INSIDE_ROUTES, OPEN_ROUTES))
