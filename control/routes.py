"""The table of all endpoints. Requests and answers are described by their types, here and nowhere else.

`ROUTES` are served below `/api`, which needs a credential, and below `/web`. The others are outside of both prefixes:
`INSIDE_ROUTES` are as open as `/web`, `OPEN_ROUTES` are open to everyone. `control.auth.rights` has who may call which.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from msgspec import Raw

from control import openapi
from control.assistants import Assistants
from control.binding import Method, Queue, Route
from control.handlers import (
    actions,
    activity,
    answer_links,
    arr,
    audit,
    backups,
    comparison,
    config,
    connection,
    daemon,
    decisions,
    events,
    evidence,
    file_rules,
    health,
    imports,
    inbox,
    item,
    lidarr,
    login,
    logs,
    metrics,
    notifications,
    orphans,
    peers,
    posters,
    processes,
    qbittorrents,
    radarr,
    remembered,
    room,
    searches,
    sessions,
    sonarr,
    stats,
    status,
    timeline,
    torrents,
    update,
)
from control.handlers.shared import Message, Nothing
from control.web.mcp import RpcAnswer, RpcRequest
from qbitrr.errors import (
    ConfigError,
    ConflictError,
    NotFoundError,
    NotReadyError,
    NotUpdatableError,
    QbitrrError,
    StateError,
    TooManyAttemptsError,
    TooManyRequestsError,
    UnauthorizedError,
    UnknownCategoryError,
    UnreachableError,
    UpdateInProgressError,
    WorkerNotReadyError,
)
from supervisor.config_reload import ReloadResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from control.context import HandlerContext

Q = TypeVar("Q")
A = TypeVar("A")


@overload
def route(
    method: Method,
    path: str,
    handler: Callable[[HandlerContext, Q], Awaitable[A | Raw]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
    revalidated: bool = ...,
    queue: Queue | None = ...,
    tool: str | None = ...,
) -> Route: ...
@overload
def route(
    method: Method,
    path: str,
    handler: Callable[[HandlerContext, Q, web.Request], Awaitable[A | web.StreamResponse]],
    request: type[Q],
    answer: type[A],
    *errors: type[QbitrrError],
    media: str = ...,
    queue: Queue | None = ...,
    tool: str | None = ...,
) -> Route: ...
@overload
def route(
    method: Literal["POST"],
    path: str,
    handler: Callable[[HandlerContext, Q, web.Request], Awaitable[A | None]],
    request: type[Q],
    answer: type[A],
    *,
    accepts: Literal[True],
) -> Route: ...
def route(
    method: Method,
    path: str,
    handler: Callable[..., Awaitable[Any]],
    request: type[Any],
    answer: Any,
    *errors: type[QbitrrError],
    media: str = "application/json",
    revalidated: bool = False,
    queue: Queue | None = None,
    accepts: bool = False,
    tool: str | None = None,
) -> Route:
    """Make a route. Its handler has to take `request`, and the HTTP request too if it has a third parameter."""
    http = len(inspect.signature(handler).parameters) == 3
    return Route(method, path, handler, request, answer, errors, http, media, revalidated, queue, accepts, tool)


async def describe(_context: HandlerContext, _request: Nothing) -> Raw:
    """Describe the interface as OpenAPI 3.1."""
    return _description()


async def assist(context: HandlerContext, request: RpcRequest, http: web.Request) -> RpcAnswer | None:
    """Answer a message of an assistant (Model Context Protocol, streamable HTTP) with tools that only read."""
    return await _assistants().answer(context, request, http)


_EVENT_STREAM = "text/event-stream"
_LOOKUP = (UnknownCategoryError, NotReadyError)
_DECISION = (UnknownCategoryError, ConflictError, NotReadyError)
_LINK = (UnauthorizedError, TooManyAttemptsError, ConflictError, NotFoundError)
_USED_LINK = (TooManyRequestsError, NotReadyError, StateError)
_CHANGE = (ConfigError, ConflictError, NotFoundError, WorkerNotReadyError, NotReadyError)

ROUTES = (
    route("GET", "/status", status.read, Nothing, status.Status, tool="read_status"),
    route("GET", "/processes", processes.read, Nothing, processes.Processes, tool="list_workers"),
    route(
        "GET",
        "/processes/{category}/evidence",
        evidence.read,
        evidence.EvidenceRequest,
        evidence.Bundles,
        *_LOOKUP,
        queue="files",
        tool="explain_worker_ends",
    ),
    route(
        "POST",
        "/processes/{category}/{kind}/restart",
        processes.restart,
        processes.ProcessRequest,
        Message,
        NotFoundError,
        NotReadyError,
    ),
    route("POST", "/processes/restart", daemon.restart_workers, Nothing, Message),
    route("POST", "/processes/dump", daemon.dump, Nothing, Message),
    route("POST", "/reload", daemon.reload, Nothing, ReloadResult, ConfigError, WorkerNotReadyError, NotReadyError),
    route("GET", "/inbox", inbox.read, Nothing, inbox.Inbox, queue="queries", tool="list_what_needs_the_user"),
    route("GET", "/qbittorrents", qbittorrents.read, Nothing, qbittorrents.Qbittorrents, tool="list_qbittorrents"),
    route(
        "GET",
        "/activity",
        activity.read,
        activity.ActivityRequest,
        activity.Activity,
        queue="queries",
        tool="count_daily_activity",
    ),
    route("GET", "/peers", peers.read, Nothing, peers.PeerList, tool="list_other_daemons"),
    route("GET", "/stats", stats.read, Nothing, stats.Stats, queue="queries", tool="read_numbers"),
    route("GET", "/arr", arr.read, Nothing, arr.Arrs, tool="list_arrs"),
    route(
        "GET",
        "/arr/{section}/items/{id}/history",
        item.history,
        item.ItemHistoryRequest,
        item.ItemHistory,
        *_LOOKUP,
        queue="queries",
        tool="item_history",
    ),
    route(
        "GET",
        "/arr/{section}/items/{id}/timeline",
        timeline.read_item,
        item.ItemHistoryRequest,
        timeline.ItemTimeline,
        *_LOOKUP,
        queue="queries",
        tool="item_timeline",
    ),
    route("POST", "/arr/{section}/restart", arr.restart, arr.ArrRequest, Message, *_LOOKUP),
    route("POST", "/arr/{section}/read-settings", arr.read_settings, arr.ArrRequest, Message, *_LOOKUP),
    route("POST", "/arr/{section}/approve", actions.approve, actions.ApprovalRequest, Message, *_DECISION),
    route("POST", "/arr/{section}/discard", actions.discard, actions.ApprovalRequest, Message, *_DECISION),
    route(
        "POST",
        "/actions/{id}/answer",
        actions.answer,
        actions.AnswerRequest,
        Message,
        NotFoundError,
        ConflictError,
        NotReadyError,
    ),
    route(
        "POST",
        "/imports/answer",
        imports.answer,
        imports.ImportAnswerRequest,
        Message,
        *_LOOKUP,
        NotFoundError,
        ConflictError,
    ),
    route(
        "GET", "/answers", remembered.read, Nothing, remembered.Answers, queue="queries", tool="list_remembered_answers"
    ),
    route(
        "POST",
        "/answers/forget",
        remembered.forget,
        remembered.ForgetRequest,
        Message,
        *_LOOKUP,
    ),
    route(
        "POST",
        "/actions/{id}/undo",
        actions.undo,
        actions.UndoRequest,
        Message,
        NotFoundError,
        ConflictError,
        NotReadyError,
    ),
    route(
        "POST", "/arr/test-connection", connection.test, connection.ConnectionRequest, connection.Tested, NotFoundError
    ),
    route(
        "GET",
        "/arr/{section}/search-plan",
        searches.plan,
        searches.PlanRequest,
        searches.SearchPlan,
        *_LOOKUP,
        queue="queries",
        tool="search_plan",
    ),
    route(
        "GET",
        "/arr/{section}/room",
        room.plan,
        room.RoomRequest,
        room.RoomView,
        *_LOOKUP,
        queue="files",
        tool="plan_room",
    ),
    route(
        "POST",
        "/arr/{section}/search-pause",
        searches.pause,
        searches.PauseRequest,
        Message,
        *_LOOKUP,
    ),
    route("POST", "/arr/{section}/search", searches.search, searches.ItemSearchRequest, Message, *_LOOKUP),
    route(
        "GET",
        "/arr/{section}/posters/{id}",
        posters.read,
        posters.PosterRequest,
        str,
        NotFoundError,
        *_LOOKUP,
        media="image/*",
        queue="pictures",
    ),
    route("POST", "/arr/rebuild", arr.rebuild, Nothing, Message, NotReadyError),
    route(
        "GET",
        "/radarr/{category}/movies",
        radarr.movies,
        radarr.MoviesRequest,
        radarr.Movies,
        *_LOOKUP,
        revalidated=True,
        queue="queries",
        tool="list_movies",
    ),
    route(
        "GET",
        "/sonarr/{category}/series",
        sonarr.series,
        sonarr.SeriesRequest,
        sonarr.SeriesPage,
        *_LOOKUP,
        revalidated=True,
        queue="queries",
        tool="list_series",
    ),
    route(
        "GET",
        "/lidarr/{category}/artists",
        lidarr.artists,
        lidarr.ArtistsRequest,
        lidarr.Artists,
        *_LOOKUP,
        revalidated=True,
        queue="queries",
        tool="list_artists",
    ),
    route("GET", "/logs", logs.names, Nothing, logs.Logs, tool="list_logs"),
    route("GET", "/logs/{name}", logs.read, logs.LogRequest, logs.Log, NotFoundError, queue="files", tool="read_log"),
    route(
        "GET",
        "/logs/{name}/at",
        logs.at,
        logs.MomentRequest,
        logs.Stretch,
        NotFoundError,
        queue="files",
        tool="read_log_at",
    ),
    route(
        "GET",
        "/logs/{name}/search",
        logs.search,
        logs.SearchRequest,
        logs.Matches,
        NotFoundError,
        queue="files",
        tool="search_log",
    ),
    route("GET", "/logs/{name}/download", logs.download, logs.LogName, str, NotFoundError, media="text/plain"),
    route(
        "GET",
        "/logs/{name}/stream",
        logs.stream,
        logs.StreamRequest,
        str,
        NotFoundError,
        NotReadyError,
        media=_EVENT_STREAM,
    ),
    route("GET", "/events", events.follow, events.EventsRequest, str, NotReadyError, media=_EVENT_STREAM),
    route("GET", "/config", config.read, Nothing, dict[str, Any], ConfigError, tool="read_config"),
    route("GET", "/config/schema", config.forms, Nothing, config.Forms, tool="describe_config"),
    route("POST", "/config", config.change, config.ChangeRequest, config.Changed, *_CHANGE),
    route("POST", "/config/plan", config.plan, config.ChangeRequest, config.PlanView, ConfigError),
    route("GET", "/config/history", config.history, Nothing, config.History, queue="files", tool="config_history"),
    route("POST", "/config/rollback", config.rollback, config.RollbackRequest, config.Changed, *_CHANGE),
    route("POST", "/notifications/test", notifications.test, Nothing, Message, ConflictError, UnreachableError),
    route("POST", "/password", login.set_password, login.PasswordRequest, config.Changed, *_CHANGE),
    route("GET", "/sessions", sessions.read, Nothing, sessions.SessionList),
    route("POST", "/sessions/{id}/revoke", sessions.revoke, sessions.RevokeRequest, Message, NotFoundError, StateError),
    route("POST", "/sessions/revoke", sessions.revoke_all, Nothing, Message, StateError),
    route("GET", "/meta", update.read, update.MetaRequest, update.About, tool="read_version"),
    route("POST", "/update", update.start, Nothing, update.Started, UpdateInProgressError, NotUpdatableError),
    route("POST", "/restart", daemon.restart, Nothing, Message),
    route(
        "GET",
        "/orphans",
        orphans.read,
        orphans.OrphansRequest,
        orphans.Orphans,
        queue="queries",
        tool="list_orphans",
    ),
    route(
        "POST",
        "/orphans/answer",
        orphans.answer,
        orphans.OrphanAnswerRequest,
        Message,
        NotFoundError,
        ConflictError,
        NotReadyError,
    ),
    route("GET", "/backups", backups.read, Nothing, backups.Backups, queue="files"),
    route(
        "GET",
        "/backups/{name}/download",
        backups.download,
        backups.BackupName,
        str,
        NotFoundError,
        media="application/vnd.sqlite3",
    ),
    route(
        "GET",
        "/decisions",
        decisions.read,
        decisions.DecisionsRequest,
        decisions.Decisions,
        queue="queries",
        tool="list_decisions",
    ),
    route(
        "GET",
        "/comparison",
        comparison.read,
        comparison.ComparisonRequest,
        comparison.Comparison,
        queue="queries",
        tool="compare_with_others",
    ),
    route(
        "GET",
        "/comparison/days",
        comparison.days,
        comparison.ComparedDaysRequest,
        comparison.ComparedDays,
        queue="queries",
        tool="count_comparison",
    ),
    route("GET", "/audit", audit.read, audit.AuditRequest, audit.AuditTrailView, queue="queries"),
    route(
        "GET",
        "/torrents",
        torrents.read,
        torrents.TorrentsRequest,
        torrents.Torrents,
        queue="queries",
        tool="list_torrents",
    ),
    route(
        "GET",
        "/torrents/{hash}/explain",
        torrents.explain,
        torrents.ExplainRequest,
        torrents.Explanation,
        NotFoundError,
        queue="queries",
        tool="explain_torrent",
    ),
    route(
        "GET",
        "/torrents/{hash}/timeline",
        timeline.read,
        timeline.TimelineRequest,
        timeline.Timeline,
        NotFoundError,
        queue="queries",
        tool="torrent_timeline",
    ),
    route(
        "POST",
        "/torrents/{hash}/check-files",
        file_rules.check,
        file_rules.FileRulesRequest,
        file_rules.CheckedFiles,
        NotFoundError,
        *_LOOKUP,
    ),
    route("POST", "/mcp", assist, RpcRequest, RpcAnswer, accepts=True),
    route("GET", "/openapi.json", describe, Nothing, Raw, revalidated=True),
)
INSIDE_ROUTES = (route("GET", "/metrics", metrics.read, Nothing, str, media="text/plain", queue="queries"),)
OPEN_ROUTES = (
    route("GET", "/health", health.health, Nothing, health.Health),
    route("GET", "/ready", health.ready, Nothing, health.Readiness, NotReadyError),
    route("GET", "/login", login.methods, Nothing, login.LoginMethods, TooManyAttemptsError),
    route("POST", "/login", login.log_in, login.LoginRequest, login.Success, UnauthorizedError, TooManyAttemptsError),
    route(
        "POST",
        "/answer/read",
        answer_links.read,
        answer_links.LinkRequest,
        answer_links.LinkView,
        *_LINK,
    ),
    route("POST", "/answer", answer_links.use, answer_links.LinkRequest, Message, *_LINK, *_USED_LINK),
    route("POST", "/logout", login.log_out, Nothing, login.Success, StateError),
)


@cache
def _description() -> Raw:
    return Raw(openapi.document(ROUTES, INSIDE_ROUTES, OPEN_ROUTES))


@cache
def _assistants() -> Assistants:
    return Assistants(ROUTES)
