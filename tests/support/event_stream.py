"""The events of a daemon as a client sees them that comes back after each restart."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.daemon import Daemon

_RETRY_SECONDS = 0.05


class EventStream:
    """What arrived: pairs of kind and data. `connections` counts how often the stream was open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.events: list[tuple[str, Any]] = []
        self.connections = 0
        self._last_id = ""

    async def follow(self) -> None:
        """Follow until cancelled."""
        forever = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with aiohttp.ClientSession(timeout=forever) as session:
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    await self._read(session)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self, session: aiohttp.ClientSession) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with session.get(self._url, headers=headers) as response:
            if response.status != 200:
                return
            self.connections += 1
            fields: dict[str, str] = {}
            async for line in response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                    continue
                if "event" in fields:
                    self._last_id = fields.get("id", self._last_id)
                    self.events.append((fields["event"], json.loads(fields["data"])))
                fields = {}


@asynccontextmanager
async def following(daemon: Daemon) -> AsyncIterator[EventStream]:
    """Follow the events of a daemon that runs."""
    stream = EventStream(f"{daemon.url}/web/events")
    task = asyncio.create_task(stream.follow())
    try:
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
