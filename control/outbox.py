"""Outbox: messages to one address, collected for a while, sent in the background, retried on failure."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from control.message_text import body_of
from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.config.address import kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from control.announced import Collected
    from control.message_text import Body, Text
    from qbitrr.clock import Clock
    from qbitrr.config.model import NotificationEvent, Notifications

    Send = Callable[[Sequence[str], str, Body], Coroutine[None, None, bool]]
    # addresses, title, content; True when all were reached

_log = logs.get(__name__)

MOST_PENDING = 200  # messages; beyond that the oldest are dropped, and the next message says how many
ATTEMPTS = 5
RETRY = Backoff(first_seconds=5.0, limit_seconds=900.0, factor=5.0)
"""Delays between them: all of them take minutes, as a router or a service that starts again does."""
_AT_ONCE = 4  # attempts: each is a process
_POLL_SECONDS = 30.0  # within which another digest counts
_LAST_SECONDS = 4.0  # for which the end of the daemon waits for an attempt


class Target(NamedTuple):
    """What an address gets; `kind` is empty for one without a row of its own."""

    kind: str
    events: tuple[NotificationEvent, ...]
    digest_seconds: int


def targets_of(settings: Notifications) -> dict[str, Target]:
    """What each address gets, the first row of its kind deciding."""
    rows = {row.kind: row for row in reversed(settings.targets)}
    return {
        url: Target(kind, rows[kind].events, rows[kind].digest_seconds)
        if (kind := kind_of(url)) in rows
        else Target("", settings.events, settings.digest_seconds)
        for url in settings.urls
    }


Outcome = Literal["sent", "failed", "dropped"]


class MessageCounts:
    """How attempts to send messages ended since the start, by the kind of their address.

    A `failed` one is made again; a message is `dropped` after the last of them, or when its address was removed.
    """

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, Outcome]] = Counter()

    def count(self, kind: str, outcome: Outcome) -> None:
        """Count one more."""
        self.ended[kind, outcome] += 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages are sent. `targets` returns what is configured now, `save` writes what the outboxes hold."""

    targets: Callable[[], Mapping[str, Target]]
    send: Send
    save: Callable[[], Awaitable[None]]
    clock: Clock
    backoff: Backoff
    attempt_seconds: float
    counts: MessageCounts = field(default_factory=MessageCounts)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))


class Outbox:
    """The messages to the address `url`; those in `collected` are from an earlier run of the daemon.

    An attempt is written before it is made: one that a crash interrupts is not made again, as it may have succeeded.
    """

    def __init__(self, url: str, collected: Collected, delivery: Delivery) -> None:
        self._url = url
        self._held = collected
        self._delivery = delivery
        self._arrived = asyncio.Event()
        now = delivery.clock.wall()
        collected.since = min(collected.since, now)  # by a clock that was ahead
        self._since = delivery.clock.monotonic() - (now - collected.since)
        if collected.waiting:
            self._arrived.set()
        if collected.is_unsure:
            lines = len(collected.leaving)
            _log.warning("notification may not have arrived", because="the daemon was killed", lines=lines)
            self._leave([])

    def add(self, text: Text) -> None:
        """Accept a message, without waiting."""
        held = self._held
        if not held.waiting:
            held.since, self._since = self._delivery.clock.wall(), self._delivery.clock.monotonic()
        elif len(held.waiting) == MOST_PENDING:
            del held.waiting[0]
            held.dropped += 1
        held.waiting.append(text)
        self._arrived.set()

    async def run(self) -> None:
        """Send messages until cancelled."""
        while True:
            if not self._held.leaving:
                await self._collect()
            await self._deliver()

    @property
    def _target(self) -> Target | None:
        return self._delivery.targets().get(self._url)

    async def _collect(self) -> None:
        """Wait for a message and for the end of its digest."""
        await self._arrived.wait()
        while True:
            left_seconds = self._left_seconds()
            if left_seconds <= 0:
                break
            await asyncio.sleep(min(left_seconds, _POLL_SECONDS))
        self._arrived.clear()
        held = self._held
        more: list[Text] = [(f"{held.dropped} more could not be kept.",)] if held.dropped else []
        self._leave(held.waiting + more)
        held.waiting, held.dropped = [], 0

    def _left_seconds(self) -> float:
        target = self._target
        return 0.0 if target is None else self._since + target.digest_seconds - self._delivery.clock.monotonic()

    def _leave(self, lines: list[Text]) -> None:
        self._held.leaving, self._held.attempts, self._held.is_unsure = lines, 0, False

    async def _deliver(self) -> None:
        held, body = self._held, body_of(self._held.leaving)
        while (target := self._target) is not None and held.attempts < ATTEMPTS:
            async with self._delivery.at_once:
                is_sent = await self._attempt(body)
            self._count("sent" if is_sent else "failed")
            if is_sent:
                break
            held.attempts += 1
            await self._delivery.save()
            await asyncio.sleep(self._delivery.backoff.seconds(held.attempts))
        else:
            log, because = (
                (_log.warning, "its address was removed") if target is None else (_log.error, "it was not sent")
            )
            kind, characters = kind_of(self._url), len(body.plain)
            log("notification was dropped", kind=kind, because=because, attempts=held.attempts, characters=characters)
            self._count("dropped")
        self._leave([])
        await self._delivery.save()

    def _count(self, outcome: Outcome) -> None:
        self._delivery.counts.count(kind_of(self._url), outcome)

    async def _attempt(self, body: Body) -> bool:
        """Try once to send, and write before that it is tried."""
        self._held.is_unsure = True
        try:
            await self._delivery.save()
            sending = await self._ended(asyncio.create_task(self._delivery.send((self._url,), "qbitrr", body)))
        finally:
            self._held.is_unsure = False
        try:
            return sending.result()
        except (asyncio.CancelledError, OSError) as error:
            attempt, because = self._held.attempts + 1, str(error) or "it took too long"
            _log.warning("notification was not sent", attempt=attempt, kind=kind_of(self._url), because=because)
            return False

    async def _ended(self, sending: asyncio.Task[bool]) -> asyncio.Task[bool]:
        """Wait for an attempt, which is cancelled when it takes too long; the end of the daemon waits, but shortly."""
        try:
            await asyncio.wait([sending], timeout=self._delivery.attempt_seconds)
        except asyncio.CancelledError:
            await asyncio.wait([sending], timeout=_LAST_SECONDS)
            if sending.done() and sending.exception() is None and sending.result():
                self._leave([])
            raise
        finally:
            if not sending.done():
                sending.cancel()
                await asyncio.wait([sending])
        return sending
