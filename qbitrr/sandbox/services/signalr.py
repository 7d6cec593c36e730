"""The channel on which an Arr tells its web page what changes: a SignalR hub, over websockets only.

Source: the SignalR hub protocol of ASP.NET Core, JSON encoding, version 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Mapping

END_OF_RECORD = "\x1e"
PING_SECONDS = 15.0
_HANDSHAKE_SECONDS = 15.0
_MOST_WAITING = 1000  # messages; who reads more slowly is cut off


class Hub:
    """All that listen to one Arr. While it is `silent` nothing is told, not even that it lives."""

    def __init__(self, version: str) -> None:
        self.silent = False
        self.listeners: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        self._version = version

    def tell(self, name: str, action: str, resource: Mapping[str, Any] | None = None) -> None:
        """Tell all that listen that something changed."""
        body = {"action": action} if resource is None else {"action": action, "resource": resource}
        self.send({"name": name, "body": body})

    def send(self, message: Mapping[str, Any]) -> None:
        """Push one message as it is."""
        record = _record({"type": 1, "target": "receiveMessage", "arguments": [message]})
        for socket, waiting in list(self.listeners.items()):
            try:
                waiting.put_nowait(record)
            except asyncio.QueueFull:
                del self.listeners[socket]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One that listens, from its handshake to its end."""
        socket = web.WebSocketResponse()
        if not socket.can_prepare(request).ok:
            return web.Response(status=400, text="Connection ID required")
        await socket.prepare(request)
        if not await _shake_hands(socket):
            await socket.close()
            return socket
        self.listeners[socket] = asyncio.Queue(_MOST_WAITING)
        self.send({"name": "version", "body": {"version": self._version}})
        telling = asyncio.create_task(self._tell_one(socket), name="hub")
        try:
            async for _ in socket:  # a client says nothing but that it lives
                pass
        finally:
            self.listeners.pop(socket, None)
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await telling
        return socket

    async def close(self, error: str | None = None) -> None:
        """Say goodbye to all that listen."""
        for socket in list(self.listeners):
            with contextlib.suppress(ConnectionError):
                await socket.send_str(_record({"type": 7} | ({"error": error} if error else {})))
            await socket.close()

    async def _tell_one(self, socket: web.WebSocketResponse) -> None:
        while waiting := self.listeners.get(socket):
            try:
                async with asyncio.timeout(PING_SECONDS):
                    record = await waiting.get()
            except TimeoutError:
                record = _record({"type": 6})
            if not self.silent:
                await socket.send_str(record)
        await socket.close()


async def _shake_hands(socket: web.WebSocketResponse) -> bool:
    try:
        message = await socket.receive(_HANDSHAKE_SECONDS)
        said = json.loads(message.data.removesuffix(END_OF_RECORD)) if message.type is WSMsgType.TEXT else {}
    except (TimeoutError, ValueError):
        return False
    if (said.get("protocol"), said.get("version")) != ("json", 1):
        await socket.send_str(_record({"error": f"The protocol '{said.get('protocol')}' is not supported."}))
        return False
    await socket.send_str(_record({}))
    return True


def _record(content: Mapping[str, Any]) -> str:
    return json.dumps(content) + END_OF_RECORD
