"""Answers about libraries that are ready as bytes, so that what is measured is the daemon and not what it asks.

The stand-ins make a list item by item, which takes them as long as the daemon takes to read and store it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.clock import Clock
from qbitrr.sandbox.services.answers import whole
from qbitrr.state import migrate
from qbitrr.state.database import open_writer
from qbitrr.worker.library.fetch import full_sync

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from qbitrr.sandbox.sandbox import Sandbox

_RESOURCES = frozenset({"movie", "moviefile", "series", "episode", "episodefile", "artist", "album"})


class ReadyAnswers:
    """Answers of all stand-ins by address, kept from the first request on; `middleware` is for the sandbox."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "GET" or request.path.rpartition("/")[2] not in _RESOURCES:
            return await handler(request)
        address = str(request.url)
        if address not in self._bodies:
            answer = await whole(await handler(request))
            assert isinstance(answer.body, bytes)
            self._bodies[address] = msgspec.json.format(answer.body, indent=2)  # as the Arrs do (STJson.WriteIndented)
        return web.Response(body=self._bodies[address], content_type="application/json", charset="utf-8")

    async def prepare(self, sandbox: Sandbox) -> None:
        """Ask everything that a first sync asks."""
        with tempfile.TemporaryDirectory() as folder:
            state_file = Path(folder) / "state.db"
            migrate.prepare(state_file)
            async with open_writer(state_file) as database:
                for name, stand_in in sandbox.arrs.items():
                    client = ArrClient(name, KINDS[stand_in.kind], stand_in.url, stand_in.api_key)
                    await full_sync(client, database, name, stand_in.url, Clock())
                    await client.close()
                    stand_in.counts.clear()

    def forget(self) -> None:
        """Make all answers again, as something changes."""
        self._bodies.clear()
