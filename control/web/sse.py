"""Server-sent events. A client that does not read them is disconnected: the server never waits long."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from control.web.answers import SECURITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from control.web.budget import Budget

KEEPALIVE_SECONDS = 15.0  # a comment after so long a silence makes proxies keep the connection
_LINE_END = re.compile(rb"\r\n|\r|\n")  # as the HTML standard ends a line of a stream
_WRITE_SECONDS = 20.0
_HEADERS = {
    **SECURITY_HEADERS,
    "Cache-Control": "no-store",
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",
}


class Stream:
    """Writes events to one client. Raises ConnectionError when the client is gone or does not read."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    async def send(self, data: bytes, *, event: str = "", id_: str = "") -> None:
        """Send one event; each line of `data` becomes a data line."""
        head = (f"id: {id_}\n" if id_ else "") + (f"event: {event}\n" if event else "")
        lines = b"".join(b"data: " + line + b"\n" for line in _LINE_END.split(data))
        await self._write(head.encode() + lines + b"\n")

    async def send_keepalive(self) -> None:
        """Send a comment, which clients ignore."""
        await self._write(b": keepalive\n\n")

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._response.write(data)
        except TimeoutError:
            raise ConnectionResetError("the client does not read") from None


@asynccontextmanager
async def streaming(
    request: web.Request, streams: Budget, client: str
) -> AsyncIterator[tuple[web.StreamResponse, Stream]]:
    """Open a stream for the length of the block, which ends without an error when the client is gone.

    Raises OverloadedError when too many are open.
    """
    response = web.StreamResponse(headers=_HEADERS)
    response.force_close()
    with streams.held(client):
        try:
            await response.prepare(request)
            yield response, Stream(response)
        except ConnectionError:
            if isinstance(request.transport, asyncio.WriteTransport):
                request.transport.abort()
