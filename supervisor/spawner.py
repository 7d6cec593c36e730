"""Starting worker processes through the zygote. Nothing here blocks the loop."""

from __future__ import annotations

import asyncio
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

_log = logs.get(__name__)
_FAREWELL_SECONDS = 1.0
_decoder: msgspec.msgpack.Decoder[fork_server.Said] = msgspec.msgpack.Decoder(fork_server.Said)


@dataclass(frozen=True, slots=True)
class Spawned:
    """A worker process: how to signal it without mistaking it for another, and how to talk to it.

    `stacks` is a file in memory to which it writes where all its threads are, when asked or when it crashes.
    `ended` tells how it ended; None when nobody saw it.
    """

    pid: int
    pidfd: int
    channel: socket.socket
    stacks: int
    ended: asyncio.Future[fork_server.Exited | None]


_Birth = tuple[int, int, "asyncio.Future[fork_server.Exited | None]"]  # pid, pidfd, how it will end


@dataclass(frozen=True, slots=True)
class ForkServer:
    """A running zygote: our child, and our end of its channel."""

    pid: int
    channel: socket.socket


def start_fork_server() -> ForkServer:
    """Fork the zygote from this process.

    To be called before there is an event loop, a thread, or anything loaded that workers do not need.
    """
    import qbitrr.worker.preload  # noqa: F401, PLC0415 - loaded once, shared by all

    if threading.active_count() > 1:
        raise AssertionError("a process with threads cannot be forked safely")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        ours.detach()
        _close_all_but(theirs.fileno())  # a socket that listens must not be kept open by who does not serve it
        fork_server.serve(theirs)
    theirs.close()
    return ForkServer(pid, ours)


def _close_all_but(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 256)  # only few are open so early


def _start_zygote() -> ForkServer:
    """Start another one as a program of its own; by now this process has threads."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-P", "-m", "supervisor.fork_server", str(theirs.fileno())]
        started = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603
    started.returncode = 0  # it is waited for by its number, like a forked one
    return ForkServer(started.pid, ours)


class Spawner:
    """The supervisor's side of the zygote, which answers requests in order."""

    def __init__(self, first: ForkServer) -> None:
        self._loop = asyncio.get_running_loop()
        self._fork_server: ForkServer | None = None
        self._births: deque[asyncio.Future[_Birth]] = deque()
        self._ended: dict[int, asyncio.Future[fork_server.Exited | None]] = {}
        self._listen_to(first)

    async def spawn(self, within_seconds: float) -> Spawned:
        """Start a worker.

        Raises OSError when the system has no process or descriptor to give. A zygote that does not answer in time
        hangs: it is killed, and its workers with it.
        """
        if self._fork_server is None:
            self._listen_to(_start_zygote())
        stacks = os.memfd_create("stacks", os.MFD_CLOEXEC)
        try:
            ours, theirs = ipc.channel()
        except OSError:
            os.close(stacks)
            raise
        try:
            with theirs:
                socket.send_fds(self._channel, [b"worker"], [theirs.fileno(), stacks])
            birth: asyncio.Future[_Birth] = self._loop.create_future()
            self._births.append(birth)
            async with asyncio.timeout(within_seconds):
                pid, pidfd, ended = await birth
        except BaseException as error:
            ours.close()
            os.close(stacks)
            if isinstance(error, TimeoutError):
                self._kill_zygote()
                raise OSError("the zygote did not answer") from None
            raise
        return Spawned(pid, pidfd, ours, stacks, ended)

    async def close(self) -> None:
        """End the zygote, which has no workers any more; returns when it is gone."""
        if self._fork_server is not None:
            pid = self._fork_server.pid
            self._hang_up()
            gone = asyncio.ensure_future(asyncio.to_thread(os.waitpid, pid, 0))
            if not (await asyncio.wait({gone}, timeout=_FAREWELL_SECONDS))[0]:
                os.kill(pid, signal.SIGKILL)  # it hangs
            await gone

    @property
    def _channel(self) -> socket.socket:
        assert self._fork_server is not None
        return self._fork_server.channel

    def _listen_to(self, fork_server_: ForkServer) -> None:
        self._fork_server = fork_server_
        fork_server_.channel.setblocking(False)
        self._loop.add_reader(fork_server_.channel.fileno(), self._hear)

    def _hear(self) -> None:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._channel, fork_server.PACKET_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            packet, descriptors = b"", []
        if not packet:
            self._zygote_ended()
            return
        said = _decoder.decode(packet)
        match said:
            case fork_server.Forked():
                self._born(said.pid, descriptors[0])
            case fork_server.ForkFailed():
                _fail(self._births.popleft(), OSError(said.error_number, os.strerror(said.error_number)))
            case fork_server.Exited():
                if (ended := self._ended.pop(said.pid, None)) is not None:  # else an orphan that the zygote inherited
                    _tell(ended, said)

    def _born(self, pid: int, pidfd: int) -> None:
        ended = self._ended[pid] = self._loop.create_future()
        birth = self._births.popleft()
        if birth.done():  # nobody waits for it any more; it ends by itself, as its channel is closed
            os.close(pidfd)
        else:
            birth.set_result((pid, pidfd, ended))

    def _zygote_ended(self) -> None:
        """Its workers end with it, and nobody sees how; the next spawn starts another."""
        assert self._fork_server is not None
        _log.error("zygote ended", pid=self._fork_server.pid)
        self._loop.run_in_executor(None, os.waitpid, self._fork_server.pid, 0)
        self._hang_up()
        while self._births:
            _fail(self._births.popleft(), OSError("the zygote ended"))
        for ended in self._ended.values():
            _tell(ended, None)
        self._ended.clear()

    def _kill_zygote(self) -> None:
        if self._fork_server is not None:
            os.kill(self._fork_server.pid, signal.SIGKILL)  # our child, not waited for yet: the number is its own

    def _hang_up(self) -> None:
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        self._fork_server = None


def _fail(birth: asyncio.Future[_Birth], error: OSError) -> None:
    if not birth.done():
        birth.set_exception(error)


def _tell(ended: asyncio.Future[fork_server.Exited | None], how: fork_server.Exited | None) -> None:
    if not ended.done():  # who waited may have given up
        ended.set_result(how)
