"""ConfigReload: the configuration in force, and how another one replaces it while everything runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr import ipc, logs
from qbitrr.config import load_file
from qbitrr.config.model.key import Table, keys_of
from qbitrr.errors import ConfigError, Problem, QbitrrError, StateError
from qbitrr.state import free_space, instances
from qbitrr.state.retention import drop_absent_categories
from qbitrr.worker.config import configured_names, encode, worker_configs
from supervisor.coalesced import Coalesced
from supervisor.workers import WorkerChanges, restart_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from qbitrr.clock import Clock
    from qbitrr.config import Loaded
    from qbitrr.data_dir import DataDir
    from qbitrr.worker.config import WorkerConfig
    from supervisor.workers import Workers

_log = logs.get(__name__)

_LONGEST_CONFIG_BYTES = ipc.LONGEST_MESSAGE_BYTES - 1024  # in the message that hands it over
_REMEDY = "Shorten the lists in it and in [Settings], such as tags, patterns and trackers."


class ReloadResult(Struct, frozen=True, rename="camel"):
    """What a reload changes. `after_restart` are changed keys that count only after a restart of the daemon."""

    applied: WorkerChanges
    after_restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReloadPlan:
    """A checked configuration, the workers that it asks for, and what applying it changes."""

    loaded: Loaded
    configs: tuple[WorkerConfig, ...]
    result: ReloadResult


class ConfigReload:
    """`loaded` is the configuration in force. `on_applied` is called with each new one."""

    def __init__(
        self,
        data_dir: DataDir,
        environ: Mapping[str, str],
        first: Loaded,
        workers: Workers,
        clock: Clock,
        on_applied: Callable[[Loaded], None],
    ) -> None:
        self.data_dir = data_dir
        self.environ = environ
        self.loaded = first
        self._logging = first.config.settings.logging  # a key that counts at the start of the daemon only
        self._workers = workers
        self._clock = clock
        self._on_applied = on_applied
        self._lock = asyncio.Lock()
        self._reloads = Coalesced(self._reload)

    async def plan(self, loaded: Loaded) -> ReloadPlan:
        """Work out what applying a configuration changes. Raises StateError, ConfigError as `configs_of` does."""
        configs = await asyncio.to_thread(configs_of, loaded, self.data_dir, logging=self._logging)
        result = ReloadResult(self._workers.plan(configs), tuple(_needing_restart(self.loaded, loaded)))
        return ReloadPlan(loaded, tuple(configs), result)

    async def apply(self, plan: ReloadPlan) -> ReloadResult:
        """Run the workers of a plan; those whose part is equal keep their process.

        Raises WorkerNotReadyError when one does not get ready, once the configuration from before is back;
        NotReadyError while the daemon stops.
        """
        async with self._lock:
            return await self._apply(plan)

    async def reload(self) -> ReloadResult:
        """Read config.toml, check and apply it; requests that come while one waits share it.

        Raises ConfigError for a file that cannot be used, when nothing was touched, and what `apply` raises.
        """
        return await self._reloads.run()

    async def _reload(self) -> ReloadResult:
        async with self._lock:  # before the file is read: the last reload applies the last text
            try:
                loaded = await asyncio.to_thread(load_file, self.data_dir.config_file, self.environ)
            except ConfigError as error:
                _log.error("configuration was refused", problems=[str(problem) for problem in error.problems])
                raise
            return await self._apply(await self.plan(loaded))

    async def _apply(self, plan: ReloadPlan) -> ReloadResult:
        if await asyncio.to_thread(instances.renamed, self.data_dir.state_file, addresses_of(plan.loaded)):
            await self._apply_renamed(plan)
            applied = plan.result.applied
        else:
            applied = await self._workers.apply(plan.configs, restart_policy(plan.loaded.config.settings))
            await self._follow_names(plan.loaded)
        result = ReloadResult(applied, tuple(_needing_restart(self.loaded, plan.loaded)))
        self.loaded = plan.loaded
        self._on_applied(plan.loaded)
        _log.info(
            "configuration was applied",
            started=applied.started,
            stopped=applied.stopped,
            restarted=applied.restarted,
            unchanged=len(applied.unchanged),
            after_restart=result.after_restart,
        )
        await self.drop_absent()
        return result

    async def _apply_renamed(self, plan: ReloadPlan) -> None:
        """Rename what is stored of a qBittorrent while no worker runs; all of it is as before when that fails."""
        before, policy_before = self._workers.configs, restart_policy(self.loaded.config.settings)
        policy = restart_policy(plan.loaded.config.settings)
        await self._workers.apply((), policy_before)
        try:
            await asyncio.to_thread(follow_names, plan.loaded, self.data_dir, self._clock.wall())
            await self._workers.apply(plan.configs, policy)
        except QbitrrError:
            await self._follow_names(self.loaded)
            await self._workers.apply(before, policy_before)
            raise

    async def _follow_names(self, loaded: Loaded) -> None:
        """A failure is only logged: the next start follows them."""
        try:
            await asyncio.to_thread(follow_names, loaded, self.data_dir, self._clock.wall())
        except StateError as error:
            _log.error("names of qBittorrents were not followed", error=str(error))

    @property
    def categories(self) -> set[str]:
        """All categories that have a worker or a section."""
        return {*self._workers.processes, *configured_names(self.loaded.config)}

    async def drop_absent(self) -> None:
        """Drop what is stored of categories that have had no worker for long; a failure is only logged."""
        working = set(self._workers.processes)
        try:
            await asyncio.to_thread(drop_absent, self.loaded, working, self.data_dir, self._clock.wall())
        except StateError as error:
            _log.warning("rows of removed categories were kept", error=str(error))


def configs_of(loaded: Loaded, data_dir: DataDir, *, logging: bool) -> list[WorkerConfig]:
    """The configuration of each worker; `logging` is whether they write log files.

    Blocking, as it reads the state file: a qBittorrent with downloads stopped for space needs a worker. Raises
    StateError, and ConfigError for what is too long to be handed over to a worker.
    """
    paused = free_space.instances_with_paused(data_dir.state_file)
    log_folder = str(data_dir.log_folder) if logging else None
    configs = worker_configs(loaded.config, str(data_dir.state_file), log_folder, paused)
    sizes = {config.section: len(encode(config)) for config in configs}
    problems = [
        Problem(section, f"{size >> 10} KiB for its worker", f"{_LONGEST_CONFIG_BYTES >> 10} KiB", _REMEDY)
        for section, size in sizes.items()
        if size > _LONGEST_CONFIG_BYTES
    ]
    if problems:
        raise ConfigError(problems)
    return configs


def addresses_of(loaded: Loaded) -> dict[str, str]:
    """The addresses of all qBittorrents by section, empty for one that is still to be filled in."""
    return {section: qbit.url if qbit.complete else "" for section, qbit in loaded.config.qbits.items()}


def follow_names(loaded: Loaded, data_dir: DataDir, now: float) -> None:
    """Have what is stored follow the sections of qBittorrents. Blocking; no worker runs. Raises StateError."""
    for old, new in instances.follow_names(data_dir.state_file, addresses_of(loaded), now).items():
        _log.info("qBittorrent was renamed", before=old, after=new)


def drop_absent(loaded: Loaded, working: Collection[str], data_dir: DataDir, now: float) -> None:
    """Drop what is stored of categories that have had no worker for long. Blocking. Raises StateError."""
    cancelled = drop_absent_categories(data_dir.state_file, working, configured_names(loaded.config), now)
    if cancelled:
        _log.warning(
            "actions were cancelled", number=cancelled, because="their categories have had no worker for a week"
        )


def _needing_restart(before: Loaded, after: Loaded) -> Iterator[str]:
    yield from _changed("Settings", before.config.settings, after.config.settings)
    yield from _changed("WebUI", before.config.webui, after.config.webui)


def _changed(path: str, before: Table, after: Table) -> Iterator[str]:
    """The changed keys that the daemon reads only when it starts."""
    for key in keys_of(type(before)):
        old, new = getattr(before, key.attribute), getattr(after, key.attribute)
        if isinstance(old, Table):
            yield from _changed(f"{path}.{key.name}", old, new)
        elif key.change == "daemon" and old != new:
            yield f"{path}.{key.name}"
