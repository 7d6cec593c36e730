"""The composition root: the only module that knows all rooms. Starts the daemon and ends it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from control.context import Context
from control.server import serve
from qbitrr import __version__, logs
from qbitrr.clock import Clock
from qbitrr.config import Loaded, load_file
from qbitrr.config.example import write_first
from qbitrr.config.location import config_file, create_data_folder, data_folder, in_container
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.data_lock import locked
from qbitrr.state import holds, migrate
from qbitrr.state.database import FILE_NAME, open_reader
from qbitrr.state.housekeeping import settle_orphans
from qbitrr.worker.configuration import worker_configs
from supervisor.core import Supervisor, limits_of
from supervisor.spawner import Spawner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from qbitrr.worker.configuration import WorkerConfig
    from supervisor.spawner import Zygote

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Where one installation keeps everything."""

    folder: Path

    @property
    def state_file(self) -> Path:
        """The state file."""
        return self.folder / FILE_NAME

    @property
    def log_folder(self) -> Path:
        """The log files."""
        return self.folder / "logs"


def home(data_dir: Path | None, environ: Mapping[str, str]) -> Home:
    """The data folder that an argument, the environment or the surroundings choose."""
    working = Path.cwd()
    return Home(data_folder(data_dir, environ, container=in_container(environ), working=working))


def load(where: Home, environ: Mapping[str, str]) -> Loaded:
    """The configuration of an installation; a first one is written when there is none. Raises ConfigError."""
    create_data_folder(where.folder)
    path = config_file(where.folder, Path.cwd())
    if not path.exists():
        write_first(path)
    return load_file(path, environ)


def run(where: Home, environ: Mapping[str, str], zygote: Zygote) -> None:
    """Run the daemon until it is stopped by SIGTERM or SIGINT.

    The zygote was forked before this module and all that it needs were loaded.
    Raises ConfigError, StateError, DataFolderBusyError or ListenError before a worker is started.
    """
    create_data_folder(where.folder)
    with locked(where.folder):
        loaded = load(where, environ)
        token = _token(where, loaded)
        settings = loaded.config.settings
        log_folder = where.log_folder if settings.logging else None
        hide = partial(redact_text, secrets=secrets_of(loaded.config) | {token})
        logs.configure(settings.console_level, log_folder, logs.MAIN_FILE, hide)
        _log.info("daemon was started", version=__version__, pid=os.getpid(), data_folder=str(where.folder))
        migrate.prepare(where.state_file)
        files = (str(where.state_file), str(log_folder) if log_folder else None)
        configs = worker_configs(loaded.config, *files, holding=holds.instances(where.state_file))
        if held := settle_orphans(where.state_file, {config.name for config in configs}, Clock().wall()):
            _log.warning("actions were held", number=held, because="their categories are no longer configured")
        _tell(loaded)
        asyncio.run(_live(where, loaded, configs, token, log_folder, zygote))
        _log.info("daemon ended")


def _token(where: Home, loaded: Loaded) -> str:
    """The token of the configuration, which gets one when it has none."""
    if loaded.config.webui.token:
        return loaded.config.webui.token
    from qbitrr.config.edit import ensure_token  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

    path = config_file(where.folder, Path.cwd())
    try:
        return ensure_token(path)
    except OSError as error:
        _log.warning("token could not be written", file=str(path), error=str(error), remedy="set WebUI.Token")
        return secrets.token_hex(32)


def _tell(loaded: Loaded) -> None:
    """What a person should know about the configuration."""
    for warning in loaded.warnings:
        _log.warning("configuration looked odd", key=warning.key, found=warning.found, hint=warning.hint)
    for entry in loaded.incomplete:
        _log.warning("configuration is incomplete", key=entry.key, fill_in=entry.allowed)


async def _live(
    where: Home,
    loaded: Loaded,
    configs: list[WorkerConfig],
    token: str,
    log_folder: Path | None,
    zygote: Zygote,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_reader(where.state_file) as database, _spawner(zygote) as spawner:
        supervisor = Supervisor(spawner)
        context = Context(
            loaded=loaded,
            token=token,
            supervisor=supervisor,
            database=database,
            log_folder=log_folder,
            clock=Clock(),
        )
        async with _stopped_at_the_end(supervisor), serve(context):
            supervisor.start(configs, limits_of(loaded.config.settings))
            await stop.wait()
            _log.info("daemon is stopping")


@asynccontextmanager
async def _spawner(zygote: Zygote) -> AsyncIterator[Spawner]:
    spawner = Spawner(zygote)
    try:
        yield spawner
    finally:
        await spawner.close()


@asynccontextmanager
async def _stopped_at_the_end(supervisor: Supervisor) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await supervisor.stop()
