"""What a worker reports to the supervisor: heartbeat, activity, numbers, what it waits for."""

from __future__ import annotations

import asyncio
import itertools
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qbitrr import ipc, logs, ticks
from qbitrr.clock import Clock
from qbitrr.http import counters, progress

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from qbitrr.rules.arr_settings import Contradiction
    from qbitrr.worker.channel import Channel

_log = logs.get(__name__)

_WROTE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 3.0
_HEARTBEATS_PER_COUNTERS = 4
_LATE_SECONDS = 4.0  # the heartbeat after a deadline reports it and comes within three; a busy machine is late
_SILENCE_SECONDS = 15.0  # a loop that does not run for so long hangs
OPERATION_SECONDS = (
    900.0  # an operation without progress for so long hangs, though the loop runs; every call is shorter
)

_MOST_CONTRADICTIONS = 20
_LONGEST_TEXT = 500  # characters

STATE_FILE = "the state file"
"""The service that a worker waits for while it cannot write there."""

Kind = Literal["search", "health", "idle"]


@dataclass(slots=True, eq=False)
class _Operation:
    """An operation under way, and when its next progress is due (monotonic)."""

    name: str
    due_at: float


_IDLE = _Operation("idle", math.inf)


class Report:
    """Reports of one worker. All but the heartbeat are sent only when they changed.

    What changes with each pass, activity and clients, is sent together with the heartbeat, and not when it is by then
    what it was; that something was written, within a second. Made and used on a running loop.
    """

    def __init__(self, channel: Channel, clock: Clock | None = None) -> None:
        self._channel = channel
        self._clock = clock or Clock()
        self._operations: list[_Operation] = []
        self._progress = 0
        self._errors = 0
        self._waiting: dict[tuple[str, str], ipc.Waiting] = {}
        self._last_waiting = ipc.Waiting("", "")
        self._metrics: ipc.Metrics | None = None
        self._activity = self._seen_activity = self._last_activity = ipc.Activity("idle")
        self._last_counters = ipc.Counters()
        self._contradictions: ipc.Contradictions | None = None
        self._clients = self._last_clients = ipc.ClientStates(())
        self._concerns: dict[str, tuple[ipc.Concern, ...]] = {}
        self._last_concerns = ipc.Concerns(())
        self._wrote_due: asyncio.TimerHandle | None = None

    async def beat(self) -> None:
        """Send a heartbeat every three seconds until cancelled, with what changed, and counters now and then."""
        for number in itertools.count():
            self.send_beat()
            if number % _HEARTBEATS_PER_COUNTERS == 0:
                self._send_counters()
            await ticks.sleep(_HEARTBEAT_SECONDS)

    def send_beat(self) -> None:
        """Send a heartbeat, with clients that changed, and an activity that goes on since the last one."""
        self._channel.send(self.heartbeat())
        if self._activity == self._seen_activity:  # else it may be over in a moment
            self._send_activity()
        self._seen_activity = self._activity
        if self._clients != self._last_clients:
            self._last_clients = self._clients
            self._channel.send(self._clients)

    def heartbeat(self) -> ipc.Heartbeat:
        """Make a heartbeat that promises the next one soon after the deadline of the operation that is due first.

        One that is overdue is logged with the places of all tasks, and breaks the promise although the loop runs.
        """
        first = min(self._operations, key=lambda operation: operation.due_at, default=_IDLE)
        left = first.due_at - self._clock.monotonic()
        if left <= 0:
            _log.error("operation made no progress", operation=first.name, tasks=_where_tasks_are())
        within_seconds = min(_SILENCE_SECONDS, left + _LATE_SECONDS) if left > 0 else 0.0
        return ipc.Heartbeat(first.name, self._progress, self._errors, within_seconds)

    @contextmanager
    def operation(self, name: str, kind: Kind, within_seconds: float = OPERATION_SECONDS) -> Iterator[None]:
        """Report what is done inside of the block.

        An operation without progress for `within_seconds` hangs: the worker is replaced. Every part of an answer of a
        service is progress; what works long without one calls `qbitrr.http.progress.report`.
        """
        operation = _Operation(name, self._clock.monotonic() + within_seconds)

        def on_progress() -> None:
            self._progress += 1
            operation.due_at = self._clock.monotonic() + within_seconds

        self._operations.append(operation)
        self._become(kind)
        try:
            with counters.timed(counters.of_process.work, name), progress.observed(on_progress):
                yield
        finally:
            self._operations.remove(operation)
            self._progress += 1
            self._become("idle")

    def wrote(self, error: sqlite3.Error | None) -> None:
        """Report that a write to the state file failed, or succeeded when `error` is None."""
        task = ("state", STATE_FILE)
        if error is not None:
            if task not in self._waiting:
                _log.error("state file could not be written", error=str(error))
            self._waiting[task] = ipc.Waiting(STATE_FILE, str(error))
            self._send_waiting()
        elif self._waiting.pop(task, None):
            _log.info("state file can be written again")
            self._send_waiting()
        if error is None and self._wrote_due is None:
            loop = asyncio.get_running_loop()
            self._wrote_due = loop.call_later(ticks.until_tick(loop.time(), _WROTE_SECONDS), self._send_wrote)

    def failed(self) -> None:
        """Count an unexpected error, which was logged."""
        self._errors += 1

    def searched(self, summary: str, at: float) -> None:
        """Report the last search: a sentence and epoch seconds."""
        self._activity = ipc.Activity(self._activity.kind, summary, at)
        self._send_activity()

    def counted(self, queue_count: int, category_count: int) -> None:
        """Report the number of records in the Arr's queue and of torrents in the category."""
        metrics = ipc.Metrics(queue_count, category_count)
        if metrics != self._metrics:
            self._metrics = metrics
            self._channel.send(metrics)

    def saw_clients(self, states: tuple[ipc.ClientState, ...]) -> None:
        """Report every qBittorrent as last seen."""
        self._clients = ipc.ClientStates(states)

    def answer(self, answer: ipc.Answer) -> None:
        """Answer a question of the supervisor."""
        self._channel.send(answer)

    def contradicted(self, found: Sequence[Contradiction]) -> None:
        """Report what in the Arr's settings contradicts ours."""
        end = _LONGEST_TEXT
        shortened = (
            ipc.Contradiction(one.kind, one.text[:end], one.remedy[:end], one.words[:end])
            for one in found[:_MOST_CONTRADICTIONS]
        )
        message = ipc.Contradictions(tuple(shortened))
        if message != self._contradictions:
            self._contradictions = message
            self._channel.send(message)

    def concerned(self, task: str, found: Sequence[ipc.Concern]) -> None:
        """Report what a task finds that concerns the user, in place of what it found before."""
        end = _LONGEST_TEXT
        self._concerns[task] = tuple(
            ipc.Concern(one.kind, one.name[:end], one.text[:end], one.remedy[:end])
            for one in found[:_MOST_CONTRADICTIONS]
        )
        message = ipc.Concerns(tuple(one for some in self._concerns.values() for one in some))
        if message != self._last_concerns:
            self._last_concerns = message
            self._channel.send(message)

    def waits(self, task: str, service: str, error: str, *, needs_attention: bool) -> None:
        """Report that a task is blocked by a service. `needs_attention`: retrying cannot help, the user must act."""
        if (task, service) not in self._waiting:
            _log.warning("task was blocked", task=task, service=service, error=error, needs_attention=needs_attention)
        self._waiting[task, service] = ipc.Waiting(service, error, needs_attention)
        self._send_waiting()

    def goes_on(self, task: str, service: str) -> None:
        """Report that a task is no longer blocked by a service."""
        if self._waiting.pop((task, service), None):
            _log.info("task was unblocked", task=task, service=service)
            self._send_waiting()

    def _send_wrote(self) -> None:
        self._wrote_due = None
        self._channel.send(ipc.Wrote())

    def _send_activity(self) -> None:
        if self._activity != self._last_activity:
            self._last_activity = self._activity
            self._channel.send(self._activity)

    def _send_counters(self) -> None:
        here = counters.of_process
        now = ipc.Counters(
            calls={name: (one.count, one.failed, one.seconds) for name, one in here.calls.items()},
            work={name: (one.count, one.failed, one.seconds) for name, one in here.work.items()},
            first_byte_seconds=dict(here.first_byte_seconds),
        )
        if now != self._last_counters:
            self._last_counters = now
            self._channel.send(now)

    def _send_waiting(self) -> None:
        """Send one of the waits, first of all one that needs attention."""
        by_need = sorted(self._waiting.values(), key=lambda waiting: not waiting.needs_attention)
        message = next(iter(by_need), ipc.Waiting("", ""))
        if message != self._last_waiting:
            self._last_waiting = message
            self._channel.send(message)

    def _become(self, kind: Kind) -> None:
        if kind != self._activity.kind:
            self._activity = ipc.Activity(kind, self._activity.search_summary, self._activity.search_at)


def _where_tasks_are() -> list[str]:
    """The innermost frame of every task of the loop."""
    places = []
    for task in asyncio.all_tasks():
        frame = next(iter(reversed(task.get_stack())), None)
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "nowhere"
        places.append(f"{task.get_name()} at {where}")
    return sorted(places)
