"""The set of workers: one for every category, kept as the configuration wants it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from qbitrr.errors import NotReadyError, WorkerNotReadyError
from supervisor import lifecycle
from supervisor.changes import WorkerChanges, difference
from supervisor.lifecycle import Phase, RestartPolicy
from supervisor.loop_lag import LoopLag
from supervisor.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qbitrr.config import Settings
    from qbitrr.worker.config import WorkerConfig
    from supervisor.evidence import Evidence
    from supervisor.spawner import Spawner

_log = logs.get(__name__)

_SHORTEST_WINDOW_SECONDS = 1.0  # in none at all nothing would ever count, and a worker could crash in a tight loop


def limits_of(settings: Settings) -> RestartPolicy:
    """The restart policy that the configuration asks for."""
    return RestartPolicy(
        restart=settings.auto_restart_processes,
        most_restarts=settings.max_process_restarts,
        window_seconds=max(_SHORTEST_WINDOW_SECONDS, settings.process_restart_window_seconds),
        delay_seconds=settings.process_restart_delay_seconds,
        start_seconds=settings.process_spawn_timeout_seconds,
    )


class Workers:
    """All workers by category. `ready` once it is known which there are.

    `on_damage` is called when a worker found the state file damaged.
    """

    def __init__(
        self,
        spawner: Spawner,
        evidence: Evidence,
        clock: Clock | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._spawner = spawner
        self._evidence = evidence
        self._clock = clock or Clock()
        self._changed = changed
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()  # one change of the set at a time
        self._stopping = False
        self._limits: RestartPolicy | None = None
        self.on_damage: Callable[[], None] = lambda: None
        self.lag = LoopLag(self._clock)
        self.processes: dict[str, WorkerProcess] = {}
        self.ready = False

    def start(self, configs: Sequence[WorkerConfig], limits: RestartPolicy) -> None:
        """Start a worker for each configuration."""
        self._limits = limits
        self._launch({config.name: config for config in configs}, limits)
        self.ready = True
        _log.info("workers were started", categories=list(self.processes))

    def plan(self, configs: Sequence[WorkerConfig]) -> WorkerChanges:
        """What `apply` would do."""
        return difference(self._configs(), {config.name: config for config in configs})

    async def apply(self, configs: Sequence[WorkerConfig], limits: RestartPolicy) -> WorkerChanges:
        """Have exactly these workers, each with this configuration; returns when all that changed are ready.

        Workers whose part did not change are not touched. No process of the old configuration runs beside one of the
        new, where both might care for the same torrent.
        Raises WorkerNotReadyError when one does not get ready within ProcessSpawnTimeoutSeconds; by then the old
        configuration is back. Raises NotReadyError while everything ends.
        """
        async with self._turn:
            before, limits_before = self._configs(), self._limits or limits
            after = {config.name: config for config in configs}
            plan = difference(before, after)
            try:
                await self._change(plan, after, limits)
                await self._until_ready((*plan.started, *plan.restarted), limits.start_seconds)
            except WorkerNotReadyError as error:
                _log.error("configuration was taken back", category=error.category, because=str(error))
                await self._change(difference(after, before), before, limits_before)
                raise
            return plan

    def restart(self, category: str) -> None:
        """Have a fresh process for a category, unless everything ends. Raises KeyError for one without a worker."""
        process = self.processes[category]
        if not self._stopping:
            process.restart()

    async def restart_in_turn(self) -> None:
        """Have fresh processes for all categories, one after the other: the next when the last one is ready.

        One that does not get ready in time is left to the restart policy. Raises NotReadyError while everything ends.
        """
        async with self._turn:
            for category, process in list(self.processes.items()):
                process.restart()
                try:
                    await self._until_ready((category,), process.limits.grace_seconds + process.limits.start_seconds)
                except WorkerNotReadyError as error:
                    _log.warning("worker was left behind", category=category, because=str(error))

    async def not_ready_within(self, seconds: float) -> list[str]:
        """The categories whose workers are not ready in time."""
        with suppress(WorkerNotReadyError):
            await self._until_ready(tuple(self.processes), seconds)
        return [c for c, process in self.processes.items() if not lifecycle.is_ready(process.state)]

    def summary(self) -> str:
        """One sentence on all workers, those first that need a look."""
        phases = Counter(str(process.state.phase) for process in self.processes.values())
        waiting = [
            f"{process.category} waits for {process.said.waiting_for}"
            for process in self.processes.values()
            if process.said.waiting_for
        ]
        parts = [f"{number} {phase}" for phase, number in phases.most_common()]
        return "; ".join([", ".join(parts) or "no workers", *waiting[:3]])

    def describe(self) -> list[dict[str, object]]:
        """The state of every worker, for the log."""
        return [process.describe() for process in self.processes.values()]

    def rebuild(self) -> None:
        """Have every catalogue synced in full."""
        for process in self.processes.values():
            process.send(ipc.Rebuild())

    async def stop(self) -> None:
        """Stop all workers at the same time; returns when the last one has ended.

        A worker that does not end within the grace is killed, so this ends however many there are.
        """
        self._stopping = True
        self._news.set()
        for process in self.processes.values():
            process.stop()
        await self._until_stopped(self.processes.values())

    # -- changing the set ---------------------------------------------------------------------------------------

    def _configs(self) -> dict[str, WorkerConfig]:
        return {category: process.config for category, process in self.processes.items()}

    async def _change(self, plan: WorkerChanges, after: Mapping[str, WorkerConfig], limits: RestartPolicy) -> None:
        """Stop what has to end, then start what has to run."""
        self._raise_when_stopping()
        leaving = [self.processes[category] for category in (*plan.stopped, *plan.restarted)]
        for process in leaving:
            process.stop()
        await self._until_stopped(leaving)
        self._raise_when_stopping()
        self._limits = limits
        for category in (*plan.stopped, *plan.restarted):
            del self.processes[category]
        for process in self.processes.values():
            process.limits = limits
        self._launch({category: after[category] for category in (*plan.started, *plan.restarted)}, limits)
        self.processes = {category: self.processes[category] for category in after}  # in the order of the file

    def _launch(self, configs: Mapping[str, WorkerConfig], limits: RestartPolicy) -> None:
        for category, config in configs.items():
            process = WorkerProcess(
                config, limits, self._spawner, self._evidence, self._clock, self._child_changed, self._state_is_suspect
            )
            self.processes[category] = process
            process.start()

    async def _until_ready(self, categories: Iterable[str], within_seconds: float) -> None:
        processes = [self.processes[category] for category in categories]
        lost: list[WorkerProcess] = []

        def decided() -> bool:
            lost[:] = [process for process in processes if lifecycle.is_lost(process.state)]
            return bool(lost) or self._stopping or all(lifecycle.is_ready(process.state) for process in processes)

        try:
            async with asyncio.timeout(within_seconds):
                await self._until(decided)
        except TimeoutError:
            lost = [process for process in processes if not lifecycle.is_ready(process.state)]
        self._raise_when_stopping()
        if lost:
            raise WorkerNotReadyError(lost[0].category, lost[0].said.last_error)

    async def _until_stopped(self, processes: Iterable[WorkerProcess]) -> None:
        some = list(processes)
        await self._until(lambda: all(process.state.phase is Phase.STOPPED for process in some))

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.clear()
            await self._news.wait()

    def _raise_when_stopping(self) -> None:
        if self._stopping:
            raise NotReadyError("The daemon is stopping")

    def _state_is_suspect(self) -> None:
        self.on_damage()

    def _child_changed(self) -> None:
        self._news.set()
        self._changed()
