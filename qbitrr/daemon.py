"""The composition root: the only module that knows all rooms. Starts the daemon and ends it."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from control.auth.access import Access
from control.auth.throttle import LoginThrottle
from control.change_feed import ChangeFeed
from control.config_editor import ConfigEditor
from control.context import HandlerContext
from control.events import Events, UpdateAvailable
from control.notifications import NotificationSender, send_by_apprise
from control.server import serve
from control.web.sockets import listen
from qbitrr import __version__, logs
from qbitrr.clock import Clock, to_iso
from qbitrr.config import Loaded, load_file
from qbitrr.config.example import write_first
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.data_dir import config_file, create_data_folder, data_folder, in_container, locked
from qbitrr.errors import StateError
from qbitrr.state import backup, free_space, migrate
from qbitrr.state.database import FILE_NAME, open_reader
from qbitrr.state.retention import drop_removed_categories
from qbitrr.update.check import Checker
from qbitrr.update.installation import recognise
from qbitrr.worker.config import configured_names, worker_configs
from supervisor import cron, self_update
from supervisor.config_reload import ConfigReload, Files
from supervisor.evidence import Evidence
from supervisor.self_update import SelfUpdate
from supervisor.signals import Commands, End
from supervisor.spawner import Spawner
from supervisor.systemd import ServiceManager, StatusLine
from supervisor.workers import Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence

    from control.config_editor import ConfigPlan
    from qbitrr.config import WebUI
    from qbitrr.update.check import Known
    from qbitrr.update.record import Record
    from supervisor.spawner import ForkServer

_log = logs.get(__name__)

HISTORY = "config-history"
_BACKUP_LOOK_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Home:
    """Where one installation keeps everything."""

    folder: Path

    @property
    def state_file(self) -> Path:
        """The state file."""
        return self.folder / FILE_NAME

    @property
    def evidence_folder(self) -> Path:
        """What is known of workers that ended abnormally."""
        return self.folder / "evidence"

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


def run(
    where: Home, environ: Mapping[str, str], fork_server: ForkServer, given: Sequence[socket.socket] = ()
) -> list[socket.socket] | None:
    """Run the daemon until somebody wants it to end.

    The zygote was forked before this module and all that it needs were loaded; `given` are listening sockets that
    count instead of WebUI.Host and WebUI.Port. Returns the sockets to begin anew with, None when it was stopped.
    Raises ConfigError, StateError, DataFolderBusyError or ListenError before a worker is started.
    """
    create_data_folder(where.folder)
    with locked(where.folder):
        now = Clock().wall()
        if self_update.settle(where.folder, where.state_file, now):
            return list(given)
        try:
            return _run(where, environ, fork_server, given)
        except Exception as error:
            because = f"{__version__} did not start: {error}"
            if self_update.take_back(where.folder, where.state_file, because, now):
                return list(given)
            raise


def _run(
    where: Home, environ: Mapping[str, str], fork_server: ForkServer, given: Sequence[socket.socket]
) -> list[socket.socket] | None:
    loaded = load(where, environ)
    token = _token(where, loaded)
    settings = loaded.config.settings
    log_folder = where.log_folder if settings.logging else None
    _log_as_wanted(loaded, log_folder, token)
    _log.info("daemon was started", version=__version__, pid=os.getpid(), data_folder=str(where.folder))
    prepare_state(where.state_file)
    holding = free_space.instances_with_paused(where.state_file)
    names = {config.name for config in worker_configs(loaded.config, str(where.state_file), None, holding)}
    configured = configured_names(loaded.config)
    if cancelled := drop_removed_categories(where.state_file, names, configured, Clock().wall()):
        _log.warning("actions were cancelled", number=cancelled, because="their categories have no worker any more")
    _tell(loaded)
    files = Files(config_file(where.folder, Path.cwd()), environ, where.state_file, log_folder, where.evidence_folder)
    webui = loaded.config.webui
    listeners = list(given) or listen(webui.host, webui.port)
    end, last, failure, planned = asyncio.run(_live(files, loaded, token, fork_server, listeners))
    _log.info("daemon ended", how=str(end))
    if end is End.STOP:
        return None
    if failure is not None:
        self_update.take_back(where.folder, where.state_file, failure, Clock().wall())
    elif planned is not None:
        self_update.carry_out(where.folder, where.state_file, *planned, Clock().wall())
    moved = (webui.host, webui.port) != (last.config.webui.host, last.config.webui.port)
    return [] if moved and not given else listeners


def prepare_state(state_file: Path) -> None:
    """Have a sound state file of the present schema. Raises StateError."""
    rescued = backup.rescue(state_file, Clock().wall())
    if rescued is not None:
        _log.critical(
            "state file was damaged",
            damage=rescued.damage,
            set_aside=str(rescued.set_aside),
            restored=str(rescued.restored),
            lost="everything" if rescued.lost_since is None else f"what came after {to_iso(rescued.lost_since)}",
            remedy="libraries are read anew from the Arrs; see the file that was set aside for earlier decisions",
        )
    if migrate.is_due(state_file):
        backup.back_up(state_file, Clock().wall())
    migrate.prepare(state_file)


async def _keep_backups(state_file: Path) -> None:
    """Copy the state file every day, for ever."""
    while True:
        try:
            await asyncio.to_thread(backup.back_up_when_due, state_file, Clock().wall())
        except StateError as error:
            _log.error("backup failed", error=str(error))
        await asyncio.sleep(_BACKUP_LOOK_SECONDS)


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


def _log_as_wanted(loaded: Loaded, log_folder: Path | None, token: str) -> None:
    logs.configure(loaded.config.settings.console_level, log_folder, logs.MAIN_FILE, _hiding(loaded, token))


def _hiding(loaded: Loaded, token: str) -> Callable[[str], str]:
    """What takes the secrets out of a text."""
    return partial(redact_text, secrets=secrets_of(loaded.config) | {token})


async def _live(
    files: Files, loaded: Loaded, token: str, fork_server: ForkServer, listeners: Sequence[socket.socket]
) -> tuple[End, Loaded, str | None, tuple[Record, str] | None]:
    """Returns how it ended, the configuration that held last, why an update failed, and which one is to be made."""
    service_manager = ServiceManager(files.environ)
    async with open_reader(files.state) as database, _spawner(fork_server) as spawner:
        clock = Clock()
        events = Events(clock)
        evidence = Evidence(files.evidence, files.log_folder, _hiding(loaded, token))
        status = StatusLine(service_manager)
        supervisor = Workers(spawner, evidence, changed=lambda: status.changed(supervisor.summary))

        def taken(now: Loaded) -> None:
            evidence.hide = _hiding(now, token)
            _log_as_wanted(now, files.log_folder, token)
            _tell(now)

        def edited(what: str, plan: ConfigPlan) -> None:
            events.publish("config", {"what": what, "plan": plan})

        reloader = ConfigReload(files, loaded, supervisor, clock, taken)
        editor = ConfigEditor(files.config, files.environ, files.state.parent / HISTORY, reloader, clock, edited)
        commands = Commands(supervisor, reloader, service_manager)
        commands.listen()
        supervisor.on_damage = commands.look_at_state
        updater = SelfUpdate(
            reloader,
            recognise(files.environ),
            clock,
            lambda line: events.publish("update", {"line": line}),
            commands.restart,
        )
        notifications = NotificationSender(
            lambda: reloader.loaded.config.notifications, lambda: _page(reloader.loaded.config.webui), send_by_apprise
        )

        def available(known: Known) -> None:
            if known.release is not None:
                found = UpdateAvailable(__version__, known.release.version)
                events.publish("update", found)
                notifications.notify(found)

        checker = Checker(lambda: reloader.loaded.config.settings, __version__, clock, available)
        failures: list[str] = []

        async def prove() -> None:
            if because := await updater.prove(supervisor):
                failures.append(because)
                commands.restart()

        context = HandlerContext(
            checker=checker,
            self_update=updater,
            config_reload=reloader,
            commands=commands,
            config_editor=editor,
            events=events,
            access=Access(lambda: reloader.loaded.config.webui, token, LoginThrottle(clock), clock),
            workers=supervisor,
            database=database,
            log_folder=files.log_folder,
            clock=clock,
        )
        beside = (
            prove(),
            cron.keep(
                partial(self_update.schedule, reloader),
                partial(self_update.by_itself, checker, updater, database),
                clock,
            ),
            service_manager.keep_alive(),
            _keep_backups(files.state),
            supervisor.lag.watch(),
            editor.watch(),
            notifications.run(),
            ChangeFeed(context, notifications.notify).run(),
        )
        async with _stopped_at_the_end(supervisor), serve(context, listeners), _running(*beside):
            reloader.start()
            service_manager.ready(supervisor.summary())
            await commands.until_end()
            if commands.end is End.RESTART:
                service_manager.beginning_anew()
            else:
                service_manager.stopping()
            await updater.close()
            await checker.close()
            await supervisor.stop()  # what is asked meanwhile is still answered
        failure = failures[0] if failures else None
        return commands.end or End.STOP, reloader.loaded, failure, updater.planned


def _page(webui: WebUI) -> str:
    """Where a person probably reaches the page."""
    everywhere = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}  # noqa: S104 - compared, not bound
    host = everywhere.get(webui.host, webui.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{webui.port}{webui.url_base}/ui"


@asynccontextmanager
async def _running(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """What goes on beside, while the block lasts; its errors are told."""
    tasks = [asyncio.create_task(_told(one)) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - the border of a task; the daemon goes on without it
        _log.exception("task broke off")


@asynccontextmanager
async def _spawner(fork_server: ForkServer) -> AsyncIterator[Spawner]:
    spawner = Spawner(fork_server)
    try:
        yield spawner
    finally:
        await spawner.close()


@asynccontextmanager
async def _stopped_at_the_end(supervisor: Workers) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await supervisor.stop()
