"""Listening sockets that this process was given: by systemd, or by itself before it began anew.

Both speak the protocol of sd_listen_fds(3), so a daemon that begins anew in place finds its sockets as if it had been
started by a socket unit, and what was said to them meanwhile waits in the kernel.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

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


def begin_anew(listeners: Sequence[socket.socket]) -> NoReturn:
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
