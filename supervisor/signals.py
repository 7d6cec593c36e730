"""Commands to the daemon as a whole, from signals, the control plane and `qbitrr ctl`.

SIGTERM, SIGINT   stop
SIGHUP            apply the configuration file
SIGUSR1           replace the processes of all workers, one after the other
SIGUSR2           write the state of every process to the log
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import QbitrrError
from qbitrr.state.integrity import damage_of
from supervisor import early_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import FrameType

    from supervisor.config_reload import ConfigReload
    from supervisor.systemd import ServiceManager
    from supervisor.workers import Workers

_log = logs.get(__name__)


_STOPS = (signal.SIGTERM, signal.SIGINT)
_DUMP_SECONDS = 1.0
_MOST_AT_ONCE = 2  # of one command: one that runs, and one that waits for it


class End(StrEnum):
    """How the daemon ends."""

    STOP = "stop"
    RESTART = "restart"


def end_at_once() -> None:
    """Have a stop end the process from now on, as its loop is closed."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)


class Commands:
    """Carries commands out in the background, or records how the daemon is to end.

    `failures` is how often each of those in the background failed.
    """

    def __init__(self, workers: Workers, config_reload: ConfigReload, service_manager: ServiceManager) -> None:
        self.failures: Counter[str] = Counter()
        self._workers = workers
        self._config_reload = config_reload
        self._service_manager = service_manager
        self._loop = asyncio.get_running_loop()
        self._end: End | None = None
        self._is_stopped = False
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dumped_at = self._loop.time() - _DUMP_SECONDS
        self._next_dump: asyncio.TimerHandle | None = None

    def listen(self) -> None:
        """Obey signals from now on."""
        for number in _STOPS:
            signal.signal(number, self._note_stop)
        commands = {
            signal.SIGHUP: self.reload,
            signal.SIGUSR1: self.restart_workers,
            signal.SIGUSR2: self.dump,
        }
        for number, command in commands.items():
            self._loop.add_signal_handler(number, command)
        for number in early_signals.release():
            commands[number]()

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Note a stop between any two instructions: a loop that is about to close loses what it is to call."""
        self._is_stopped = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.stop)

    async def until_end(self) -> None:
        """Wait for a stop or a restart."""
        await self._ending.wait()

    def close(self) -> None:
        """Ignore what commands something from now on: the daemon is about to end, and ends as it was asked to."""
        signal.pthread_sigmask(signal.SIG_BLOCK, early_signals.COMMANDS)
        for number in early_signals.COMMANDS:
            self._loop.remove_signal_handler(number)  # restores the default, which ends the process
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, early_signals.COMMANDS)

    @property
    def end(self) -> End | None:
        """How the daemon is to end. A stop replaces a restart that is under way."""
        return End.STOP if self._is_stopped else self._end

    @property
    def ending(self) -> bool:
        """Whether the daemon is about to end."""
        return self._ending.is_set()

    def stop(self) -> None:
        """Stop the daemon."""
        self._finish(End.STOP)

    def restart(self) -> None:
        """Restart the daemon in place; requests that arrive meanwhile wait."""
        self._finish(End.RESTART)

    def reload(self) -> None:
        """Apply the configuration file; the result is logged."""

        async def reload() -> None:
            self._service_manager.reloading()
            try:
                await self._config_reload.reload()
            finally:
                if not self.ending:  # else the restart or the stop was reported, which this would take back
                    self._service_manager.ready(self._workers.summary())

        self._run("reload", reload)

    def restart_workers(self) -> None:
        """Replace the processes of all workers, one after the other."""
        self._run("restart workers", self._workers.restart_in_turn)

    def check_state(self) -> None:
        """Check the state file, which a worker found damaged; if it is, restart, which restores a good copy."""

        async def check() -> None:
            damage = await asyncio.to_thread(damage_of, self._config_reload.data_dir.state_file)
            if damage is not None:
                _log.critical("state file is damaged", damage=damage)
                self.restart()

        self._run("check the state file", check)

    def dump(self) -> None:
        """Write the state of every process to the log, once a second at most."""
        if self._next_dump is None and not self.ending:
            self._next_dump = self._loop.call_at(self._dumped_at + _DUMP_SECONDS, self._dump)

    def _dump(self) -> None:
        self._next_dump, self._dumped_at = None, self._loop.time()
        for line in self._workers.describe():
            _log.info("process was described", **line)

    def _finish(self, end: End) -> None:
        if self._end in (None, End.RESTART) and end is not self._end:
            _log.info("daemon was asked to end", how=str(end))
            self._end = end
            self._ending.set()

    def _run(self, command: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begin a command, unless the daemon ends, or one that began waits already: it sees all that this one would."""
        if self.ending or sum(task.get_name() == command for task in self._tasks) >= _MOST_AT_ONCE:
            return

        async def logged() -> None:
            try:
                await work()
            except QbitrrError as error:
                self.failures[command] += 1
                _log.error("command failed", command=command, error=str(error))
            except Exception:  # noqa: BLE001 - the border of a task that nothing awaits
                self.failures[command] += 1
                _log.exception("command failed", command=command)

        task = self._loop.create_task(logged(), name=command)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
