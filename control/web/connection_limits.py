"""Limits of connections: how many are open, in all and for one client, and how long a client may be silent.

A client that connects and sends nothing, sends its head byte by byte, or does not read its answer is disconnected. An
answer may take as long as it takes; how long a body may take is limited where bodies are read.

Beyond the limits there are spare connections. They are answered what has to be answered to everyone at any time, and
503 for everything else; the one that has been silent for longest is closed for a new one.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from aiohttp import web

from control.web import errors
from control.web.budget import Budget, client_of
from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aiohttp.typedefs import Handler

_log = logs.get(__name__)

MOST = 512
MOST_PER_CLIENT = 128
SPARE = 64
REQUEST_SECONDS = 20.0  # from the first byte of a request (or the connection) to the end of its head
READING_SECONDS = 30.0  # how long a client may leave a full send buffer unread
LARGEST_HEAD_BYTES = 1 << 15
_SEND_BUFFER_BYTES = 1 << 17  # of the kernel, for each connection; by itself it grows up to some MiB
_END_OF_HEAD = b"\r\n\r\n"
_LOG_SECONDS = 60.0  # refused connections are logged once in so many seconds

_BUSY = b'{"error":"Too many connections; ask again in a moment","code":"OVERLOADED"}'
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_BUSY), _BUSY)
)


class ConnectionLimits:
    """The open connections of a server, each with its time limits.

    `protocol` has to make the protocol of each connection, and `middleware` has to enclose every request. `always` are
    the paths that are answered on spare connections too. `is_proxy` says of an address whether it is a proxy, whose
    connections come from many clients.
    """

    def __init__(self, always: Collection[str] = (), is_proxy: Callable[[str], bool] = lambda _address: False) -> None:
        self._always = frozenset(always)
        self._is_proxy = is_proxy
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._spare: dict[_Connection, None] = {}  # the oldest first
        self._logged_at = float("-inf")

    def protocol(self, http: Callable[[], asyncio.Protocol], budget: Budget) -> asyncio.Protocol:
        """Make the protocol of a new connection, on top of one that `http` makes, within a budget of connections."""
        return _Connection(http, self, budget)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stop the time limit of a request whose head is complete, while it is answered."""
        connection = self._open.get(request.transport) if request.transport is not None else None
        if connection is None:
            return await handler(request)
        connection.request_received()
        try:
            if connection not in self._spare or request.path in self._always:
                response = await handler(request)
            else:
                response = errors.too_many_connections()
            if connection in self._spare or not request.content.is_eof():
                response.force_close()  # the rest of a body is no head of a next request
            return response
        finally:
            connection.request_answered(is_last=not request.content.is_eof())

    def client_of(self, transport: asyncio.BaseTransport) -> str:
        """Return whose share a connection belongs to; behind a proxy or a Unix socket each is a client of its own."""
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple) or self._is_proxy(peer[0]):
            return f"connection {id(transport)}"
        return client_of(peer[0])

    def opened(self, connection: _Connection, transport: asyncio.BaseTransport, *, within_budget: bool) -> bool:
        """Record a connection; False when it has to be refused."""
        if not within_budget:
            self._log_refusal()
            if len(self._spare) >= SPARE and not self._close_silent():
                return False
            self._spare[connection] = None
        self._open[transport] = connection
        return True

    def closed(self, connection: _Connection, transport: asyncio.BaseTransport) -> None:
        """Remove a connection."""
        self._open.pop(transport, None)
        self._spare.pop(connection, None)

    def _close_silent(self) -> bool:
        silent = next((one for one in self._spare if not one.is_answering), None)
        if silent is None:
            return False
        del self._spare[silent]
        silent.disconnect("connection was needed for another client")
        return True

    def _log_refusal(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= _LOG_SECONDS:
            self._logged_at = now
            _log.warning("connections were refused", open=len(self._open))


class _Connection(asyncio.Protocol):
    """Forwards everything to the HTTP protocol, and disconnects a client that exceeds a limit."""

    def __init__(self, http: Callable[[], asyncio.Protocol], limits: ConnectionLimits, budget: Budget) -> None:
        self._http = http
        self._inner = asyncio.Protocol()  # ignores everything, until the connection is admitted
        self._limits = limits
        self._budget = budget
        self._client: str | None = None  # whose share of the budget it has
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._request_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._head_end = b""  # its last bytes so far
        self._head_is_complete = False
        self._had_last_request = False
        self.is_answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        client = self._limits.client_of(transport)
        if self._budget.acquire(client):
            self._client = client
        if not self._limits.opened(self, transport, within_budget=self._client is not None):
            self._transport.write(_REFUSAL)
            self._transport.close()
            return
        _bound_send_buffer(transport)
        self._expect_request()
        self._inner = self._http()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self.is_answering and not self._had_last_request:
            if self._request_timer is None:
                self._expect_request()
            if not self._fits_into_head(data):
                self.disconnect("head was too large")
                return
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._reading_timer is None:
            self._reading_timer = self._loop.call_later(READING_SECONDS, self.disconnect, "answer was not read")
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        _cancel(self._reading_timer)
        self._reading_timer = None
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._limits.closed(self, self._transport)
        if self._client is not None:
            self._budget.release(self._client)
        _cancel(self._request_timer)
        _cancel(self._reading_timer)
        self._request_timer = self._reading_timer = None
        self._inner.connection_lost(exc)

    def request_received(self) -> None:
        """Stop the time limit of the request."""
        self.is_answering = True
        _cancel(self._request_timer)
        self._request_timer = None

    def request_answered(self, *, is_last: bool) -> None:
        """Allow silence until the first byte of the next request; after the last one the server closes by itself."""
        self.is_answering = False
        self._had_last_request = is_last

    def disconnect(self, because: str) -> None:
        """Close the connection at once."""
        _log.debug("client was disconnected", because=because)
        if self._transport is not None:
            self._transport.abort()

    def _expect_request(self) -> None:
        self._head_bytes, self._head_end, self._head_is_complete = 0, b"", False
        self._request_timer = self._loop.call_later(REQUEST_SECONDS, self.disconnect, "request did not arrive")

    def _fits_into_head(self, data: bytes) -> bool:
        """Whether the head of the request has ended with this data, or is still within its size."""
        if self._head_is_complete:  # the request is about to be handled
            return True
        self._head_is_complete = _END_OF_HEAD in self._head_end + data
        self._head_bytes += len(data)
        self._head_end = (self._head_end + data)[-len(_END_OF_HEAD) + 1 :]
        return self._head_is_complete or self._head_bytes <= LARGEST_HEAD_BYTES


def _bound_send_buffer(transport: asyncio.BaseTransport) -> None:
    connection = transport.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
