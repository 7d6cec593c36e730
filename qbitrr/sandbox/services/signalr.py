"""The channel on which an Arr pushes what changes to its web page: a SignalR hub, over websockets only.

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
_MOST_WAITING = 1000  # messages; a listener that reads more slowly is cut off


class Hub:
    """All that listen to one Arr. While it is `silent` nothing is sent, not even pings."""

    def __init__(self, version: str) -> None:
        self.silent = False
        self.listeners: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        self._version = version

    def publish(
        self, name: str, action: str, resource: Mapping[str, Any] | None = None, version: int | None = None
    ) -> None:
        """Push a change to all that listen. `version` is that of the API whose resource it is, where it is sent."""
        body = {"action": action} if resource is None else {"resource": resource, "action": action}
        self.send({"body": body, "name": name} | ({} if version is None else {"version": version}))

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
        if not await _handshake(socket):
            await socket.close()
            return socket
        self.listeners[socket] = asyncio.Queue(_MOST_WAITING)
        self.send({"name": "version", "body": {"version": self._version}})
        sending = asyncio.create_task(self._send_to(socket), name="hub")
        try:
            async for _ in socket:  # a client sends nothing but pings
                pass
        finally:
            self.listeners.pop(socket, None)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sending
        return socket

    async def close(self, error: str | None = None) -> None:
        """Close the connections, as the application does when it ends."""
        for socket in list(self.listeners):
            with contextlib.suppress(ConnectionError):
                await socket.send_str(_record({"type": 7} | ({"error": error} if error else {})))
            await socket.close()

    async def _send_to(self, socket: web.WebSocketResponse) -> None:
        while waiting := self.listeners.get(socket):
            try:
                async with asyncio.timeout(PING_SECONDS):
                    record = await waiting.get()
            except TimeoutError:
                record = _record({"type": 6})
            if not self.silent:
                await socket.send_str(record)
        await socket.close()


async def _handshake(socket: web.WebSocketResponse) -> bool:
    try:
        message = await socket.receive(_HANDSHAKE_SECONDS)
        request = json.loads(message.data.removesuffix(END_OF_RECORD)) if message.type is WSMsgType.TEXT else {}
    except (TimeoutError, ValueError):
        return False
    if (request.get("protocol"), request.get("version")) != ("json", 1):
        await socket.send_str(_record({"error": f"The protocol '{request.get('protocol')}' is not supported."}))
        return False
    await socket.send_str(_record({}))
    return True


def _record(content: Mapping[str, Any]) -> str:
    return json.dumps(content) + END_OF_RECORD
