"""Push channel of an Arr, which its web page uses too.

It is a SignalR hub at `/signalr/messages`: JSON hub protocol 1 over a websocket, without negotiation. Records end with
0x1E. After a handshake the server calls `receiveMessage` with `{name, body: {action, resource}}` for whatever changed;
both ends send pings, and a silence of half a minute is the end. Sonarr 5 sends each message once for each `version` of
its API; the others send none.
Source: the SignalR hub protocol of ASP.NET Core.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Raw, Struct

from qbitrr.errors import UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from qbitrr.arr.client import ArrClient
    from qbitrr.http.websocket import Websocket

END_OF_RECORD = "\x1e"
_HANDSHAKE = '{"protocol":"json","version":1}' + END_OF_RECORD
_PING = '{"type":6}' + END_OF_RECORD
_INVOCATION, _CLOSE = 1, 7
_TARGET = "receiveMessage"
_VERSIONS = (None, 3)
_NOTHING = Raw(b"null")

_GREETING_SECONDS = 15.0
_PING_SECONDS = 15.0  # a server drops a client after 30 seconds of silence
_SILENCE_SECONDS = 40.0  # the server sends a ping every 15 seconds
_LONGEST_RECORD = 4 << 20  # characters


class Message(NamedTuple):
    """Change of a resource: `name` is its kind, `action` created, updated, deleted or sync.

    `resource` is JSON, `null` when there is none; of a deleted one it may have nothing but the id.
    """

    name: str
    action: str
    resource: Raw


class _Frame(Struct):
    type: int = 0
    target: str = ""
    arguments: list[Raw] = []
    error: str | None = None


class _Argument(Struct):
    name: str = ""
    body: Raw = _NOTHING
    version: int | None = None


class _Body(Struct):
    action: str = ""
    resource: Raw = _NOTHING


@asynccontextmanager
async def subscribed(
    client: ArrClient, monotonic: Callable[[], float] = time.monotonic
) -> AsyncIterator[AsyncIterator[Message]]:
    """Subscribe to the messages of an Arr, which end only with a ServiceError.

    Raises a ServiceError when the Arr has no such channel, or when a proxy refuses the websocket.
    """
    async with client.channel() as socket:
        records = _Records(client.section, socket, monotonic)
        await socket.send(_HANDSHAKE)
        _check_greeting(client.section, await records.greeting())
        yield records.messages()


class _Records:
    """Records of one connection, and the pings that keep it open."""

    def __init__(self, service: str, socket: Websocket, monotonic: Callable[[], float]) -> None:
        self._service = service
        self._socket = socket
        self._monotonic = monotonic
        self._buffer = ""
        self._complete: list[str] = []

    async def greeting(self) -> str:
        """Receive the first record."""
        deadline = self._monotonic() + _GREETING_SECONDS
        while not self._complete:
            text = await self._socket.receive(max(0.01, deadline - self._monotonic()))
            if text is None:
                raise UnreachableError(self._service, "push: no answer to the handshake")
            self._split(text)
        return self._complete.pop(0)

    async def messages(self) -> AsyncIterator[Message]:
        """Yield messages until the server ends the connection."""
        received_at = pinged_at = self._monotonic()
        while True:
            for record in self._complete:
                if message := _message(self._service, record):
                    yield message
            self._complete = []
            now = self._monotonic()
            if now >= received_at + _SILENCE_SECONDS:
                raise UnreachableError(self._service, "push: no sign of life")
            if now >= pinged_at + _PING_SECONDS:
                await self._socket.send(_PING)
                pinged_at = now
            next_at = min(received_at + _SILENCE_SECONDS, pinged_at + _PING_SECONDS)
            text = await self._socket.receive(max(0.01, next_at - now))
            if text is not None:
                received_at = self._monotonic()
                self._split(text)

    def _split(self, text: str) -> None:
        *complete, self._buffer = (self._buffer + text).split(END_OF_RECORD)
        if len(self._buffer) > _LONGEST_RECORD:
            raise UnexpectedAnswerError(self._service, "push: a message does not end")
        self._complete += complete


def _check_greeting(service: str, record: str) -> None:
    """Check the answer to the handshake: an empty object, or an error."""
    frame = _decoded(service, record)
    if frame.error:
        raise UnexpectedAnswerError(service, f"push: the handshake was refused: {frame.error}")


def _message(service: str, record: str) -> Message | None:
    """Parse a record; None for pings, and for what is not for us. Raises a ServiceError when the server ends."""
    frame = _decoded(service, record)
    if frame.type == _CLOSE:
        raise UnreachableError(service, f"push: the Arr ended it: {frame.error or 'no reason given'}")
    if frame.type != _INVOCATION or frame.target != _TARGET or not frame.arguments:
        return None
    try:
        argument = msgspec.json.decode(frame.arguments[0], type=_Argument)
        body = msgspec.json.decode(argument.body, type=_Body | None)
    except msgspec.MsgspecError:
        return None  # an unknown kind of message
    if body is None or not body.action or argument.version not in _VERSIONS:
        return None
    return Message(argument.name, body.action, body.resource.copy())


def _decoded(service: str, record: str) -> _Frame:
    try:
        return msgspec.json.decode(record, type=_Frame)
    except msgspec.MsgspecError as error:
        raise UnexpectedAnswerError(service, f"push: {error}") from error
