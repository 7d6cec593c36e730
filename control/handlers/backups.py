"""`backups`: the copies of the state file, which hold what was done and what users asked for, and their download."""

import asyncio
import os
from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.binding import AUTHOR
from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.web import answers
from control.web.answers import moment
from control.web.budget import client_of
from control.web.sending import PIECE_BYTES, send_file
from qbitrr.errors import NotFoundError
from qbitrr.state import backup


class BackupName(Struct, frozen=True):
    """A backup."""

    name: Annotated[str, Meta(description="Name from the list of backups.")]


class BackupView(Struct, frozen=True, rename="camel"):
    """One backup."""

    name: str
    made_at: datetime
    size_bytes: int


class Backups(Struct, frozen=True):
    """All backups, the newest first."""

    backups: list[BackupView]


async def read(context: HandlerContext, _request: Nothing) -> Backups:
    """List the backups of the state file."""
    found = await _found(context)
    return Backups([BackupView(one.path.name, moment(one.made_at), size) for one, size in found])


async def download(context: HandlerContext, request: BackupName, http: web.Request) -> web.StreamResponse:
    """Download a backup, a SQLite file."""
    path = next((one.path for one, _ in await _found(context) if one.path.name == request.name), None)
    if path is None:
        raise NotFoundError(f"Unknown backup: {request.name}")
    with context.answers.held(client_of(http[AUTHOR].address), 2 * PIECE_BYTES):  # one is read, one is on its way
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            raise NotFoundError(f"Unknown backup: {request.name}") from None
        try:
            headers = answers.download(request.name, "application/vnd.sqlite3")
            return await send_file(http, descriptor, os.fstat(descriptor).st_size, headers)
        finally:
            os.close(descriptor)


async def _found(context: HandlerContext) -> list[tuple[backup.Backup, int]]:
    return await asyncio.to_thread(_with_sizes, context)


def _with_sizes(context: HandlerContext) -> list[tuple[backup.Backup, int]]:
    """List the backups with their sizes; one that is thinned out meanwhile is left out."""
    listed = backup.backups(context.config_reload.data_dir.state_file, context.clock.wall())
    return [(one, one.path.stat().st_size) for one in listed if one.path.is_file()]
