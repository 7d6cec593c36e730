"""What happens, told to whoever follows: numbered, kept for a while, and never waiting for a slow listener."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.clock import Clock

KEPT = 1000
_WAITING = 256  # events that a follower may be behind; then it is let go

_encoder = msgspec.json.Encoder()


class Event(Struct, frozen=True):
    """One event. `id` names it in this run of the daemon, `data` is JSON, `at` in epoch seconds."""

    id: str
    kind: str
    at: float
    data: bytes


class Follower:
    """The events that one listener has still to get."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING + 1)
        self.lost = False

    def offer(self, event: Event) -> None:
        """One more; a follower that is too far behind is let go."""
        if self._queue.qsize() >= _WAITING:
            self.let_go()
        if not self.lost:
            self._queue.put_nowait(event)

    def let_go(self) -> None:
        """No more after those that wait."""
        if not self.lost:
            self.lost = True
            self._queue.put_nowait(None)

    async def next(self, within_seconds: float) -> Event | None:
        """The next event; None when it was let go. Raises TimeoutError when nothing happened."""
        async with asyncio.timeout(within_seconds):
            return await self._queue.get()


class Events:
    """Publishes events and replays the last ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._followers: set[Follower] = set()
        self.closed = False

    @property
    def followers(self) -> int:
        """How many listen."""
        return len(self._followers)

    def publish(self, kind: str, data: object) -> None:
        """Tell everybody; never waits."""
        self._number += 1
        event = Event(f"{self._run}-{self._number}", kind, self._clock.wall(), _encoder.encode(data))
        self._kept.append(event)
        for follower in tuple(self._followers):
            follower.offer(event)

    @contextmanager
    def follow(self) -> Iterator[Follower]:
        """Listen while the block lasts."""
        follower = Follower()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def since(self, last_id: str) -> list[Event] | None:
        """What happened after an event; None when that is not known any more."""
        run, _, number = last_id.partition("-")
        if run != self._run or not number.isdecimal():
            return None
        missed = self._number - int(number)
        if not 0 <= missed <= len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]

    def close(self) -> None:
        """Let everybody go, as the daemon ends."""
        self.closed = True
        for follower in self._followers:
            follower.let_go()
