"""`logs`: the log files, parts of them by line, and searches in them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.binding import AUTHOR, LARGEST_INTEGER
from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.log_files import reader
from control.log_files.tail import Tail
from control.web import answers, sse
from control.web.budget import client_of
from control.web.errors import invalid
from control.web.sending import PIECE_BYTES, send_file
from qbitrr.clock import from_iso
from qbitrr.errors import NotFoundError

_POLL_SECONDS = 0.5

Name = Annotated[str, Meta(description="Name from the list of log files.")]
Offset = Annotated[
    int, Meta(description="Lines to skip at the beginning.", extra={"lowest": 0, "highest": LARGEST_INTEGER})
]


class LogName(Struct, frozen=True):
    """A file."""

    name: Name


class LogRequest(Struct, frozen=True):
    """Lines of a file."""

    name: Name
    offset: Offset = 0
    limit: Annotated[int, Meta(ge=1, description="Lines at most, up to 50000.", extra={"highest": 50_000})] = 5000


class StreamRequest(Struct, frozen=True):
    """A file to follow, and how many of its last lines are sent first."""

    name: Name
    last: Annotated[
        int, Meta(description="Lines that are sent first, up to 5000.", extra={"lowest": 0, "highest": 5000})
    ] = 0


class SearchRequest(Struct, frozen=True):
    """A text to find in a file."""

    name: Name
    q: Annotated[str, Meta(description="Text to find, in any case.")]
    offset: Offset = 0
    limit: Annotated[int, Meta(description="Matches, 1 to 1000.", extra={"lowest": 1, "highest": 1000})] = 100


class MomentRequest(Struct, frozen=True):
    """Lines from a time on, or what follows them."""

    name: Name
    time: Annotated[str, Meta(description="Lines that were written at this time or later, ISO 8601.")] = ""
    position: Annotated[int, Meta(ge=0, description="`end` of the answer before; then `time` is not looked at.")] = 0
    limit: Annotated[int, Meta(description="Lines at most, 1 to 2000.", extra={"lowest": 1, "highest": 2000})] = 500


class Stretch(Struct, frozen=True):
    """Lines from `start` to `end`, which are bytes of the file, as `size` is. There are more unless `end` is `size`."""

    content: str
    lines: int
    start: int
    end: int
    size: int


class MatchView(Struct, frozen=True):
    """A line with its number, counted from 0 like offsets."""

    line: int
    text: str


class Matches(Struct, frozen=True):
    """Lines with the text. Unless `complete`, continue at `next_offset`: a search ends after two seconds."""

    matches: list[MatchView]
    complete: bool
    next_offset: int


class Logs(Struct, frozen=True):
    """The names of the log files, rotated ones at the end."""

    logs: list[str]


class Log(Struct, frozen=True):
    """Some lines of a log file. `inode` changes when the file is rotated."""

    name: str
    content: str
    lines: int
    offset: int
    total_lines: int
    inode: int


async def names(context: HandlerContext, _request: Nothing) -> Logs:
    """List the log files."""
    if context.log_folder is None:
        return Logs([])
    return Logs(await asyncio.to_thread(reader.names, context.log_folder))


async def read(context: HandlerContext, request: LogRequest) -> Log:
    """Read lines of a log file.

    A last line that is still being written is left out. To follow a file, add `lines` to the offset each time.
    """
    with _known(request.name):
        part = await context.files.in_thread(
            reader.read, _folder(context), request.name, first=request.offset, most=request.limit
        )
    return Log(request.name, part.text, part.lines, request.offset, part.total_lines, part.inode)


async def search(context: HandlerContext, request: SearchRequest) -> Matches:
    """Find the lines of a log file that contain a text."""
    with _known(request.name):
        found = await context.files.in_thread(
            reader.search, _folder(context), request.name, request.q, first=request.offset, most=request.limit
        )
    return Matches([MatchView(*match) for match in found.matches], found.complete, found.next_line)


async def at(context: HandlerContext, request: MomentRequest) -> Stretch:
    """Read lines of a log file from the first that was written at a time or later.

    Without any there are no lines, and `start` is the end of the file.
    """
    most = request.limit
    with _known(request.name):
        folder = _folder(context)
        if request.position:
            found = await context.files.in_thread(
                reader.read_from, folder, request.name, position=request.position, most=most
            )
        else:
            since = from_iso(request.time)
            if since is None:
                raise invalid("time", request.time, "Must be a time such as 2026-01-31T12:00:00Z")
            found = await context.files.in_thread(reader.read_at, folder, request.name, epoch_seconds=since, most=most)
    return Stretch(found.text, found.lines, found.start, found.end, found.size)


async def download(context: HandlerContext, request: LogName, http: web.Request) -> web.StreamResponse:
    """Download a whole log file."""
    held = context.answers.held(client_of(http[AUTHOR].address), 2 * PIECE_BYTES)  # one is read, one is on its way
    with held, _known(request.name), reader.opened(_folder(context), request.name) as (descriptor, status):
        headers = answers.download(request.name, "text/plain; charset=utf-8")
        return await send_file(http, descriptor, status.st_size, headers)


async def stream(context: HandlerContext, request: StreamRequest, http: web.Request) -> web.StreamResponse:
    """Follow a log file across rotation, as server-sent events with the lines that are appended."""
    client = client_of(http[AUTHOR].address)
    with _known(request.name):
        async with context.files.turn(client):
            tail = await context.files.in_thread(Tail, _folder(context), request.name, last_lines=request.last)
    try:
        async with sse.streaming(http, context.streams, client) as (response, out):
            if http.method == "HEAD":
                return response
            last_sent_at = context.clock.monotonic()
            while not context.events.closed:
                if lines := await asyncio.to_thread(tail.read):
                    await out.send(reader.plain(lines).rstrip("\n").encode())
                    last_sent_at = context.clock.monotonic()
                    continue
                if context.clock.monotonic() - last_sent_at > sse.KEEPALIVE_SECONDS:
                    await out.send_keepalive()
                    last_sent_at = context.clock.monotonic()
                await asyncio.sleep(_POLL_SECONDS)
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
