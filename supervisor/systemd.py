"""Telling the service manager how we are (sd_notify(3)); nothing happens when there is none."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

_log = logs.get(__name__)

_LONGEST_START_SECONDS = 600  # as TimeoutStartSec of the unit


class ServiceManager:
    """The manager's socket. `watchdog_seconds` is how often it wants to hear of us, None for never."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._socket: socket.socket | None = None
        address = environ.get("NOTIFY_SOCKET", "")
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str) -> None:
        """We do our work, for the first time or again."""
        timeouts = [] if self.watchdog_seconds is None else [f"WATCHDOG_USEC={int(self.watchdog_seconds * 1e6)}"]
        self._send("READY=1", f"STATUS={status}", *timeouts)

    def reloading(self) -> None:
        """We take another configuration; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=Taking the configuration")

    def beginning_anew(self) -> None:
        """We replace ourselves, and may bring the state file to a new schema before we are heard of again."""
        self.reloading()
        if self.watchdog_seconds is not None:
            self._send(f"WATCHDOG_USEC={_LONGEST_START_SECONDS * 1_000_000}")

    def stopping(self) -> None:
        """We are about to end."""
        self._send("STOPPING=1", "STATUS=Stopping the workers")

    def status(self, text: str) -> None:
        """A sentence for `systemctl status`."""
        self._send(f"STATUS={text}")

    async def keep_alive(self) -> None:
        """Tell the manager that the loop turns, twice as often as it wants to hear it, for ever."""
        if self.watchdog_seconds is None:
            return
        while True:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 2)

    def close(self) -> None:
        """Say nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.debug("service manager was not told", error=str(error))


class StatusLine:
    """Tells a changing status, only when it is another one and not more than once a second."""

    def __init__(self, service_manager: ServiceManager) -> None:
        self._service_manager = service_manager
        self._last = ""
        self._pending: asyncio.TimerHandle | None = None

    def changed(self, describe: Callable[[], str]) -> None:
        """Something may be different now; `describe` is asked soon."""
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(1.0, self._tell, describe)

    def _tell(self, describe: Callable[[], str]) -> None:
        self._pending = None
        text = describe()
        if text != self._last:
            self._last = text
            self._service_manager.status(text)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """As sd_watchdog_enabled(3)."""
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6


_FIRST = 3
_OUT_OF_THE_WAY = 100


def take(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """The sockets that were given to this very process; its children are not told of them."""
    pid, number = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not number.isdecimal():
        return []
    given = [socket.socket(fileno=_FIRST + index) for index in range(int(number))]
    for each in given:
        each.set_inheritable(False)
        each.setblocking(False)
    return given


def restart_in_place(listeners: Sequence[socket.socket]) -> NoReturn:
    """Replace this process by a fresh one of the same command, which is given the sockets. OSError when that fails.

    To be called when nothing is left to be done: no loop, no child.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)  # else they would end the fresh one before it listens to them
    for index, listener in enumerate([fcntl.fcntl(each, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for each in listeners]):
        os.dup2(listener, _FIRST + index, inheritable=True)
        os.close(listener)
    environ = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(listeners))}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ)  # noqa: S606 - ourselves
