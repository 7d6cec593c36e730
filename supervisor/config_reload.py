"""Taking a new configuration from the file while everything runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.config import Loaded, load_file
from qbitrr.config.model.key import Table, keys_of
from qbitrr.errors import ConfigError, StateError
from qbitrr.state import free_space
from qbitrr.state.retention import drop_removed_categories
from qbitrr.worker.config import configured_names, worker_configs
from supervisor.changes import ReloadResult
from supervisor.workers import limits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from qbitrr.clock import Clock
    from qbitrr.worker.config import WorkerConfig
    from supervisor.lifecycle import RestartPolicy
    from supervisor.workers import Workers

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """What a configuration is made from and what is written to; `log_folder` is None for no log files."""

    config: Path
    environ: Mapping[str, str]
    state: Path
    log_folder: Path | None
    evidence: Path


class ConfigReload:
    """The configuration that holds, and how it becomes another. `taken` is called with each new one."""

    def __init__(
        self, files: Files, first: Loaded, supervisor: Workers, clock: Clock, taken: Callable[[Loaded], None]
    ) -> None:
        self.loaded = first
        self.files = files
        self._supervisor = supervisor
        self._clock = clock
        self._taken = taken
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Start the workers of the first configuration."""
        self._supervisor.start(*self._wanted(self.loaded))

    def plan(self, loaded: Loaded) -> ReloadResult:
        """What taking a configuration would do."""
        configs, _ = self._wanted(loaded)
        return ReloadResult(self._supervisor.plan(configs), tuple(_needing_restart(self.loaded, loaded)))

    async def reload(self) -> ReloadResult:
        """Load the file, check it, and have the workers that it asks for; those whose part is the same go on untouched.

        Reloads take turns, and each reads the file as it then is. Whatever is raised, the configuration from before
        holds: ConfigError for a file that cannot be used (nothing was touched), WorkerNotReadyError when a worker did
        not get ready with it (the old ones are back), NotReadyError while the daemon stops.
        """
        async with self._turn:
            try:
                loaded = await asyncio.to_thread(load_file, self.files.config, self.files.environ)
            except ConfigError as error:
                _log.error("configuration was refused", problems=[str(problem) for problem in error.problems])
                raise
            applied = await self._supervisor.apply(*await asyncio.to_thread(self._wanted, loaded))
            reloaded = ReloadResult(applied, tuple(_needing_restart(self.loaded, loaded)))
            self.loaded = loaded
            self._taken(loaded)
            _log.info(
                "configuration was taken",
                started=applied.started,
                stopped=applied.stopped,
                restarted=applied.restarted,
                unchanged=len(applied.unchanged),
                after_restart=reloaded.after_restart,
            )
            await self._settle()
            return reloaded

    def _wanted(self, loaded: Loaded) -> tuple[list[WorkerConfig], RestartPolicy]:
        """Which workers a configuration asks for. Blocking: it looks into the state file. Raises StateError."""
        log_folder = str(self.files.log_folder) if self.files.log_folder else None
        holding = free_space.instances_with_paused(self.files.state)
        configs = worker_configs(loaded.config, str(self.files.state), log_folder, holding)
        return configs, limits_of(loaded.config.settings)

    async def _settle(self) -> None:
        """What workers left that are not configured any more must not keep others from their torrents."""
        try:
            configs, _ = await asyncio.to_thread(self._wanted, self.loaded)
            working, configured = {config.name for config in configs}, configured_names(self.loaded.config)
            await asyncio.to_thread(drop_removed_categories, self.files.state, working, configured, self._clock.wall())
        except StateError as error:
            _log.warning("actions of former categories stayed open", error=str(error), remedy="restart the daemon")


def _needing_restart(before: Loaded, after: Loaded) -> Iterator[str]:
    yield from _changed("Settings", before.config.settings, after.config.settings)
    yield from _changed("WebUI", before.config.webui, after.config.webui)


def _changed(path: str, before: Table, after: Table) -> Iterator[str]:
    """The keys with another value that the daemon reads once, when it starts."""
    for key in keys_of(type(before)):
        old, new = getattr(before, key.attribute), getattr(after, key.attribute)
        if isinstance(old, Table):
            yield from _changed(f"{path}.{key.name}", old, new)
        elif key.change == "daemon" and old != new:
            yield f"{path}.{key.name}"
