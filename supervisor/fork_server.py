"""Fork server: the process that all workers are forked from, with everything loaded and nothing started.

It is forked from the supervisor before there is a thread or an event loop. So supervisor and workers share the memory
of what they all load, and a worker starts within milliseconds. It forks on request and reports which worker exited.

Both directions are packets of a Unix SEQPACKET socket:

    supervisor -> fork server    anything, with two descriptors: the worker's end of its channel, a file for its stacks
    fork server -> supervisor    Forked with the process descriptor, or ForkFailed; later Exited
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import msgspec
from msgspec import Struct

from qbitrr import process
from qbitrr.worker.main import main as work

if TYPE_CHECKING:
    from types import FrameType

PROCESS_NAME = "qb forkserver"
PACKET_BYTES = 4096


class Forked(Struct, frozen=True, tag=True):
    """A worker was forked."""

    pid: int


class ForkFailed(Struct, frozen=True, tag=True):
    """The system has no process or descriptor left."""

    error_number: int


class Exited(Struct, frozen=True, tag=True):
    """A worker exited: its exit code, or the negative number of a signal, and the most memory that it ever had."""

    pid: int
    code: int
    peak_bytes: int


_OOM_SCORE = 500  # a worker before the supervisor, which starts another one
# signals that may be sent to all processes of the daemon; the supervisor decides what they mean
_SIGNALS_OF_THE_SUPERVISOR = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_STOP = (signal.SIGTERM,)

Message = Forked | ForkFailed | Exited
_encoder = msgspec.msgpack.Encoder()


def serve(channel: socket.socket) -> NoReturn:
    """Fork workers until the supervisor is gone."""
    process.die_with_parent()
    process.set_process_name(PROCESS_NAME)
    process.adopt_orphans()
    for number in _SIGNALS_OF_THE_SUPERVISOR:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)  # a worker that does not obey yet is to obey then
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, _ignore)  # a handler, so that the descriptor below is written to
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if wake in ready:
                with suppress(BlockingIOError):
                    wake.recv(PACKET_BYTES)
                _reap(channel)
            if channel in ready:
                _fork(channel, (wake, woken, selector))


def _fork(channel: socket.socket, private: tuple[socket.socket, socket.socket, selectors.BaseSelector]) -> None:
    try:
        packet, descriptors, _, _ = socket.recv_fds(channel, PACKET_BYTES, 2)
    except ConnectionResetError:  # the supervisor ended before it read all messages
        packet, descriptors = b"", []
    if not packet:
        os._exit(0)
    try:
        pid = os.fork()
        pidfd = os.pidfd_open(pid) if pid else -1  # before it is reaped, its number cannot belong to another process
    except OSError as error:  # a worker without a descriptor ends by itself, as its channel is closed
        _send(channel, ForkFailed(error.errno or 0))
    else:
        if pid == 0:
            for mine in (channel, *private):
                mine.close()
            _become_worker(*descriptors)
        _send(channel, Forked(pid), pidfd)
        os.close(pidfd)
    for descriptor in descriptors:
        os.close(descriptor)


def _become_worker(channel: int, stacks: int) -> NoReturn:
    """Run as a worker; never return into the loop of the fork server, whatever happens.

    What it did not handle itself, such as a log folder that is none, is written where its stacks are.
    """
    code = 1
    try:
        os.setpgid(0, 0)  # what it starts belongs to its group, and ends with it
        process.be_killed_first(_OOM_SCORE)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        code = work(socket.socket(fileno=channel), stacks)
    except BaseException:  # noqa: BLE001 - the border of the process
        os.write(stacks, traceback.format_exc().encode(errors="replace"))
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _reap(channel: socket.socket) -> None:
    """Report every process that exited, and kill what it had started: orphans become processes of the fork server."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(found.si_pid, signal.SIGKILL)  # not reaped yet, so the number of the group is still its own
        pid, status, usage = os.wait4(found.si_pid, 0)
        _send(channel, Exited(pid, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024))


def _send(channel: socket.socket, message: Message, descriptor: int | None = None) -> None:
    with suppress(OSError):  # the supervisor is gone, as the next read shows
        socket.send_fds(channel, [_encoder.encode(message)], [] if descriptor is None else [descriptor])


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Leave reaping to the loop."""


if __name__ == "__main__":
    # in place of one that died: by then the supervisor has threads and cannot be forked
    import qbitrr.worker.preload  # noqa: F401

    serve(socket.socket(fileno=int(sys.argv[1])))
