"""The set of workers: one for every category, kept as the configuration wants it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from supervisor.child import Child
from supervisor.lifecycle import Limits, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.config import Settings
    from qbitrr.worker.configuration import WorkerConfig
    from supervisor.spawner import Spawner

_log = logs.get(__name__)


def limits_of(settings: Settings) -> Limits:
    """The restart policy that the configuration asks for."""
    return Limits(
        restart=settings.auto_restart_processes,
        most_restarts=settings.max_process_restarts,
        window_seconds=settings.process_restart_window_seconds,
        delay_seconds=settings.process_restart_delay_seconds,
        start_seconds=settings.process_spawn_timeout_seconds,
    )


class Supervisor:
    """All workers by category. `ready` once it is known which there are."""

    def __init__(
        self, spawner: Spawner, clock: Clock | None = None, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._spawner = spawner
        self._clock = clock or Clock()
        self._changed = changed
        self._stopped = asyncio.Event()
        self._stopping = False
        self.children: dict[str, Child] = {}
        self.ready = False

    def start(self, configs: list[WorkerConfig], limits: Limits) -> None:
        """Start a worker for each configuration."""
        for config in configs:
            child = Child(config, limits, self._spawner, self._clock, self._child_changed)
            self.children[child.category] = child
            child.start()
        self.ready = True
        _log.info("workers were started", categories=list(self.children))

    def restart(self, category: str) -> None:
        """Have a fresh process for a category, unless everything ends. Raises KeyError for one without a worker."""
        child = self.children[category]
        if not self._stopping:
            child.restart()

    def rebuild(self) -> None:
        """Have every catalogue synced in full."""
        for child in self.children.values():
            child.send(ipc.Rebuild())

    async def stop(self) -> None:
        """Stop all workers at the same time; returns when the last one has ended.

        A worker that does not end within the grace is killed, so this ends however many there are.
        """
        self._stopping = True
        for child in self.children.values():
            child.stop()
        while not self._all_stopped():
            self._stopped.clear()
            await self._stopped.wait()

    def _all_stopped(self) -> bool:
        return all(child.state.phase is Phase.STOPPED for child in self.children.values())

    def _child_changed(self) -> None:
        if self._all_stopped():
            self._stopped.set()
        self._changed()
