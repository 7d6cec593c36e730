"""Own tasks of the supervisor: what it does by itself, restarted when it fails, as workers are."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr import logs
from qbitrr.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    from qbitrr.clock import Clock

    Work = Callable[[], Coroutine[None, None, None]]

_log = logs.get(__name__)

_HEALTHY_SECONDS = 600.0  # a task that ran this long starts again at the shortest delay


class TaskState(Struct, frozen=True):
    """How one task goes: how often it failed, and what it waits after now; `error` is empty while it runs."""

    failures: int = 0
    error: str = ""


class OwnTasks:
    """Runs tasks by name. One that fails is logged with its cause, counted and started again after a delay."""

    def __init__(self, clock: Clock, backoff: Backoff | None = None) -> None:
        self._clock = clock
        self._backoff = backoff or Backoff(first_seconds=1.0, limit_seconds=300.0)
        self.states: dict[str, TaskState] = {}

    @property
    def failing(self) -> dict[str, str]:
        """The cause of failure by task, of those that wait to be started again."""
        return {name: state.error for name, state in self.states.items() if state.error}

    @asynccontextmanager
    async def running(self, tasks: Mapping[str, Work]) -> AsyncIterator[None]:
        """Run tasks during the block; one that returns is done."""
        self.states = dict.fromkeys(tasks, TaskState())
        running = [asyncio.create_task(self._keep(name, work), name=name) for name, work in tasks.items()]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _keep(self, name: str, work: Work) -> None:
        attempt = 0
        while True:
            started_at = self._clock.monotonic()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the border of a task
                ran_seconds = self._clock.monotonic() - started_at
                attempt = 1 if ran_seconds >= _HEALTHY_SECONDS else attempt + 1
                delay_seconds = round(self._backoff.seconds(attempt), 1)
                failures = self.states[name].failures + 1
                self.states[name] = TaskState(failures, f"{type(error).__name__}: {error}")
                _log.exception(
                    "own task failed", task=name, failures=failures, again_in_seconds=round(delay_seconds, 1)
                )
                await asyncio.sleep(delay_seconds)
                self.states[name] = TaskState(failures)
            else:
                return
