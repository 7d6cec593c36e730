"""Outbox: messages to one target, collected for a while, sent in the background, retried on failure."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from control.message_text import body_of
from qbitrr import logs
from qbitrr.config.address import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from control.message_text import Body, Text
    from qbitrr.backoff import Backoff
    from qbitrr.config.model import NotificationEvent, Notifications

    Send = Callable[[Sequence[str], str, Body], Coroutine[None, None, bool]]
    # addresses, title, content; True when all were reached

_log = logs.get(__name__)

MOST_PENDING = 200  # messages; beyond that the oldest are dropped, and the next message says how many
_ATTEMPTS = 5


class Target(NamedTuple):
    """Addresses with the same events and digest; `kind` is that of the addresses, empty for those without a row."""

    kind: str
    urls: tuple[str, ...]
    events: tuple[NotificationEvent, ...]
    digest_seconds: int


def targets_of(settings: Notifications) -> dict[str, Target]:
    """The targets of the configuration by their kind; one without an address is none."""
    rows = {kind_of(row.to): row for row in reversed(settings.targets)}  # the first one of a kind decides
    urls: dict[str, list[str]] = {}
    for url in settings.urls:
        kind = kind_of(url)
        urls.setdefault(kind if kind in rows else "", []).append(url)
    return {
        kind: Target(kind, tuple(found), row.events, row.digest_seconds)
        for kind, found in urls.items()
        for row in [rows.get(kind, settings)]
    }


class Outbox:
    """The messages to one target; `target` returns it as it is now, None when it is configured no more."""

    def __init__(self, target: Callable[[], Target | None], send: Send, backoff: Backoff, send_seconds: float) -> None:
        self._target = target
        self._send = send
        self._backoff = backoff
        self._send_seconds = send_seconds
        self._pending: deque[Text] = deque(maxlen=MOST_PENDING)
        self._dropped = 0
        self._arrived = asyncio.Event()

    def add(self, text: Text) -> None:
        """Accept a message, without waiting."""
        self._dropped += len(self._pending) == MOST_PENDING
        self._pending.append(text)
        self._arrived.set()

    async def run(self) -> None:
        """Send messages until cancelled."""
        while True:
            await self._arrived.wait()
            target = self._target()
            await asyncio.sleep(target.digest_seconds if target else 0)
            self._arrived.clear()
            texts, self._dropped, dropped = list(self._pending), 0, self._dropped
            self._pending.clear()
            if dropped:
                texts.append((f"{dropped} more could not be kept.",))
            await self._deliver(body_of(texts))

    async def _deliver(self, body: Body) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            target = self._target()
            if target is None:
                _log.warning("notification was dropped", because="its target was removed", characters=len(body.plain))
                return
            try:
                async with asyncio.timeout(self._send_seconds):
                    if await self._send(target.urls, "qbitrr", body):
                        return
            except TimeoutError:
                _log.warning("notification was not sent in time", attempt=attempt, target=target.kind)
            await asyncio.sleep(self._backoff.seconds(attempt))
        _log.error(
            "notification was dropped", because="it was not sent", attempts=_ATTEMPTS, characters=len(body.plain)
        )
