"""The daemon: composition root, which builds everything and runs until it is stopped or restarted in place."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from control.announced import AnnouncedFile
from control.apprise_sender import send_by_apprise
from control.auth.access import Access
from control.auth.answer_links import AnswerLinks
from control.auth.audit_trail import AuditTrail
from control.auth.exposure import exposure
from control.auth.login_link import LoginLink
from control.auth.sessions import Sessions
from control.auth.throttle import LoginThrottle
from control.change_feed import ChangeFeed
from control.config_editor import ConfigEditor
from control.context import HandlerContext
from control.events import Events, UpdateAvailable
from control.notifications import NotificationSender
from control.server import serve
from control.web.sending import release_memory_after_bursts
from control.web.sockets import is_bound_to, listen, listen_unix
from qbitrr import __version__, logs
from qbitrr.clock import Clock, to_iso
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.data_dir import in_container, load_config
from qbitrr.errors import ConflictError
from qbitrr.http import progress
from qbitrr.process import keep_heap_small
from qbitrr.state import backup, migrate
from qbitrr.state.database import open_reader
from qbitrr.update.check import Checker
from qbitrr.update.installation import recognise
from qbitrr.update.upgrade import fail_probation, postpone_probation, recover
from supervisor import cron, housekeeping, old_files, self_update, worker_memory
from supervisor.config_reload import ConfigReload, configs_of, drop_absent, follow_names
from supervisor.evidence import Evidence
from supervisor.own_tasks import OwnTasks
from supervisor.self_update import SelfUpdate
from supervisor.signals import Commands, End, end_at_once
from supervisor.spawner import Spawner
from supervisor.systemd import Handover, ServiceManager, StatusLine
from supervisor.workers import Workers, restart_policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from control.auth.answer_links import Purpose, Subject
    from control.config_editor import ConfigPlan
    from qbitrr.config import Loaded, WebUI
    from qbitrr.data_dir import DataDir
    from qbitrr.update.check import Known
    from qbitrr.update.upgrade import Upgrade
    from qbitrr.worker.config import WorkerConfig
    from supervisor.own_tasks import Work
    from supervisor.spawner import ForkServer

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Start:
    """What one run of the daemon starts with. `token` counts when the configuration has none."""

    data_dir: DataDir
    environ: Mapping[str, str]
    loaded: Loaded
    token: str
    configs: Sequence[WorkerConfig]
    fork_server: ForkServer
    control_socket: socket.socket | None
    login_link: LoginLink | None

    @property
    def in_container(self) -> bool:
        """Whether addresses may prove nothing."""
        return in_container(self.environ)

    @property
    def log_folder(self) -> Path | None:
        """None when no log files are written."""
        return self.data_dir.log_folder if self.loaded.config.settings.logging else None


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that ended: how, with the configuration in force, why a probation failed, and the update to switch to."""

    commands: Commands
    loaded: Loaded
    probation_failure: str | None
    prepared: Upgrade | None


def run(data_dir: DataDir, environ: Mapping[str, str], fork_server: ForkServer, passed: Handover) -> Handover | None:
    """Run the daemon; return what to restart in place with, or None when it was stopped.

    The fork server was started before this module and all that it imports were loaded. Sockets of `passed` replace
    WebUI.Host and WebUI.Port.
    Raises ConfigError, StateError, DataFolderBusyError or ListenError before a worker is started.
    """
    keep_heap_small()
    data_dir.create()
    with ExitStack() as ending:
        lock = data_dir.lock(passed.lock)
        ending.callback(os.close, lock)
        data_dir.close_to_others()
        old_files.delete_unfinished(data_dir)
        now = Clock().wall()
        earlier_version = Handover(passed.sockets)  # which may not know of a lock that is handed over
        if recover(data_dir, now):
            return earlier_version
        try:
            restart = _run(data_dir, environ, fork_server, Handover(passed.sockets, lock))
        except Exception as error:
            if fail_probation(data_dir, f"{__version__} did not start: {error}", now):
                return earlier_version
            raise
        if restart is not None and restart.lock is not None:
            ending.pop_all()  # no other daemon can lock the folder before the next process has it
        return restart


def _run(data_dir: DataDir, environ: Mapping[str, str], fork_server: ForkServer, handover: Handover) -> Handover | None:
    is_first = not data_dir.config_file.exists()
    loaded = load_config(data_dir, environ)
    token = _token(data_dir, loaded)
    logging = loaded.config.settings.logging
    _configure_logs(loaded, data_dir.log_folder if logging else None, token)
    _log.info("daemon was started", version=__version__, pid=os.getpid(), data_folder=str(data_dir.folder))
    with closing(ServiceManager(environ)) as service_manager, progress.observed(service_manager.extend_start):
        prepare_state(data_dir.state_file)
    follow_names(loaded, data_dir, Clock().wall())
    configs = configs_of(loaded, data_dir, logging=logging)
    drop_absent(loaded, {config.name for config in configs}, data_dir, Clock().wall())
    _log_warnings(loaded)
    _log_access(loaded.config.webui, contained=in_container(environ))
    webui = loaded.config.webui
    inherited = next((one for one in handover.sockets if is_bound_to(one, data_dir.control_socket)), None)
    passed = [one for one in handover.sockets if one is not inherited]
    control = _control_socket(data_dir.control_socket, inherited)
    listeners = passed or listen(webui.host, webui.port)
    login_link = _login_link(webui, environ) if is_first else None
    start = _Start(data_dir, environ, loaded, token, configs, fork_server, control, login_link)
    try:
        ended = asyncio.run(_live(start, listeners))
    finally:
        end_at_once()
    how = ended.commands.end or End.STOP
    _log.info("daemon ended", how=str(how))
    if ended.probation_failure is None:
        postpone_probation(data_dir)
    if how is End.STOP:
        data_dir.control_socket.unlink(missing_ok=True)
        return None
    lock = handover.lock
    if ended.probation_failure is not None:
        fail_probation(data_dir, ended.probation_failure, Clock().wall())
        lock = None  # the earlier version may not know of it
    elif ended.prepared is not None:
        ended.prepared.switch(Clock().wall())
    now = ended.loaded.config.webui
    moved = (webui.host, webui.port) != (now.host, now.port)
    kept = [] if moved and not passed else listeners
    return Handover([*kept, *([] if control is None else [control])], lock)


def _control_socket(path: Path, inherited: socket.socket | None) -> socket.socket | None:
    """The control socket: the one from before a restart in place while its file is there, else a new one.

    None where the file system has no sockets.
    """
    if inherited is not None:
        if path.is_socket():
            return inherited
        inherited.close()
    try:
        return listen_unix(path)
    except OSError as error:
        remedy = "qbitrr ctl cannot be used; use signals, or another file system for the data folder"
        _log.warning("control socket could not be opened", path=str(path), error=str(error), remedy=remedy)
        return None


def _login_link(webui: WebUI, environ: Mapping[str, str]) -> LoginLink | None:
    """A link for the first login where the page asks for one, printed once; logs can be read over HTTP."""
    access, because = exposure(webui, in_container=in_container(environ))
    if access != "token":
        return None
    link = LoginLink(Clock())
    sys.stderr.write(
        f"The page needs a login: {because}. For the first one, once and within an hour, open it with\n"
        f"    {link.address(_page_address(webui))}\n"
        "at the address under which you reach it.\n"
    )
    return link


def prepare_state(state_file: Path) -> None:
    """Have a sound state file of the present schema. Raises StateError."""
    if backup.finish_restore(state_file):
        _log.warning("interrupted restore was finished", file=str(state_file))
    rescued = backup.rescue(state_file, Clock().wall())
    if rescued is not None:
        _log.critical(
            "state file was damaged",
            damage=rescued.damage,
            set_aside=str(rescued.set_aside),
            restored=str(rescued.restored),
            lost="everything" if rescued.lost_since is None else f"what came after {to_iso(rescued.lost_since)}",
            remedy="libraries are read again from the Arrs; earlier decisions are in the file that was set aside",
        )
    if migrate.is_due(state_file):
        backup.back_up(state_file, Clock().wall())
    migrate.prepare(state_file)


def _token(data_dir: DataDir, loaded: Loaded) -> str:
    """The token of the configuration; when it has none, a new one is written to the file."""
    if loaded.config.webui.token:
        return loaded.config.webui.token
    from qbitrr.config.edit import ensure_token  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

    try:
        return ensure_token(data_dir.config_file)
    except (OSError, ConflictError) as error:
        file = str(data_dir.config_file)
        _log.warning("token could not be written", file=file, error=str(error), remedy="set WebUI.Token")
        return secrets.token_hex(32)


def _log_warnings(loaded: Loaded) -> None:
    """Log what looks odd in a configuration, and what is still to fill in."""
    for warning in loaded.warnings:
        _log.warning("configuration looked odd", key=warning.key, found=warning.found, hint=warning.hint)
    for entry in loaded.incomplete:
        _log.warning("configuration is incomplete", key=entry.key, fill_in=entry.allowed)


def _log_access(webui: WebUI, *, contained: bool) -> None:
    """Log who may read without a credential, loudly where that may be everyone."""
    access, because = exposure(webui, in_container=contained)
    if access == "open" or (access == "auto" and contained):
        remedy = "set WebUI.WebAccess to token"
        _log.warning("page was opened to everyone who reaches it", access=access, because=because, remedy=remedy)
    else:
        _log.info("access without a credential was determined", access=access, because=because)


def _configure_logs(loaded: Loaded, log_folder: Path | None, token: str) -> None:
    logs.configure(loaded.config.settings.console_level, log_folder, logs.MAIN_FILE, _redaction(loaded, token))


def _redaction(loaded: Loaded, token: str) -> Callable[[str], str]:
    """A function that removes the secrets of a configuration from a text."""
    return partial(redact_text, secrets=secrets_of(loaded.config) | {token})


async def _live(start: _Start, listeners: Sequence[socket.socket]) -> _Ended:
    data_dir, token, log_folder = start.data_dir, start.token, start.log_folder
    service_manager = ServiceManager(start.environ)
    async with open_reader(data_dir.state_file) as database, _spawner(start.fork_server) as spawner:
        clock = Clock()
        events = Events(clock)
        evidence = Evidence(data_dir.evidence_folder, log_folder, _redaction(start.loaded, token))
        status = StatusLine(service_manager)
        workers = Workers(spawner, evidence, on_change=lambda: status.changed(workers.summary))

        def on_applied(loaded: Loaded) -> None:
            evidence.redact = _redaction(loaded, token)
            _configure_logs(loaded, log_folder, token)
            _log_warnings(loaded)
            _log_access(loaded.config.webui, contained=start.in_container)

        def on_config(what: str, plan: ConfigPlan) -> None:
            events.publish("config", {"what": what, "plan": plan})

        config_reload = ConfigReload(data_dir, start.environ, start.loaded, workers, clock, on_applied)
        config_editor = ConfigEditor(config_reload, clock, on_config)
        commands = Commands(workers, config_reload, service_manager)
        commands.listen()
        workers.on_damage = commands.check_state
        updates = SelfUpdate(
            config_reload,
            workers,
            recognise(start.environ),
            clock,
            lambda line: events.publish("update", {"line": line}),
            commands.restart,
        )
        answer_links, own_tasks = AnswerLinks(data_dir.answer_links_file, clock), OwnTasks(clock)
        notifications = NotificationSender(
            lambda: config_reload.loaded.config.notifications,
            lambda: _page_address(config_reload.loaded.config.webui),
            partial(_answer_addresses, config_reload, answer_links),
            AnnouncedFile(data_dir.notifications_file),
            send_by_apprise,
            clock,
        )

        def on_newer(known: Known) -> None:
            if known.release is not None:
                available = UpdateAvailable(__version__, known.release.version)
                events.publish("update", available)
                notifications.notify(available)

        checker = Checker(lambda: config_reload.loaded.config.settings, __version__, clock, on_newer)
        probation_failures: list[str] = []

        async def complete_probation() -> None:
            if because := await updates.complete_probation():
                probation_failures.append(because)
                commands.restart()

        control = [] if start.control_socket is None else [start.control_socket]
        access = Access(
            lambda: config_reload.loaded.config.webui,
            token,
            LoginThrottle(clock),
            Sessions(data_dir.sessions_file, clock),
            clock,
            in_container=start.in_container,
            control_socket=next((str(one.getsockname()) for one in control), None),
        )
        context = HandlerContext(
            checker=checker,
            self_update=updates,
            config_reload=config_reload,
            commands=commands,
            config_editor=config_editor,
            events=events,
            access=access,
            audit=AuditTrail(data_dir.audit_file, clock),
            answer_links=answer_links,
            login_link=start.login_link,
            workers=workers,
            own_tasks=own_tasks,
            messages=notifications.counts,
            database=database,
            log_folder=log_folder,
            clock=clock,
        )

        tasks: dict[str, Work] = {
            "probation": complete_probation,
            "updates": partial(
                cron.keep,
                partial(self_update.schedule, config_reload),
                partial(self_update.update_automatically, checker, updates, database),
                clock,
            ),
            "systemd": service_manager.keep_alive,
            "backups": partial(housekeeping.keep_backups, data_dir, clock),
            "retention": partial(housekeeping.drop_with_age, config_reload, housekeeping.age_clock(clock)),
            "old_files": partial(housekeeping.delete_old_files, config_reload, housekeeping.age_clock(clock)),
            "loop_lag": workers.lag.watch,
            "memory": partial(release_memory_after_bursts, context.answers),
            "config_watch": config_editor.watch,
            "notifications": notifications.run,
            "events": ChangeFeed(context, notifications.notify, notifications.announced).run,
        }
        async with (
            _ended(workers, context, notifications),
            serve(context, [*control, *listeners]),
            own_tasks.running(tasks),
        ):
            workers.start(
                start.configs, restart_policy(start.loaded.config.settings), on_probation=updates.on_probation
            )
            service_manager.ready(workers.summary())
            await commands.until_end()
            if commands.end is End.RESTART:
                service_manager.restarting()
            else:
                service_manager.stopping()
            await updates.close()
            await checker.close()
            await workers.stop()  # requests are still answered meanwhile
        commands.close()
        return _Ended(commands, config_reload.loaded, next(iter(probation_failures), None), updates.prepared)


def _page_address(webui: WebUI) -> str:
    """The address under which the user reaches the page: as configured, or probably."""
    if webui.public_url:
        return f"{webui.public_url}/ui"
    everywhere = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}  # noqa: S104 - compared, not bound
    host = everywhere.get(webui.host, webui.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{webui.port}{webui.url_base}/ui"


def _answer_addresses(
    config_reload: ConfigReload, answer_links: AnswerLinks, subject: Subject, purposes: Sequence[Purpose]
) -> list[str]:
    """Addresses that give an answer without a login; none without one at which they can be reached."""
    public_url = config_reload.loaded.config.webui.public_url
    if not public_url:
        return []
    return [f"{public_url}/ui/answer.html#{link}" for link in answer_links.issue(subject, purposes)]


@asynccontextmanager
async def _spawner(fork_server: ForkServer) -> AsyncIterator[Spawner]:
    spawner = Spawner(fork_server, worker_memory.delegated({os.getpid(), fork_server.pid}))
    try:
        yield spawner
    finally:
        await spawner.close()


@asynccontextmanager
async def _ended(workers: Workers, context: HandlerContext, notifications: NotificationSender) -> AsyncIterator[None]:
    """End the workers and all threads of requests after the block, and write which messages are still to be sent."""
    try:
        yield
    finally:
        await workers.stop()
        await notifications.close()
        await asyncio.to_thread(context.close)
