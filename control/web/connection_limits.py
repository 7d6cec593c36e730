"""Connections to us: not more than a number, and none that keeps us waiting.

A client that connects and says nothing, sends its headers byte by byte, or does not read what it asked for is let go.
What is being answered takes as long as it takes; how long a body may take is another limit (`control.binding`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

_log = logs.get(__name__)

MOST = 512
REQUEST_SECONDS = 20.0
READING_SECONDS = 30.0
_TOLD_SECONDS = 60.0

_BUSY = b'{"error":"Too many connections; ask again in a moment","code":"TOO_MANY_CONNECTIONS"}'
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_BUSY), _BUSY)
)


class ConnectionLimits:
    """All that are open. `protocol` makes the one that speaks HTTP on each."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol], most: int = MOST) -> None:
        self._protocol = protocol
        self._most = most
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._told_at = float("-inf")

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        if len(self._open) < self._most:
            return _Connection(self._protocol(), self._open)
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TOLD_SECONDS:
            self._told_at = now
            _log.warning("connections are refused", open=len(self._open))
        return _Refused()

    def begun(self, request: web.Request) -> None:
        """A whole request has come."""
        for connection in self._of(request):
            connection.wait_no_more()

    def answered(self, request: web.Request) -> None:
        """It was answered: the next one may come."""
        for connection in self._of(request):
            connection.answered()

    def _of(self, request: web.Request) -> Iterator[_Connection]:
        if request.transport is not None and (connection := self._open.get(request.transport)) is not None:
            yield connection


class _Connection(asyncio.Protocol):
    """Hands everything on, and looks at the clock."""

    def __init__(self, inner: asyncio.Protocol, among: dict[asyncio.BaseTransport, _Connection]) -> None:
        self._inner = inner
        self._among = among
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.TimerHandle | None = None  # for a request
        self._reading: asyncio.TimerHandle | None = None  # for the client to read
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._among[transport] = self
        self._wait()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._busy and self._waiting is None:
            self._wait()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._reading = self._reading or self._loop.call_later(READING_SECONDS, self._let_go, "it does not read")
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        _cancel(self._reading)
        self._reading = None
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._among.pop(self._transport, None)
        _cancel(self._waiting)
        _cancel(self._reading)
        self._waiting = self._reading = None
        self._inner.connection_lost(exc)

    def wait_no_more(self) -> None:
        """It sent a whole request."""
        self._busy = True
        _cancel(self._waiting)
        self._waiting = None

    def answered(self) -> None:
        """It may be silent now; from the first byte of the next request on it may not."""
        self._busy = False

    def _wait(self) -> None:
        self._waiting = self._loop.call_later(REQUEST_SECONDS, self._let_go, "no request came")

    def _let_go(self, because: str) -> None:
        _log.debug("client was let go", because=because)
        if self._transport is not None:
            self._transport.abort()


class _Refused(asyncio.Protocol):
    """One too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        refused = cast("asyncio.Transport", transport)
        refused.write(_REFUSAL)
        refused.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
