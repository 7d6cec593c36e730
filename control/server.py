"""The aiohttp application, and listening."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from control.auth import access
from control.auth.origin_check import refuse_foreign_pages
from control.binding import bind
from control.handlers import oidc
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from control.web import errors, static_page
from control.web.connection_limits import ConnectionLimits
from qbitrr import logs

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from control.context import HandlerContext

_log = logs.get(__name__)

LARGEST_BODY_BYTES = 1 << 20
_LARGEST_LINE_BYTES = 8190  # of the request line and of each header
_MOST_HEADERS = 64
_IDLE_SECONDS = 75.0
_SHUTDOWN_SECONDS = 1.0
_DRAIN_SECONDS = 0.1
_BACKLOG = 128

# A category may hold slashes, encoded or not; all other parameters are one step of the path.
_CATEGORY = re.compile(r"{(category|section)}")


def create_application(context: HandlerContext, timing: Middleware | None = None) -> web.Application:
    """Everything that is served, also below `WebUI.UrlBase` if there is one. `timing` is put around every request."""
    application = web.Application(
        middlewares=[*([timing] if timing else []), _border(context)],
        client_max_size=LARGEST_BODY_BYTES,
    )
    below = [
        ("/api", ROUTES, access.admit_with_token(context)),
        ("/web", ROUTES, access.admit_to_web(context)),
        ("", INSIDE_ROUTES, access.admit_to_web(context)),
        ("", OPEN_ROUTES, access.admit_anybody),
    ]
    add = {"GET": application.router.add_get, "POST": application.router.add_post}  # a GET may be a HEAD
    for base in dict.fromkeys(("", context.loaded.config.webui.url_base)):
        for prefix, routes, admit in below:
            for route in routes:
                path = _CATEGORY.sub(r"{\1:.+}", base + prefix + route.path)
                add[route.method](path, bind(route, context, admit))
        static_page.add_page(application, base)
        if context.loaded.config.webui.oidc_enabled:
            oidc.add_login(application, base, context)

    async def let_go(_application: web.Application) -> None:
        context.events.close()

    application.on_shutdown.append(let_go)
    return application


def _border(context: HandlerContext) -> Middleware:
    """What every request passes: the check of where it comes from, and whatever goes wrong is answered."""
    check = refuse_foreign_pages(context)

    @web.middleware
    async def border(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check(request)
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 - a request that breaks off must not end the connection
            response = errors.answer(error, request, context.faults)
        if context.commands.ending:
            response.force_close()  # the next request on this connection would find nobody
        return response

    return border


class _Protocol(web.RequestHandler):
    """Answers in the envelope too what cannot be read as a request."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # logs it, and breaks off what was begun
        response = errors.unreadable(status)
        response.force_close()
        return response


@asynccontextmanager
async def serve(context: HandlerContext, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve on listening sockets while the block lasts; they stay open, so that who comes after it may go on.

    At the end what was accepted is still answered.
    """
    connections: ConnectionLimits | None = None

    @web.middleware
    async def timing(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert connections is not None
        connections.begun(request)
        try:
            return await handler(request)
        finally:
            connections.answered(request)

    runner = web.AppRunner(
        create_application(context, timing), handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    assert runner.server is not None
    loop = asyncio.get_running_loop()
    speaking = partial(
        _Protocol,
        runner.server,
        loop=loop,
        access_log=None,  # type: ignore[arg-type] # its way to say that there is none
        logger=logging.getLogger(__name__),  # of what is not even HTTP
        keepalive_timeout=_IDLE_SECONDS,
        max_line_size=_LARGEST_LINE_BYTES,
        max_field_size=_LARGEST_LINE_BYTES,
        max_headers=_MOST_HEADERS,
    )
    connections = ConnectionLimits(speaking)
    servers: list[asyncio.Server] = []
    try:
        servers += [await loop.create_server(connections, sock=one.dup(), backlog=_BACKLOG) for one in listeners]
        _log.info("control plane listened", addresses=[one.getsockname() for one in listeners])
        yield
    finally:
        for server in servers:
            server.close()
        await asyncio.sleep(_DRAIN_SECONDS)  # what was accepted a moment ago has its request on the way
        await runner.cleanup()
