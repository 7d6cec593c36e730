"""Events of the daemon: numbered, kept for a while, and published without waiting for slow followers."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.clock import Clock

KEPT = 1000
_MOST_PENDING = 256  # events that a follower may be behind before it is disconnected

_NUMBER = re.compile("[0-9]{1,18}")

_encoder = msgspec.json.Encoder()


class Event(Struct, frozen=True):
    """One event. `id` is unique over restarts of the daemon, `data` is JSON, `at` in epoch seconds."""

    id: str
    kind: str
    at: float
    data: bytes


class BreakerTripped(Struct, frozen=True):
    """The breaker of a category stopped its destructive actions until the user decides."""

    category: str
    because: str


class WorkerGone(Struct, frozen=True):
    """There is no worker of a category any more."""

    category: str
    state: Literal["gone"] = "gone"


class SettingContradicts(Struct, frozen=True):
    """A setting of an Arr contradicts the configuration; `kind` identifies what."""

    category: str
    kind: str
    text: str
    remedy: str


class UpdateAvailable(Struct, frozen=True):
    """There is a newer version of qbitrr."""

    present: str
    newest: str


class Follower:
    """The events that one client has still to receive."""

    def __init__(self) -> None:
        self._pending: asyncio.Queue[Event | None] = asyncio.Queue(_MOST_PENDING + 1)
        self._disconnected = False

    def offer(self, event: Event) -> None:
        """Add an event; a follower that is too far behind is disconnected."""
        if self._pending.qsize() >= _MOST_PENDING:
            self.disconnect()
        if not self._disconnected:
            self._pending.put_nowait(event)

    def disconnect(self) -> None:
        """Accept no more events; those that are pending can still be received."""
        if not self._disconnected:
            self._disconnected = True
            self._pending.put_nowait(None)

    async def next(self, within_seconds: float) -> Event | None:
        """Return the next event, None after the last one of a disconnected follower. Raises TimeoutError."""
        async with asyncio.timeout(within_seconds):
            return await self._pending.get()


class Events:
    """Publishes events and keeps the last 1000 for followers that reconnect."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._followers: set[Follower] = set()
        self.followed = asyncio.Event()
        """Set while there is a follower."""
        self.closed = False

    @property
    def followers(self) -> int:
        """The number of followers."""
        return len(self._followers)

    def publish(self, kind: str, data: object) -> None:
        """Publish an event to all followers, without waiting."""
        self._number += 1
        event = Event(f"{self._run}-{self._number}", kind, self._clock.wall(), _encoder.encode(data))
        self._kept.append(event)
        for follower in tuple(self._followers):
            follower.offer(event)

    def publish_passing(self, kind: str, data: object) -> None:
        """Publish what the next such event replaces: it has no id, and is not sent again to who missed it."""
        if self._followers:
            event = Event("", kind, self._clock.wall(), _encoder.encode(data))
            for follower in tuple(self._followers):
                follower.offer(event)

    @contextmanager
    def follow(self) -> Iterator[Follower]:
        """Follow all events that are published within the block."""
        follower = Follower()
        self._followers.add(follower)
        self.followed.set()
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                self.followed.clear()

    def since(self, last_id: str) -> list[Event] | None:
        """Return the events after one with this id; None when they are not known any more."""
        run, _, number = last_id.partition("-")
        if run != self._run or not _NUMBER.fullmatch(number):
            return None
        missed = self._number - int(number)
        if not 0 <= missed <= len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]

    def close(self) -> None:
        """Disconnect all followers, as the daemon ends."""
        self.closed = True
        for follower in self._followers:
            follower.disconnect()
