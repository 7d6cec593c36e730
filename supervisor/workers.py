"""Workers: the set of worker processes, one for each category, as the configuration asks for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from qbitrr.errors import NotReadyError, WorkerNotReadyError
from qbitrr.update.readiness import worse
from supervisor import lifecycle
from supervisor.coalesced import Coalesced
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

_SHORTEST_WINDOW_SECONDS = 1.0  # in a window of nothing no restart would count, and a worker could crash in a loop


class WorkerChanges(Struct, frozen=True):
    """What another configuration means for each category: `restarted` ones get a new process."""

    started: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


def difference(before: Mapping[str, WorkerConfig], after: Mapping[str, WorkerConfig]) -> WorkerChanges:
    """Compare two sets of workers by category; a worker whose configuration is equal is left alone."""
    return WorkerChanges(
        started=tuple(category for category in after if category not in before),
        stopped=tuple(category for category in before if category not in after),
        restarted=tuple(c for c, config in after.items() if c in before and before[c] != config),
        unchanged=tuple(c for c, config in after.items() if c in before and before[c] == config),
    )


def restart_policy(settings: Settings) -> RestartPolicy:
    """The restart policy of a configuration."""
    return RestartPolicy(
        restart=settings.auto_restart_processes,
        most_restarts=settings.max_process_restarts,
        window_seconds=max(_SHORTEST_WINDOW_SECONDS, settings.process_restart_window_seconds),
        delay_seconds=settings.process_restart_delay_seconds,
        start_seconds=settings.process_spawn_timeout_seconds,
        memory_high_bytes=settings.worker_memory_high_bytes,
    )


class Workers:
    """All workers by category. `ready` once it is known which there are.

    `on_change` is called after any change of a worker, `on_damage` when a worker found the state file damaged.
    """

    def __init__(
        self,
        spawner: Spawner,
        evidence: Evidence,
        clock: Clock | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.on_damage: Callable[[], None] = lambda: None
        self.processes: dict[str, WorkerProcess] = {}
        self.ready = False
        self.revision = 0
        """Grows with any change of a worker or of which there are."""
        self._spawner = spawner
        self._evidence = evidence
        self._clock = clock or Clock()
        self.lag = LoopLag(self._clock)
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()  # one change of the set at a time
        self._restarts = Coalesced(self._restart_in_turn)
        self._stopping = False
        self._policy: RestartPolicy | None = None
        self._on_probation = False

    def start(self, configs: Sequence[WorkerConfig], policy: RestartPolicy, *, on_probation: bool = False) -> None:
        """Start a worker for each configuration; `on_probation` they change nothing."""
        self._policy, self._on_probation = policy, on_probation
        self._launch({config.name: config for config in configs}, policy)
        self.ready = True
        _log.info("workers were started", categories=list(self.processes))

    def plan(self, configs: Sequence[WorkerConfig]) -> WorkerChanges:
        """What `apply` changes."""
        return difference(self._configs(), {config.name: config for config in configs})

    async def apply(self, configs: Sequence[WorkerConfig], policy: RestartPolicy) -> WorkerChanges:
        """Run exactly these workers; return when all that changed are ready.

        A worker whose configuration is equal keeps its process, and reads the settings of its Arr again. Old processes
        end before new ones start, as both could act on the same torrent.
        Raises WorkerNotReadyError when one is not ready within ProcessSpawnTimeoutSeconds, once the old configuration
        is back; NotReadyError while the daemon stops.
        """
        async with self._lock:
            before, policy_before = self._configs(), self._policy or policy
            after = {config.name: config for config in configs}
            changes = difference(before, after)
            try:
                await self._change(changes, after, policy)
                await self._until_ready((*changes.started, *changes.restarted), policy.start_seconds)
            except WorkerNotReadyError as error:
                _log.error("configuration was rolled back", category=error.category, because=str(error))
                await self._change(difference(after, before), before, policy_before)
                raise
            for category in changes.unchanged:
                self.processes[category].send(ipc.ReadSettings())
            return changes

    def restart(self, category: str) -> None:
        """Replace the process of a category, unless it is being stopped. Raises KeyError for one without a worker."""
        self.processes[category].restart()

    async def restart_in_turn(self) -> None:
        """Replace all processes, the next one when the last one is ready; requests that come while one waits share it.

        One that does not get ready in time is left to the restart policy. Raises NotReadyError while the daemon stops.
        """
        await self._restarts.run()

    async def end_probation(self) -> None:
        """Replace the workers by such that act. Raises NotReadyError while the daemon stops."""
        self._on_probation = False
        for process in self.processes.values():
            process.on_probation = False
        await self.restart_in_turn()

    async def _restart_in_turn(self) -> None:
        async with self._lock:
            for category, process in list(self.processes.items()):
                process.restart()
                try:
                    await self._until_ready((category,), process.policy.grace_seconds + process.policy.start_seconds)
                except WorkerNotReadyError as error:
                    _log.warning("worker was left to the restart policy", category=category, because=str(error))

    @property
    def configs(self) -> tuple[WorkerConfig, ...]:
        """The configurations of all workers."""
        return tuple(self._configs().values())

    def phases(self) -> dict[str, Phase]:
        """The phase of each worker by category."""
        return {category: process.state.phase for category, process in self.processes.items()}

    async def worse_within(self, before: Mapping[str, str], seconds: float) -> list[str]:
        """Wait until every worker is as good as it was before; return the categories of those that are not in time.

        Raises NotReadyError while the daemon stops.
        """

        def decided() -> bool:
            missing = worse(before, self.phases())
            return self._stopping or not missing or any(lifecycle.is_lost(self.processes[c].state) for c in missing)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._until(decided)
        self._raise_when_stopping()
        return worse(before, self.phases())

    def summary(self) -> str:
        """One sentence on all workers, and what the first three are blocked by."""
        phases = Counter(str(process.state.phase) for process in self.processes.values())
        waiting = [
            f"{process.category} waits for {process.last_report.waiting_for}"
            for process in self.processes.values()
            if process.last_report.waiting_for
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
        """Stop all workers at the same time; return when the last one has ended.

        A worker that does not end within its grace is killed, so the time is bounded whatever their number.
        """
        self._stopping = True
        self._changed.set()
        for process in self.processes.values():
            process.stop()
        await self._until_stopped(self.processes.values())

    async def until_changed(self, revision: int) -> None:
        """Wait until the revision is another one."""
        await self._until(lambda: self.revision != revision)

    # -- changing the set ---------------------------------------------------------------------------------------

    def _configs(self) -> dict[str, WorkerConfig]:
        return {category: process.config for category, process in self.processes.items()}

    async def _change(self, changes: WorkerChanges, after: Mapping[str, WorkerConfig], policy: RestartPolicy) -> None:
        """Stop the processes that end, then start the new ones."""
        self._raise_when_stopping()
        leaving = [self.processes[category] for category in (*changes.stopped, *changes.restarted)]
        for process in leaving:
            process.stop()
        await self._until_stopped(leaving)
        self._raise_when_stopping()
        self._policy = policy
        for category in (*changes.stopped, *changes.restarted):
            del self.processes[category]
        for process in self.processes.values():
            process.policy = policy
        self._launch({category: after[category] for category in (*changes.started, *changes.restarted)}, policy)
        self.processes = {category: self.processes[category] for category in after}  # in the order of the file
        self._note_change()

    def _launch(self, configs: Mapping[str, WorkerConfig], policy: RestartPolicy) -> None:
        for category, config in configs.items():
            process = WorkerProcess(
                config, policy, self._spawner, self._evidence, self._clock, self._process_changed, self._state_damaged
            )
            process.on_probation = self._on_probation
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
            raise WorkerNotReadyError(lost[0].category, lost[0].last_report.last_error)

    async def _until_stopped(self, processes: Iterable[WorkerProcess]) -> None:
        leaving = list(processes)
        await self._until(lambda: all(process.state.phase is Phase.STOPPED for process in leaving))

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    def _raise_when_stopping(self) -> None:
        if self._stopping:
            raise NotReadyError("The daemon is stopping")

    def _state_damaged(self) -> None:
        self.on_damage()

    def _process_changed(self) -> None:
        self._note_change()
        self._on_change()

    def _note_change(self) -> None:
        self.revision += 1
        self._changed.set()
