"""The worker's end of the channel to its supervisor. Sending never waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.errors import ProtocolError

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

_log = logs.get(__name__)


class Channel:
    """Messages describe a state, not a history: while the supervisor is slow only the latest of each type is kept."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._unsent: dict[type[ipc.Message], bytes] = {}
        self._received: asyncio.Queue[bytes] = asyncio.Queue()
        self._loop.add_reader(channel.fileno(), self._read)

    def send(self, message: ipc.Message) -> None:
        """Send a message now, or as soon as the supervisor reads again."""
        self._unsent.pop(type(message), None)
        self._unsent[type(message)] = ipc.encode(message)
        self._flush()

    async def messages(self) -> AsyncIterator[ipc.ToWorker]:
        """Receive messages until the supervisor closes the channel or ends. One that cannot be decoded is dropped."""
        while packet := await self._received.get():
            try:
                yield ipc.decode_to_worker(packet)
            except ProtocolError as error:
                _log.warning("message was dropped", error=str(error))

    def close(self) -> None:
        """Close the channel."""
        self._loop.remove_reader(self._channel.fileno())
        self._loop.remove_writer(self._channel.fileno())
        self._channel.close()

    def _read(self) -> None:
        try:
            packet = self._channel.recv(ipc.LONGEST_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        self._received.put_nowait(packet)
        if not packet:
            self._loop.remove_reader(self._channel.fileno())

    def _flush(self) -> None:
        for kind, packet in list(self._unsent.items()):
            try:
                self._channel.send(packet)
            except BlockingIOError:
                self._loop.add_writer(self._channel.fileno(), self._flush)
                return
            except OSError:  # the supervisor is gone, which `messages` notices
                self._unsent.clear()
                break
            del self._unsent[kind]
        self._loop.remove_writer(self._channel.fileno())
