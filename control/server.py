"""The aiohttp application, and serving it on listening sockets."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http import HttpProcessingError

from control.auth.origin_check import OriginCheck
from control.binding import LARGEST_BODY_BYTES, bind
from control.handlers import oidc
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from control.web import errors, sending, static_page
from control.web.budget import Budget, client_of
from control.web.connection_limits import MOST, MOST_PER_CLIENT, ConnectionLimits
from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from control.context import HandlerContext

_log = logs.get(__name__)

_LARGEST_LINE_BYTES = 8190  # of the request line and of each header
_MOST_HEADERS = 64
_IDLE_SECONDS = 75.0
_SHUTDOWN_SECONDS = 1.0
_DRAIN_SECONDS = 0.1
_BACKLOG = 128
_PROBES = ("/health", "/ready")  # answered whatever else is going on

# A category may hold slashes, encoded or not; every other parameter is one segment of the path.
_CATEGORY = re.compile(r"{(category|section)}")


def create_application(context: HandlerContext, *outer: Middleware) -> web.Application:
    """Make the application; everything is served below `WebUI.UrlBase` too. `outer` encloses all other middleware."""
    application = web.Application(
        middlewares=[*outer, _request_boundary(context)],
        client_max_size=LARGEST_BODY_BYTES,
    )
    access = context.access
    tables = [
        ("/api", ROUTES, access.admit_to_api),
        ("/web", ROUTES, access.admit_to_web),
        ("", INSIDE_ROUTES, access.admit_to_web),
        ("", OPEN_ROUTES, access.admit_everyone),
    ]
    add = {"GET": application.router.add_get, "POST": application.router.add_post}  # add_get answers HEAD too
    page = static_page.PageInMemory()
    for base in dict.fromkeys(("", access.webui.url_base)):
        for prefix, routes, admit in tables:
            for route in routes:
                path = _CATEGORY.sub(r"{\1:.+}", base + prefix + route.path)
                add[route.method](path, bind(route, context, admit))
        static_page.add_page(application, base, page)
        if access.webui.oidc_enabled:
            oidc.add_login(application, base, context)

    async def close_events(_application: web.Application) -> None:
        context.events.close()

    application.on_shutdown.append(close_events)
    return application


def _request_boundary(context: HandlerContext) -> Middleware:
    """Make the middleware that checks the origin of every request and answers every exception."""
    origin_check = OriginCheck(context.access)

    @web.middleware
    async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            origin_check.check(request)
            response = await handler(request)
            if sending.is_large(response):
                client = client_of(context.access.client_address(request))
                response = await sending.send(response, request, context.answers, client)
        except Exception as error:  # noqa: BLE001 - an unexpected error must not end the connection
            response = errors.answer(error, request, context.faults)
        if context.commands.ending:
            response.force_close()  # nothing would answer the next request on this connection
        return response

    return boundary


class _Protocol(web.RequestHandler):
    """HTTP on one connection. What is answered before any handler is asked has the envelope of errors too."""

    __slots__ = ()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer. An exception of aiohttp comes here only when no middleware was asked: for `Expect`."""
        if isinstance(resp, web.HTTPException):
            resp = errors.of_http(resp, request)
            resp.force_close()  # whether the body comes all the same is not known
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            # its text repeats a line of the head, where a cookie or a token may be
            _log.info("request could not be read", address=request.remote, error=type(exc).__name__)
        else:
            super().handle_error(request, status, exc, message)  # logs it, and aborts an answer that was started
        response = errors.unreadable(status)
        response.force_close()
        return response


@asynccontextmanager
async def serve(context: HandlerContext, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve on listening sockets within the block; they stay open, so that the next process can go on with them.

    Connections that were accepted before the end are still answered.
    """
    bases = ("", context.access.webui.url_base)
    limits = ConnectionLimits({base + probe for base in bases for probe in _PROBES}, context.access.is_proxy)
    runner = web.AppRunner(
        create_application(context, limits.middleware), handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    assert runner.server is not None
    loop = asyncio.get_running_loop()
    http = partial(
        _Protocol,
        runner.server,
        loop=loop,
        access_log=None,  # type: ignore[arg-type] # None means no access log
        logger=logging.getLogger(__name__),  # logs what is not even HTTP
        keepalive_timeout=_IDLE_SECONDS,
        max_line_size=_LARGEST_LINE_BYTES,
        max_field_size=_LARGEST_LINE_BYTES,
        max_headers=_MOST_HEADERS,
    )
    network = Budget("connections", MOST, MOST_PER_CLIENT)
    servers: list[asyncio.Server] = []
    try:
        for one in listeners:
            is_unix = one.family == socket.AF_UNIX
            create = loop.create_unix_server if is_unix else loop.create_server
            budget = Budget("connections", MOST, MOST) if is_unix else network
            protocol = partial(limits.protocol, http, budget)
            servers.append(await create(protocol, sock=one.dup(), backlog=_BACKLOG))
        _log.info("control plane started", addresses=[one.getsockname() for one in listeners])
        yield
    finally:
        for listener in (listener for server in servers for listener in server.sockets):
            loop.remove_reader(listener.fileno())
        await asyncio.sleep(0)  # asyncio drops a connection when its server is closed while it is being accepted
        for server in servers:
            server.close()
        await asyncio.sleep(_DRAIN_SECONDS)  # requests of connections that were just accepted are still on their way
        await runner.cleanup()
