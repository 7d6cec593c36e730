"""Sending of large answers: piece by piece, as fast as the client reads them, within a budget of bytes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeGuard

from aiohttp import web

from qbitrr import ticks
from qbitrr.process import release_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from control.web.budget import Budget

PIECE_BYTES = 1 << 16
"""What is sent at once; an answer of this size or less is not counted."""

_BURST_BYTES = 8 << 20
_FEW_BYTES = 1 << 20
_QUIET_SECONDS = 2.0


def is_large(response: web.StreamResponse) -> TypeGuard[web.Response]:
    """Whether an answer is to be sent by `send`; aiohttp sends the others at once."""
    return isinstance(response, web.Response) and isinstance(response.body, bytes) and len(response.body) > PIECE_BYTES


async def send(response: web.Response, request: web.Request, budget: Budget, client: str) -> web.StreamResponse:
    """Send an answer.

    Raises OverloadedError, before anything is sent, when the budget is exceeded. A client that is gone is no error: the
    connection ends.
    """
    body = response.body
    assert isinstance(body, bytes)
    with budget.held(client, len(body)):
        sent = web.StreamResponse(status=response.status, headers=response.headers)
        sent.content_length = len(body)
        content = memoryview(body)
        try:
            await sent.prepare(request)
            if request.method != "HEAD":
                for start in range(0, len(body), PIECE_BYTES):
                    await sent.write(content[start : start + PIECE_BYTES])
            await sent.write_eof()
        except ConnectionError:
            sent.force_close()
    return sent


async def send_file(request: web.Request, descriptor: int, size: int, headers: Mapping[str, str]) -> web.StreamResponse:
    """Send the first `size` bytes of an open file.

    A client that is gone is no error, and a file that was truncated meanwhile ends the connection: both are seen by the
    length that was announced.
    """
    response = web.StreamResponse(headers=headers)
    response.content_length = size
    try:
        await response.prepare(request)
        position = 0
        while request.method != "HEAD" and position < size:
            piece = await asyncio.to_thread(os.pread, descriptor, min(PIECE_BYTES, size - position), position)
            if not piece:
                response.force_close()
                break
            await response.write(piece)
            position += len(piece)
    except ConnectionError:
        response.force_close()
    return response


async def release_memory_after_bursts(budget: Budget) -> None:
    """Return the memory of large answers to the system once they were sent, and that of the start, until cancelled."""
    before = budget.acquired - _BURST_BYTES  # what a start needs and then does not is 1.5 MB
    while True:
        await ticks.sleep(_QUIET_SECONDS)
        if budget.acquired - before >= _BURST_BYTES and budget.used <= _FEW_BYTES:
            before = budget.acquired
            await asyncio.to_thread(release_memory)
