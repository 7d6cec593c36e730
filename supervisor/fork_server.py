"""The process that all workers are forked from: everything loaded, nothing begun.

It is forked from the supervisor before there is a thread or an event loop, so supervisor and workers share the memory
of what they all load, and a worker starts within milliseconds. It does nothing but fork on request and say who ended.

Both directions are packets of a Unix SEQPACKET socket:

    supervisor -> zygote    anything, with two descriptors: the worker's end of its channel, and a file for its stacks
    zygote -> supervisor    Born with the process descriptor, or Unborn; later Ended
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import msgspec
from msgspec import Struct

from qbitrr import process as parentage
from qbitrr.worker.main import main as work

if TYPE_CHECKING:
    from types import FrameType

PACKET_BYTES = 4096


class Forked(Struct, frozen=True, tag=True):
    """A worker was forked."""

    pid: int


class ForkFailed(Struct, frozen=True, tag=True):
    """The system had no process or descriptor to give."""

    error_number: int


class Exited(Struct, frozen=True, tag=True):
    """A worker ended: with its exit code, or the negative number of a signal; and the most memory it ever had."""

    pid: int
    code: int
    peak_bytes: int


# They may be sent to all processes of the daemon; the supervisor decides.
_FOR_THE_SUPERVISOR = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

Said = Forked | ForkFailed | Exited
_encoder = msgspec.msgpack.Encoder()


def serve(channel: socket.socket) -> NoReturn:
    """Fork workers until the supervisor is gone."""
    parentage.die_with_parent()
    parentage.set_process_name("qb zygote")
    parentage.adopt_orphans()
    for number in _FOR_THE_SUPERVISOR:
        signal.signal(number, signal.SIG_IGN)
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, _nothing)  # a handler, so that the descriptor below is written to
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if wake in ready:
                with suppress(BlockingIOError):
                    wake.recv(PACKET_BYTES)
                _bury(channel)
            if channel in ready:
                _fork(channel, (wake, woken, selector))


def _fork(channel: socket.socket, private: tuple[socket.socket, socket.socket, selectors.BaseSelector]) -> None:
    try:
        packet, descriptors, _, _ = socket.recv_fds(channel, PACKET_BYTES, 2)
    except ConnectionResetError:  # the supervisor ended before it read all that it was told
        packet, descriptors = b"", []
    if not packet:
        os._exit(0)
    try:
        pid = os.fork()
    except OSError as error:
        _say(channel, ForkFailed(error.errno or 0))
    else:
        if pid == 0:
            for mine in (channel, *private):
                mine.close()
            _become_worker(*descriptors)
        process = os.pidfd_open(pid)  # it is our child: its number cannot be another's before we bury it
        _say(channel, Forked(pid), process)
        os.close(process)
    for descriptor in descriptors:
        os.close(descriptor)


def _become_worker(channel: int, stacks: int) -> NoReturn:
    """Never return into the zygote's loop, whatever happens."""
    code = 1
    try:
        os.setpgid(0, 0)  # what it starts is of its group, and ends with it
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        code = work(socket.socket(fileno=channel), stacks)
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _bury(channel: socket.socket) -> None:
    """Say of everybody who ended how they did, and end what they started: the zygote inherits orphans."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(found.si_pid, signal.SIGKILL)  # not buried yet: its number, and its group's, is nobody else's
        pid, status, usage = os.wait4(found.si_pid, 0)
        _say(channel, Exited(pid, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024))


def _say(channel: socket.socket, said: Said, descriptor: int | None = None) -> None:
    with suppress(OSError):  # the supervisor is gone; the next read tells
        socket.send_fds(channel, [_encoder.encode(said)], [] if descriptor is None else [descriptor])


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Reaping is done in the loop."""


if __name__ == "__main__":
    # a fresh one, in place of one that died: by then the supervisor has threads and cannot be forked
    import qbitrr.worker.preload  # noqa: F401

    serve(socket.socket(fileno=int(sys.argv[1])))
