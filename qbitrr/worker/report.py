"""What the worker tells the supervisor: signs of life, what it is doing, its numbers, what it waits for."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from qbitrr import ipc, logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.worker.link import Link

_log = logs.get(__name__)

BEAT_SECONDS = 1.0
_SILENCE_SECONDS = 15.0  # a loop that does not turn for so long hangs

Kind = Literal["search", "health", "idle"]


class Report:
    """Sends only what changed, except for the beat."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._operations: list[str] = []
        self._progress = 0
        self._errors = 0
        self._waiting: dict[tuple[str, str], ipc.Waiting] = {}
        self._last_waiting = ipc.Waiting("", "")
        self._metrics = ipc.Metrics(0, 0)
        self._activity = ipc.Activity("idle")

    async def beat(self) -> None:
        """Send a sign of life every second for ever."""
        while True:
            operation = self._operations[-1] if self._operations else "idle"
            self._link.send(ipc.Beat(operation, self._progress, self._errors, _SILENCE_SECONDS))
            await asyncio.sleep(BEAT_SECONDS)

    @contextmanager
    def operation(self, name: str, kind: Kind) -> Iterator[None]:
        """What is being done inside of the block."""
        self._operations.append(name)
        self._become(kind)
        try:
            yield
        finally:
            self._operations.remove(name)
            self._progress += 1
            self._become("idle")

    def failed(self) -> None:
        """Something went wrong that nobody expected, and was logged."""
        self._errors += 1

    def searched(self, summary: str, at: float) -> None:
        """The last search, as a sentence and epoch seconds."""
        self._activity = ipc.Activity(self._activity.kind, summary, at)
        self._link.send(self._activity)

    def counted(self, queue_count: int, category_count: int) -> None:
        """Records in the Arr's queue, torrents in the category."""
        metrics = ipc.Metrics(queue_count, category_count)
        if metrics != self._metrics:
            self._metrics = metrics
            self._link.send(metrics)

    def waits(self, task: str, service: str, error: str, *, held: bool) -> None:
        """A task of the worker cannot go on without a service, or without a person when `held`."""
        if (task, service) not in self._waiting:
            _log.warning("service was lost", task=task, service=service, error=error, held=held)
        self._waiting[task, service] = ipc.Waiting(service, error, held)
        self._tell_waiting()

    def goes_on(self, task: str, service: str) -> None:
        """The service answers the task again."""
        if self._waiting.pop((task, service), None):
            _log.info("service answered again", task=task, service=service)
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        """Tell of one wait, of one that needs a person first."""
        by_need = sorted(self._waiting.values(), key=lambda waiting: not waiting.held)
        message = next(iter(by_need), ipc.Waiting("", ""))
        if message != self._last_waiting:
            self._last_waiting = message
            self._link.send(message)

    def _become(self, kind: Kind) -> None:
        if kind != self._activity.kind:
            self._activity = ipc.Activity(kind, self._activity.search_summary, self._activity.search_at)
            self._link.send(self._activity)
