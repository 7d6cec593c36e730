"""What all stand-ins have in common: they listen on loopback, keep their requests, and can be made to fail."""

from __future__ import annotations

import asyncio
import json
import socket
from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from qbitrr.sandbox.services.answers import whole
from qbitrr.sandbox.services.faults import (
    Down,
    EmptyLists,
    Fault,
    HalfAnswer,
    Hang,
    SlowFirstByte,
    Status,
    WrongCredentials,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.typedefs import Handler, Middleware

HOST = "127.0.0.1"
REMEMBERED_REQUESTS = 5_000
KIND = web.AppKey("KIND", str)
"""Which application an aiohttp application stands in for: radarr, sonarr, lidarr, qbittorrent."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came in. `query` keeps repeated names; `body` is decoded JSON or a form's fields, else None."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    body: Any


class StandIn(ABC):
    """One application on one port; 0 for a free one, which it keeps over restarts.

    `requests` holds the latest requests and `counts` how many came in for each route (`GET /api/v3/movie/{id}`).
    """

    kind: ClassVar[str]

    def __init__(self, name: str, *, middlewares: Sequence[Middleware] = (), port: int = 0) -> None:
        self.name = name
        self.port = port
        self.requests: deque[Seen] = deque(maxlen=REMEMBERED_REQUESTS)
        self.counts: Counter[str] = Counter()
        self._middlewares = middlewares
        self._faults: dict[str | None, Fault] = {}
        self._healed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What it answers."""

    async def start(self) -> None:
        """Listen; again on the same port after `stop`. OSError when the port is in use."""
        self._listener = socket.create_server((HOST, self.port))
        self.port = self._listener.getsockname()[1]
        app = web.Application(middlewares=[self._remember, self._fail, *self._middlewares, self.guard])
        app[KIND] = self.kind
        app.add_routes(self.routes())
        # a request that hangs must not delay the end
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._runner is not None and self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            await asyncio.sleep(0)  # asyncio loses a connection when its server is closed while it is being accepted
            await self._runner.cleanup()
            self._runner = self._listener = None

    async def fail(self, fault: Fault, route: str | None = None) -> None:
        """Make everything fail, or one route (`GET /api/v3/queue`) only; see `heal`."""
        self._faults[route] = fault
        self._healed.clear()
        if isinstance(fault, Down):
            await self.stop()

    async def heal(self) -> None:
        """End all faults; requests that hang get no answer."""
        self._faults.clear()
        self._healed.set()
        if self._runner is None:
            await self.start()

    @property
    def rejects_credentials(self) -> bool:
        """Whether WrongCredentials is on."""
        return any(isinstance(fault, WrongCredentials) for fault in self._faults.values())

    @abstractmethod
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The innermost middleware: whether the caller may."""

    @web.middleware
    async def _remember(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        query = tuple(request.query.items())
        self.requests.append(Seen(request.method, request.path, query, await _body(request)))
        self.counts[_route(request)] += 1
        return await handler(request)

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        match self._faults.get(_route(request)) or self._faults.get(None):
            case Hang():
                await self._healed.wait()
                return _broken_off(request)
            case SlowFirstByte(seconds):
                response = await whole(await handler(request))
                await asyncio.sleep(seconds)
                return response
            case Status(status, retry_after):
                headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
                return web.Response(status=status, headers=headers, text="made to fail")
            case HalfAnswer():
                return await _half(request, await whole(await handler(request)))
            case EmptyLists():
                return _emptied(await whole(await handler(request)))
            case _:
                return await handler(request)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else request.path}"


async def _body(request: web.Request) -> Any:
    if not request.can_read_body:
        return None
    if request.content_type == "application/json":
        try:
            return json.loads(await request.read())
        except ValueError:
            return None
    return dict(await request.post())


async def _half(request: web.Request, response: web.Response) -> web.StreamResponse:
    body = response.body
    assert isinstance(body, bytes)
    started = web.StreamResponse(status=response.status, headers={"Content-Type": response.headers["Content-Type"]})
    started.content_length = len(body)
    await started.prepare(request)
    await started.write(body[: len(body) // 2])
    return _broken_off(request)


def _broken_off(request: web.Request) -> web.Response:
    """What is left to return once the connection is gone."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _emptied(response: web.Response) -> web.Response:
    if response.content_type != "application/json" or response.status != 200:
        return response
    assert isinstance(response.body, bytes)
    return web.json_response(_without_entries(json.loads(response.body)))


def _without_entries(answer: Any) -> Any:
    """A list without its entries; a page or qBittorrent's main data without its records or torrents."""
    if isinstance(answer, list):
        return []
    empty: Mapping[str, Any] = {"records": [], "totalRecords": 0, "torrents": {}}
    return {name: empty.get(name, value) for name, value in answer.items()}
