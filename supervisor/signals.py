"""What is wanted of the daemon as a whole. Signals, the control plane and `qbitrr ctl` all say it here.

SIGTERM, SIGINT   stop
SIGHUP            take the configuration file anew
SIGUSR1           fresh processes for all workers, one after the other
SIGUSR2           write the state of every process to the log
"""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import QbitrrError
from qbitrr.state.integrity import damage_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from supervisor.config_reload import ConfigReload
    from supervisor.systemd import ServiceManager
    from supervisor.workers import Workers

_log = logs.get(__name__)


class End(StrEnum):
    """How the daemon ends."""

    STOP = "stop"
    RESTART = "restart"


class Commands:
    """Carries them out, or says how the daemon is to end."""

    def __init__(self, supervisor: Workers, config_reload: ConfigReload, service_manager: ServiceManager) -> None:
        self._supervisor = supervisor
        self._config_reload = config_reload
        self._service_manager = service_manager
        self._loop = asyncio.get_running_loop()
        self._end: End | None = None
        self._wanted = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Obey signals from now on."""
        meanings = {
            signal.SIGTERM: self.stop,
            signal.SIGINT: self.stop,
            signal.SIGHUP: self.reload,
            signal.SIGUSR1: self.renew,
            signal.SIGUSR2: self.dump,
        }
        for number, act in meanings.items():
            self._loop.add_signal_handler(number, act)

    async def until_end(self) -> None:
        """Wait until somebody wants the daemon to end."""
        await self._wanted.wait()

    @property
    def end(self) -> End | None:
        """How the daemon is to end. A stop wins over a restart that is under way."""
        return self._end

    @property
    def ending(self) -> bool:
        """Whether the daemon is about to end."""
        return self._wanted.is_set()

    def stop(self) -> None:
        """End the daemon."""
        self._finish(End.STOP)

    def restart(self) -> None:
        """Have the daemon begin anew in place; requests that come meanwhile wait."""
        self._finish(End.RESTART)

    def reload(self) -> None:
        """Take the configuration file anew; what comes of it is logged."""

        async def take() -> None:
            self._service_manager.reloading()
            try:
                await self._config_reload.reload()
            finally:
                self._service_manager.ready(self._supervisor.summary())

        self._do("reload", take())

    def renew(self) -> None:
        """Have fresh processes for all workers, one after the other."""
        self._do("rolling restart", self._supervisor.restart_in_turn())

    def look_at_state(self) -> None:
        """A worker found the state file damaged: if it is, begin anew, which puts a good copy in its place."""

        async def look() -> None:
            damage = await asyncio.to_thread(damage_of, self._config_reload.files.state)
            if damage is not None:
                _log.critical("state file is damaged", damage=damage)
                self.restart()

        self._do("look at the state file", look())

    def dump(self) -> None:
        """Write the state of every process to the log."""
        for line in self._supervisor.describe():
            _log.info("process was described", **line)

    def _finish(self, end: End) -> None:
        if self._end in (None, End.RESTART) and end is not self._end:
            _log.info("daemon was asked to end", how=str(end))
            self._end = end
            self._wanted.set()

    def _do(self, name: str, work: Coroutine[None, None, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except QbitrrError as error:
                _log.error("intent failed", intent=name, error=str(error))
            except Exception:  # noqa: BLE001 - the border of a task that nobody waits for
                _log.exception("intent failed", intent=name)

        task = self._loop.create_task(guarded(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
