"""Spawner: starts worker processes through the fork server. Nothing here blocks the loop."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass

import msgspec

from qbitrr import ipc, logs
from supervisor import fork_server
from supervisor.fork_server import Exited, Forked, ForkFailed
from supervisor.worker_memory import WorkerMemory

_log = logs.get(__name__)
_CLOSE_SECONDS = 1.0
_MOST_SILENCES = 3  # in a row, of a fork server that has workers
_decoder: msgspec.msgpack.Decoder[fork_server.Message] = msgspec.msgpack.Decoder(fork_server.Message)


@dataclass(frozen=True, slots=True)
class Spawned:
    """A worker process, with a descriptor to signal it, which cannot mean another process, and its channel.

    `stacks` is a file in memory to which it writes where its threads are, on a signal or in a crash.
    `exited` is how it exited; None when the fork server could not report it.
    """

    pid: int
    pidfd: int
    channel: socket.socket
    stacks: int
    exited: asyncio.Future[Exited | None]


@dataclass(frozen=True, slots=True)
class ForkServer:
    """A running fork server: its process, and the supervisor's end of its channel."""

    pid: int
    channel: socket.socket


def start_fork_server() -> ForkServer:
    """Fork the fork server from this process.

    To be called before there is an event loop, a thread, or anything loaded that workers do not need.
    """
    import qbitrr.worker.preload  # noqa: F401, PLC0415 - loaded once, shared by all

    if threading.active_count() > 1:
        raise AssertionError("a process with threads cannot be forked safely")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        ours.detach()
        _close_all_but(theirs.fileno())  # a listening socket must not be kept open by a process that never accepts
        fork_server.serve(theirs)
    theirs.close()
    return ForkServer(pid, ours)


def _close_all_but(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 256)  # only few are open so early


def _start_another() -> ForkServer:
    """Start a fork server as a program of its own, as this process has threads by now."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-P", "-m", "supervisor.fork_server", str(theirs.fileno())]
        started = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603
    started.returncode = 0  # it is waited for by its number, like a forked one
    return ForkServer(started.pid, ours)


@dataclass(frozen=True, slots=True)
class _Worker:
    """A forked worker: process id, process descriptor, and how it will exit."""

    pid: int
    pidfd: int
    exited: asyncio.Future[Exited | None]


class Spawner:
    """The supervisor's side of the fork server, which answers requests in order. `memory` limits its workers."""

    def __init__(self, first: ForkServer, memory: WorkerMemory | None = None) -> None:
        self.memory = memory or WorkerMemory()
        self._loop = asyncio.get_running_loop()
        self._server: ForkServer | None = None
        self._requests: deque[asyncio.Future[_Worker]] = deque()
        self._exits: dict[int, asyncio.Future[Exited | None]] = {}
        self._silences = 0
        self._connect(first)

    async def spawn(self, within_seconds: float) -> Spawned:
        """Start a worker.

        Raises OSError when the system has no process or descriptor left, or when the fork server does not answer in
        time. One without workers is killed then; one with workers, which would end with it, when it did not answer
        three times in a row: a machine that swaps is slow, and does not hang.
        """
        if self._server is None:
            self._connect(_start_another())
        stacks = os.memfd_create("stacks", os.MFD_CLOEXEC)
        try:
            ours, theirs = ipc.channel()
        except OSError:
            os.close(stacks)
            raise
        try:
            with theirs:
                socket.send_fds(self._channel, [b"worker"], [theirs.fileno(), stacks])
            request: asyncio.Future[_Worker] = self._loop.create_future()
            self._requests.append(request)
            async with asyncio.timeout(within_seconds):
                worker = await request
        except BaseException as error:
            ours.close()
            os.close(stacks)
            if isinstance(error, TimeoutError):
                self._on_silence()
                raise OSError("the fork server did not answer") from None
            raise
        return Spawned(worker.pid, worker.pidfd, ours, stacks, worker.exited)

    async def close(self) -> None:
        """End the fork server, which has no workers any more; return when it is gone."""
        if self._server is not None:
            pid = self._server.pid
            self._disconnect()
            gone = asyncio.ensure_future(asyncio.to_thread(os.waitpid, pid, 0))
            if not (await asyncio.wait({gone}, timeout=_CLOSE_SECONDS))[0]:
                os.kill(pid, signal.SIGKILL)  # it hangs
            await gone

    @property
    def _channel(self) -> socket.socket:
        assert self._server is not None
        return self._server.channel

    def _connect(self, server: ForkServer) -> None:
        self._server, self._silences = server, 0
        server.channel.setblocking(False)
        self._loop.add_reader(server.channel.fileno(), self._read)

    def _disconnect(self) -> None:
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        self._server = None

    def _read(self) -> None:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._channel, fork_server.PACKET_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            packet, descriptors = b"", []
        if packet:
            self._on_message(_decoder.decode(packet), descriptors)
        else:
            self._on_server_exit()

    def _on_message(self, message: fork_server.Message, descriptors: list[int]) -> None:
        self._silences = 0
        match message:
            case Forked():
                self._on_forked(message.pid, descriptors)
            case ForkFailed():
                _set_exception(self._requests.popleft(), _error(message.error_number))
            case Exited():
                exited = self._exits.pop(message.pid, None)
                if exited is not None:  # else an orphan that the fork server adopted
                    _set_result(exited, message)

    def _on_forked(self, pid: int, descriptors: list[int]) -> None:
        """Pass a worker on to who waits for it. Without that its channel is closed, at which it ends by itself."""
        request = self._requests.popleft()
        if not descriptors:  # the kernel drops what this process has no number left for; recvmsg(2), MSG_CTRUNC
            _set_exception(request, _error(errno.EMFILE))
            return
        exited = self._exits[pid] = self._loop.create_future()
        if request.done():  # `spawn` timed out
            os.close(descriptors[0])
        else:
            request.set_result(_Worker(pid, descriptors[0], exited))

    def _on_server_exit(self) -> None:
        """Give up its workers, which end with it unreported; the next spawn starts another fork server."""
        assert self._server is not None
        _log.error("fork server ended", pid=self._server.pid)
        self._loop.run_in_executor(None, os.waitpid, self._server.pid, 0)
        self._disconnect()
        while self._requests:
            _set_exception(self._requests.popleft(), OSError("the fork server ended"))
        for exited in self._exits.values():
            _set_result(exited, None)
        self._exits.clear()

    def _on_silence(self) -> None:
        self._silences += 1
        if self._server is not None and (not self._exits or self._silences >= _MOST_SILENCES):
            os.kill(self._server.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _set_exception(request: asyncio.Future[_Worker], error: OSError) -> None:
    if not request.done():
        request.set_exception(error)


def _set_result(exited: asyncio.Future[Exited | None], how: Exited | None) -> None:
    if not exited.done():  # cancelled by the one that waited
        exited.set_result(how)
