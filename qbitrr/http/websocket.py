"""Websocket: one open connection to a service, for text messages, with time limits and a bound on their length."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from qbitrr.errors import UnreachableError

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

LONGEST_MESSAGE_BYTES = 4 << 20
_SEND_SECONDS = 10.0


class Websocket:
    """An open websocket. `service` is the section name, `what` the call for error texts."""

    def __init__(self, service: str, what: str, socket: ClientWebSocketResponse) -> None:
        self._service = service
        self._what = what
        self._socket = socket

    async def send(self, text: str) -> None:
        """Send a text message. Raises UnreachableError."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._socket.send_str(text)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise self._lost("it accepts no message any more") from error

    async def receive(self, within_seconds: float) -> str | None:
        """Wait for the next text message; None when there is none in time. Raises UnreachableError at the end."""
        try:
            message = await self._socket.receive(within_seconds)
        except TimeoutError:
            return None
        except aiohttp.ClientError as error:
            raise self._lost(str(error) or type(error).__name__) from error
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            return ""
        if message.type is aiohttp.WSMsgType.ERROR:
            raise self._lost(str(message.data))
        raise self._lost("the connection was closed")

    def _lost(self, reason: str) -> UnreachableError:
        return UnreachableError(self._service, f"{self._what}: {reason}")
