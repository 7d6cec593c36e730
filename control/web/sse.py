"""Server-sent events: an answer that goes on. A client that does not read is cut off, the server never waits long."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from control.web.answers import SECURITY_HEADERS
from qbitrr.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SILENCE_SECONDS = 15.0  # a comment is sent so often, so that proxies keep the connection
MOST_STREAMS = 64
_WRITE_SECONDS = 20.0
_HEADERS = {
    **SECURITY_HEADERS,
    "Cache-Control": "no-store",
    "Content-Type": "text/event-stream; charset=utf-8",
    "X-Accel-Buffering": "no",
}


@dataclass(slots=True)
class Slots:
    """How many streams are open."""

    taken: int = 0


class Stream:
    """Writes messages. Raises ConnectionError when the client has gone or does not read."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    async def send(self, data: bytes, *, event: str = "", id_: str = "") -> None:
        """One message; lines of `data` are sent as lines."""
        head = (f"id: {id_}\n" if id_ else "") + (f"event: {event}\n" if event else "")
        lines = b"".join(b"data: " + line + b"\n" for line in data.split(b"\n"))
        await self._write(head.encode() + lines + b"\n")

    async def keep_open(self) -> None:
        """A comment, which listeners ignore."""
        await self._write(b": still here\n\n")

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._response.write(data)
        except TimeoutError:
            raise ConnectionResetError("the client does not read") from None


@asynccontextmanager
async def streaming(request: web.Request, slots: Slots) -> AsyncIterator[tuple[web.StreamResponse, Stream]]:
    """An open stream to the client, whose going away ends the block quietly. NotReadyError when there are too many."""
    if slots.taken >= MOST_STREAMS:
        raise NotReadyError("Too many streams are open already")
    response = web.StreamResponse(headers=_HEADERS)
    response.force_close()
    slots.taken += 1
    try:
        await response.prepare(request)
        yield response, Stream(response)
    except ConnectionError:
        if isinstance(request.transport, asyncio.WriteTransport):
            request.transport.abort()
    finally:
        slots.taken -= 1
