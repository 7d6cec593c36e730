"""What the worker tells the supervisor: signs of life, what it is doing, its numbers, what it waits for."""

from __future__ import annotations

import asyncio
import itertools
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from qbitrr.http import counters, progress

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from qbitrr.worker.channel import Channel

_log = logs.get(__name__)

BEAT_SECONDS = 1.0
_UNTIL_TOLD_SECONDS = 2.0  # the beat after a deadline, which tells of it, comes within one; a busy machine is late
_BEATS_PER_SUMS = 10
_SILENCE_SECONDS = 15.0  # a loop that does not turn for so long hangs
OPERATION_SECONDS = 900.0  # what gets nowhere for so long hangs, though the loop turns; no call may take as long

STATE_FILE = "the state file"
"""What a worker waits for when it cannot write to it."""

Kind = Literal["search", "health", "idle"]


@dataclass(slots=True, eq=False)
class _Operation:
    """Something under way, and by when it has to get somewhere."""

    name: str
    due_at: float


_IDLE = _Operation("idle", math.inf)


class Report:
    """Sends only what changed, except for the beat."""

    def __init__(self, channel: Channel, clock: Clock | None = None) -> None:
        self._channel = channel
        self._clock = clock or Clock()
        self._operations: list[_Operation] = []
        self._progress = 0
        self._errors = 0
        self._waiting: dict[tuple[str, str], ipc.Waiting] = {}
        self._last_waiting = ipc.Waiting("", "")
        self._metrics: ipc.Metrics | None = None
        self._activity = ipc.Activity("idle")
        self._last_sums = ipc.Counters()

    async def beat(self) -> None:
        """Send a sign of life every second for ever."""
        beats = itertools.count()
        while True:
            self._channel.send(self.sign_of_life())
            if next(beats) % _BEATS_PER_SUMS == 0:
                self._tell_sums()
            await asyncio.sleep(BEAT_SECONDS)

    def sign_of_life(self) -> ipc.Heartbeat:
        """What a beat says now: it promises another one soon after the deadline of the operation that is due first.

        So one that is overdue can be told of, with where it is, before it breaks the promise though the loop turns.
        """
        first = min(self._operations, key=lambda operation: operation.due_at, default=_IDLE)
        left = first.due_at - self._clock.monotonic()
        if left <= 0:
            _log.error("operation got nowhere", operation=first.name, tasks=_where_tasks_are())
        within_seconds = min(_SILENCE_SECONDS, left + _UNTIL_TOLD_SECONDS) if left > 0 else 0.0
        return ipc.Heartbeat(first.name, self._progress, self._errors, within_seconds)

    @contextmanager
    def operation(self, name: str, kind: Kind, within_seconds: float = OPERATION_SECONDS) -> Iterator[None]:
        """What is being done inside of the block.

        An operation that gets nowhere for `within_seconds` hangs: the worker is replaced. Every part of an answer of a
        service is progress; what works long without asking any says so by `qbitrr.http.progress.made`.
        """
        operation = _Operation(name, self._clock.monotonic() + within_seconds)

        def got_somewhere() -> None:
            self._progress += 1
            operation.due_at = self._clock.monotonic() + within_seconds

        self._operations.append(operation)
        self._become(kind)
        try:
            with counters.timed(counters.here.work, name), progress.told(got_somewhere):
                yield
        finally:
            self._operations.remove(operation)
            self._progress += 1
            self._become("idle")

    def wrote(self, error: sqlite3.Error | None) -> None:
        """A write to the state file failed, or went well."""
        task = ("state", STATE_FILE)
        if error is not None:
            if task not in self._waiting:
                _log.error("state file could not be written", error=str(error))
            self._waiting[task] = ipc.Waiting(STATE_FILE, str(error))
            self._tell_waiting()
        elif self._waiting.pop(task, None):
            _log.info("state file can be written again")
            self._tell_waiting()

    def failed(self) -> None:
        """Something went wrong that nobody expected, and was logged."""
        self._errors += 1

    def searched(self, summary: str, at: float) -> None:
        """The last search, as a sentence and epoch seconds."""
        self._activity = ipc.Activity(self._activity.kind, summary, at)
        self._channel.send(self._activity)

    def counted(self, queue_count: int, category_count: int) -> None:
        """Records in the Arr's queue, torrents in the category."""
        metrics = ipc.Metrics(queue_count, category_count)
        if metrics != self._metrics:
            self._metrics = metrics
            self._channel.send(metrics)

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

    def _tell_sums(self) -> None:
        """How much was asked of services and how long work took."""
        here = counters.here
        sums = ipc.Counters(
            calls={name: (one.count, one.failed, one.seconds) for name, one in here.calls.items()},
            work={name: (one.count, one.failed, one.seconds) for name, one in here.work.items()},
        )
        if sums != self._last_sums:
            self._last_sums = sums
            self._channel.send(sums)

    def _tell_waiting(self) -> None:
        """Tell of one wait, of one that needs a person first."""
        by_need = sorted(self._waiting.values(), key=lambda waiting: not waiting.held)
        message = next(iter(by_need), ipc.Waiting("", ""))
        if message != self._last_waiting:
            self._last_waiting = message
            self._channel.send(message)

    def _become(self, kind: Kind) -> None:
        if kind != self._activity.kind:
            self._activity = ipc.Activity(kind, self._activity.search_summary, self._activity.search_at)
            self._channel.send(self._activity)


def _where_tasks_are() -> list[str]:
    """The innermost place of every task of the loop."""
    places = []
    for task in asyncio.all_tasks():
        frame = next(iter(reversed(task.get_stack())), None)
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "nowhere"
        places.append(f"{task.get_name()} at {where}")
    return sorted(places)
