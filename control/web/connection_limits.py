"""Limits of connections: how many are open, and how long a client may be silent within a request.

A client that connects and sends nothing, sends its headers byte by byte, or does not read its answer is disconnected.
An answer may take as long as it takes; how long a body may take is limited where bodies are read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiohttp import web

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler

_log = logs.get(__name__)

MOST = 512
REQUEST_SECONDS = 20.0  # from the first byte of a request (or the connection) to the end of its head
READING_SECONDS = 30.0  # how long a client may leave a full send buffer unread
_LOG_SECONDS = 60.0  # refused connections are logged once in so many seconds

_BUSY = b'{"error":"Too many connections; ask again in a moment","code":"TOO_MANY_CONNECTIONS"}'
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_BUSY), _BUSY)
)


class ConnectionLimits:
    """The open connections of a server, each with its time limits.

    `protocol` has to make the protocol of each connection, and `middleware` has to enclose every request.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._logged_at = float("-inf")

    def protocol(self, http: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """Make the protocol of a new connection, on top of one that `http` makes."""
        if len(self._open) < self._most:
            return _Connection(http(), self._open)
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= _LOG_SECONDS:
            self._logged_at = now
            _log.warning("connections were refused", open=len(self._open))
        return _Refused()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stop the time limit of a request whose head is complete, while it is answered."""
        connection = self._open.get(request.transport) if request.transport is not None else None
        if connection is None:
            return await handler(request)
        connection.request_received()
        try:
            return await handler(request)
        finally:
            connection.request_answered()


class _Connection(asyncio.Protocol):
    """Forwards everything to the HTTP protocol, and disconnects a client that exceeds a time limit."""

    def __init__(self, inner: asyncio.Protocol, open_connections: dict[asyncio.BaseTransport, _Connection]) -> None:
        self._inner = inner
        self._open = open_connections
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._request_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open[transport] = self
        self._expect_request()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._answering and self._request_timer is None:
            self._expect_request()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._reading_timer is None:
            self._reading_timer = self._loop.call_later(READING_SECONDS, self._disconnect, "answer was not read")
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        _cancel(self._reading_timer)
        self._reading_timer = None
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._open.pop(self._transport, None)
        _cancel(self._request_timer)
        _cancel(self._reading_timer)
        self._request_timer = self._reading_timer = None
        self._inner.connection_lost(exc)

    def request_received(self) -> None:
        """Stop the time limit of the request."""
        self._answering = True
        _cancel(self._request_timer)
        self._request_timer = None

    def request_answered(self) -> None:
        """Allow silence until the first byte of the next request."""
        self._answering = False

    def _expect_request(self) -> None:
        self._request_timer = self._loop.call_later(REQUEST_SECONDS, self._disconnect, "request did not arrive")

    def _disconnect(self, because: str) -> None:
        _log.debug("client was disconnected", because=because)
        if self._transport is not None:
            self._transport.abort()


class _Refused(asyncio.Protocol):
    """A connection beyond the limit: it is answered 503 and closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        refused = cast("asyncio.Transport", transport)
        refused.write(_REFUSAL)
        refused.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
