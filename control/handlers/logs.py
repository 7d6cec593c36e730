"""`logs`: the log files, and parts of them by line."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.log_files import reader
from control.log_files import tail as logfollow
from control.web import sse
from control.web.answers import SECURITY_HEADERS
from qbitrr.errors import NotFoundError

_LOOK_SECONDS = 0.5
_DOWNLOAD_BYTES = 1 << 18


class LogRequest(Struct, frozen=True):
    """Which lines of which file."""

    name: Annotated[str, Meta(description="Name from the list of log files.")]
    offset: Annotated[int, Meta(description="Lines to leave out at the beginning.", extra={"lowest": 0})] = 0
    limit: Annotated[int, Meta(ge=1, description="Lines at most, up to 50000.", extra={"highest": 50_000})] = 5000


class LogName(Struct, frozen=True):
    """Which file."""

    name: Annotated[str, Meta(description="Name from the list of log files.")]


class StreamRequest(Struct, frozen=True):
    """Which file, and from where on."""

    name: Annotated[str, Meta(description="Name from the list of log files.")]
    last: Annotated[int, Meta(description="Lines to begin with, up to 5000.", extra={"lowest": 0, "highest": 5000})] = 0


class SearchRequest(Struct, frozen=True):
    """What is looked for."""

    name: Annotated[str, Meta(description="Name from the list of log files.")]
    q: Annotated[str, Meta(description="Text to look for, in any case.")]
    offset: Annotated[int, Meta(description="Lines to leave out at the beginning.", extra={"lowest": 0})] = 0
    limit: Annotated[int, Meta(description="Matches, 1 to 1000.", extra={"lowest": 1, "highest": 1000})] = 100


class MatchView(Struct, frozen=True):
    """A line with its number, counted from 0 like offsets."""

    line: int
    text: str


class Matches(Struct, frozen=True):
    """Lines with the text. Unless `complete`, go on from `next_offset`: a search ends after two seconds."""

    matches: list[MatchView]
    complete: bool
    next_offset: int


class Logs(Struct, frozen=True):
    """The names of the log files, rotated ones at the end."""

    logs: list[str]


class Log(Struct, frozen=True):
    """Some lines of a log file. `inode` is another one after the file was rotated."""

    name: str
    content: str
    lines: int
    offset: int
    total_lines: int
    inode: int


async def names(context: HandlerContext, _request: Nothing) -> Logs:
    """The log files."""
    if context.log_folder is None:
        return Logs([])
    return Logs(await asyncio.to_thread(reader.names, context.log_folder))


async def read(context: HandlerContext, request: LogRequest) -> Log:
    """Lines of a log file.

    A last line that is still being written is left out. To follow a file, add `lines` to the offset each time.
    """
    with _known(request.name):
        part = await asyncio.to_thread(
            reader.read, _folder(context), request.name, first=request.offset, most=request.limit
        )
    return Log(request.name, part.text, part.lines, request.offset, part.total_lines, part.inode)


async def search(context: HandlerContext, request: SearchRequest) -> Matches:
    """Lines of a log file that hold a text."""
    with _known(request.name):
        found = await asyncio.to_thread(
            logfollow.search, _folder(context), request.name, request.q, first=request.offset, most=request.limit
        )
    return Matches([MatchView(*match) for match in found.matches], found.complete, found.next_line)


async def download(context: HandlerContext, request: LogName, http: web.Request) -> web.StreamResponse:
    """The whole file."""
    with _known(request.name), reader.opened(_folder(context), request.name) as (descriptor, status):
        name = quote(request.name, safe="")
        headers = {
            **SECURITY_HEADERS,
            "Cache-Control": "no-store",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        }
        response = web.StreamResponse(headers=headers)
        response.content_length = status.st_size
        await response.prepare(http)
        position = 0
        while http.method != "HEAD" and position < status.st_size:
            most = min(_DOWNLOAD_BYTES, status.st_size - position)
            chunk = await asyncio.to_thread(os.pread, descriptor, most, position)
            if not chunk:  # it was cut off meanwhile; the client sees that it is not whole
                response.force_close()
                break
            await response.write(chunk)
            position += len(chunk)
        return response


async def stream(context: HandlerContext, request: StreamRequest, http: web.Request) -> web.StreamResponse:
    """The lines that are appended to a log file, as server-sent events; rotation is followed."""
    with _known(request.name):
        tail = await asyncio.to_thread(logfollow.Tail, _folder(context), request.name, last_lines=request.last)
    try:
        async with sse.streaming(http, context.streams) as (response, out):
            silent_since = context.clock.monotonic()
            while not context.events.closed:
                if lines := await asyncio.to_thread(tail.read):
                    await out.send(reader.plain(lines).rstrip("\n").encode())
                    silent_since = context.clock.monotonic()
                    continue
                if context.clock.monotonic() - silent_since > sse.SILENCE_SECONDS:
                    await out.keep_open()
                    silent_since = context.clock.monotonic()
                await asyncio.sleep(_LOOK_SECONDS)
        return response
    finally:
        tail.close()


def _folder(context: HandlerContext) -> Path:
    if context.log_folder is None:
        raise FileNotFoundError("no log files are written")
    return context.log_folder


@contextmanager
def _known(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(f"Unknown log file: {name}") from None
