"""`logs`: the log files, and parts of them by line."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from control import logfiles
from control.context import Context
from control.parameters import Nothing
from qbitrr.errors import NotFoundError


class LogRequest(Struct, frozen=True):
    """Which lines of which file."""

    name: Annotated[str, Meta(description="Name from the list of log files.")]
    offset: Annotated[int, Meta(description="Lines to leave out at the beginning.", extra={"lowest": 0})] = 0
    limit: Annotated[int, Meta(ge=1, description="Lines at most, up to 50000.", extra={"highest": 50_000})] = 5000


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


async def names(context: Context, _request: Nothing) -> Logs:
    """The log files."""
    if context.log_folder is None:
        return Logs([])
    return Logs(await asyncio.to_thread(logfiles.names, context.log_folder))


async def read(context: Context, request: LogRequest) -> Log:
    """Lines of a log file.

    A last line that is still being written is left out. To follow a file, add `lines` to the offset each time.
    """
    if context.log_folder is None:
        raise _unknown(request.name)
    try:
        part = await asyncio.to_thread(
            logfiles.read, context.log_folder, request.name, first=request.offset, most=request.limit
        )
    except FileNotFoundError:
        raise _unknown(request.name) from None
    return Log(request.name, part.text, part.lines, request.offset, part.total_lines, part.inode)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"Unknown log file: {name}")
