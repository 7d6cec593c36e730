"""The messages between supervisor and worker.

A channel is a Unix socket pair of type SEQPACKET: every packet is one whole message, so neither side can be kept
waiting for the rest of one, and the end of the other process reads as an empty packet. A message is a tagged
struct as MessagePack; what a newer side sends and an older one does not know is refused as a whole.

    worker -> supervisor    Hello, Ready, Beat, Waiting, Metrics, Sums, Activity, Bye
    supervisor -> worker    Configure, Rebuild, Approve, Discard, Undo, Search

A worker is stopped by SIGTERM, which it also understands from others.
"""

from __future__ import annotations

import socket
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from qbitrr.errors import ProtocolError

PROTOCOL = 2
LONGEST_MESSAGE_BYTES = 192 * 1024  # below the default buffer of a Unix socket, which bounds a packet


class Message(Struct, frozen=True, tag=True, tag_field="type"):
    """Any message."""


class Hello(Message, frozen=True):
    """The first word of a worker."""

    protocol: int
    pid: int


class Ready(Message, frozen=True):
    """The worker has its configuration, its state file and its tasks."""


class Heartbeat(Message, frozen=True):
    """A sign of life: what is being done, and by when the next one comes at the latest.

    `progress` counts what was completed, `errors` what went wrong unexpectedly, both since the start.
    """

    operation: str
    progress: int
    errors: int
    within_seconds: float


class Waiting(Message, frozen=True):
    """The worker cannot go on without a service; empty `service` when it can again.

    `needs_attention`: retrying cannot help, the user must act, as after a refused password.
    """

    service: str
    error: str
    needs_attention: bool = False


class Metrics(Message, frozen=True):
    """Records in the Arr's queue, torrents in the category."""

    queue_count: int
    category_count: int


class Counters(Message, frozen=True):
    """Sums since the process began, by service and by kind of work: how many, how many of them failed, seconds."""

    calls: dict[str, tuple[int, int, float]] = {}
    work: dict[str, tuple[int, int, float]] = {}


class Activity(Message, frozen=True):
    """What the worker turned to, and the last search if there was one (`at` in epoch seconds)."""

    kind: Literal["search", "health", "idle"]
    search_summary: str | None = None
    search_at: float | None = None


class Goodbye(Message, frozen=True):
    """The last word of a worker that ends on purpose."""

    reason: str


class Configure(Message, frozen=True):
    """The worker's part of the configuration, as MessagePack of `qbitrr.worker.config.WorkerConfig`."""

    config: Raw


class Rebuild(Message, frozen=True):
    """Sync the catalogue in full now."""


class Approve(Message, frozen=True):
    """Let the removals that wait for a person go on."""


class Discard(Message, frozen=True):
    """Drop the removals that wait for a person."""


class Undo(Message, frozen=True):
    """Give back the torrent that an action of the ledger has put into quarantine or removed."""

    action_id: int


class SearchNow(Message, frozen=True):
    """Search items now, before all others, through the same budget."""

    item_ids: tuple[int, ...]


FromWorker = Hello | Ready | Heartbeat | Waiting | Metrics | Counters | Activity | Goodbye
ToWorker = Configure | Rebuild | Approve | Discard | Undo | SearchNow

_encoder = msgspec.msgpack.Encoder()
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)


def encode(message: Message) -> bytes:
    """A message as one packet. Raises ProtocolError when it is too long to be one."""
    data = _encoder.encode(message)
    if len(data) > LONGEST_MESSAGE_BYTES:
        raise ProtocolError(f"{type(message).__name__} of {len(data)} bytes is too long for a message")
    return data


def decode_from_worker(packet: bytes) -> FromWorker:
    """What a worker sent. Raises ProtocolError."""
    try:
        return _from_worker.decode(packet)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"not a message of a worker: {error}") from error


def decode_to_worker(packet: bytes) -> ToWorker:
    """What the supervisor sent. Raises ProtocolError."""
    try:
        return _to_worker.decode(packet)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"not a message of the supervisor: {error}") from error


def channel() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new channel; neither blocks."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST_MESSAGE_BYTES)
    return ends
