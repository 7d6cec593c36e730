"""The service manager: notifications to it (sd_notify(3)), sockets from it, and a restart that keeps them and the lock.

Without a service manager notifications do nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from qbitrr import logs
from supervisor.early_signals import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

_log = logs.get(__name__)

_LONGEST_START_SECONDS = 600  # as TimeoutStartSec of the unit
_RETRY_SECONDS = 0.1
_MOST_UNSENT = 16  # states; beyond that the oldest are dropped, as later ones say what is so
_EXTEND_SECONDS = 10.0  # between two demands for more time
_FIRST = 3  # number of the first passed descriptor by sd_listen_fds(3)
_ABOVE = 100  # descriptors from here on are free
_LOCK = "QBITRR_LOCK_FD"  # variable with the number of the descriptor that locks the data folder


class ServiceManager:
    """The manager's socket. `watchdog_seconds` is the longest time between two keep-alives, None for no watchdog.

    `shown` is the sentence that `systemctl status` shows.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.shown = ""
        self._socket: socket.socket | None = None
        self._extend_at = -math.inf
        self._unsent: deque[str] = deque(maxlen=_MOST_UNSENT)
        self._retry: asyncio.TimerHandle | None = None
        address = environ.get("NOTIFY_SOCKET", "")
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str) -> None:
        """Report that the daemon works, for the first time or again."""
        timeouts = [] if self.watchdog_seconds is None else [f"WATCHDOG_USEC={int(self.watchdog_seconds * 1e6)}"]
        self._send_state("READY=1", f"STATUS={status}", *timeouts)

    def reloading(self) -> None:
        """Report that a configuration is being applied, until `ready`."""
        now = f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
        self._send_state("RELOADING=1", now, "STATUS=Applying the configuration")

    def restarting(self) -> None:
        """Report a restart in place, which may migrate the state file before the next keep-alive."""
        self.reloading()
        if self.watchdog_seconds is not None:
            self._send_state(f"WATCHDOG_USEC={_LONGEST_START_SECONDS * 1_000_000}")

    def extend_start(self) -> None:
        """Ask for as much time again as a start may take, as it got further. Not sent each time that this is called."""
        now = time.monotonic()
        if now >= self._extend_at:
            self._extend_at = now + _EXTEND_SECONDS
            longest = _LONGEST_START_SECONDS * 1_000_000
            # a keep-alive starts the watchdog, which is no more patient than after a start
            patience = [] if self.watchdog_seconds is None else [f"WATCHDOG_USEC={longest}", "WATCHDOG=1"]
            self._send(f"EXTEND_TIMEOUT_USEC={longest}", *patience, "STATUS=Preparing the state file")

    def stopping(self) -> None:
        """Report that the daemon stops."""
        self._send_state("STOPPING=1", "STATUS=Stopping the workers")

    def status(self, text: str) -> bool:
        """Have another sentence shown; False when the manager has no room for it now."""
        return self._send(f"STATUS={text}")

    async def keep_alive(self) -> None:
        """Send keep-alives twice as often as asked for, until cancelled: they show that the loop is not blocked."""
        if self.watchdog_seconds is None:
            return
        while True:
            is_sent = self._send("WATCHDOG=1")  # without it the next one may be too late
            await asyncio.sleep(self.watchdog_seconds / 2 if is_sent else _RETRY_SECONDS)

    def close(self) -> None:
        """Close the socket; further notifications do nothing."""
        if self._retry is not None:
            self._retry.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_state(self, *lines: str) -> None:
        """Send a state, which has to arrive, behind those that did not yet. To be called in the loop."""
        self._unsent.append("\n".join(lines))
        if self._retry is None:
            self._send_unsent()

    def _send_unsent(self) -> None:
        self._retry = None
        while self._unsent:
            if not self._send(self._unsent[0]):
                self._retry = asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._send_unsent)
                return
            self._unsent.popleft()

    def _send(self, *lines: str) -> bool:
        """Send a message; False when the manager has no room for it now, as while it is busy itself."""
        if self._socket is None:
            return True
        message = "\n".join(lines)
        try:
            self._socket.sendto(message.encode(), self._address)
        except BlockingIOError:
            return False
        except OSError as error:
            _log.debug("service manager could not be notified", error=str(error))
        _, has_status, rest = message.partition("STATUS=")
        if has_status:
            self.shown = rest.partition("\n")[0]
        return True


class StatusLine:
    """Status of the service, sent when another one is shown and at most once a second."""

    def __init__(self, service_manager: ServiceManager) -> None:
        self._service_manager = service_manager
        self._pending: asyncio.TimerHandle | None = None

    def changed(self, describe: Callable[[], str]) -> None:
        """Note that the status may be another one; `describe` is called within a second."""
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(1.0, self._send, describe)

    def _send(self, describe: Callable[[], str]) -> None:
        self._pending = None
        text = describe()
        if text != self._service_manager.shown and not self._service_manager.status(text):
            self.changed(describe)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """As sd_watchdog_enabled(3)."""
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6


@dataclass(frozen=True, slots=True)
class Handover:
    """What outlives a restart in place: listening sockets, and the descriptor that locks the data folder."""

    sockets: Sequence[socket.socket] = ()
    lock: int | None = None


def handed_over(environ: MutableMapping[str, str]) -> Handover:
    """What was passed to this process, by the service manager or from before a restart in place; sd_listen_fds(3).

    Its variables are removed from `environ`, as they do not concern processes that this one starts.
    """
    pid, number, lock = (environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", _LOCK))
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not number.isdecimal():
        return Handover()
    sockets = [socket.socket(fileno=_FIRST + index) for index in range(int(number))]
    for each in sockets:
        each.set_inheritable(False)
        each.setblocking(False)
    if not lock.isdecimal():
        return Handover(sockets)
    os.set_inheritable(int(lock), False)
    return Handover(sockets, int(lock))


def restart_in_place(handover: Handover) -> NoReturn:
    """Replace this process by a new one of the same command, with what is handed over. Raises OSError.

    To be called at the end, without a loop or a process of its own.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    for number in COMMANDS:
        signal.signal(number, signal.SIG_IGN)  # they would end the new process before it has its handlers
    passed = [each.fileno() for each in handover.sockets]
    environ = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(passed))}
    if handover.lock is not None:
        environ[_LOCK] = str(_FIRST + len(passed))
        passed.append(handover.lock)
    for index, descriptor in enumerate([fcntl.fcntl(each, fcntl.F_DUPFD, _ABOVE) for each in passed]):
        os.dup2(descriptor, _FIRST + index, inheritable=True)
        os.close(descriptor)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ)  # noqa: S606 - ourselves
