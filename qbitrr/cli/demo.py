"""`qbitrr demo`: the daemon on the built-in sandbox, which needs no service."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from qbitrr import daemon
from qbitrr.atomic_file import write_private
from qbitrr.data_dir import DataDir
from qbitrr.errors import DataFolderBusyError, QbitrrError
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from supervisor.systemd import Handover

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from pathlib import Path

    from supervisor.spawner import ForkServer


_MARK = "demonstration"  # a file that marks a folder as one that holds nothing of value
_SANDBOX = "QBITRR_SANDBOX"  # variable with the process and the descriptor of a sandbox that outlives a restart
_ABOVE = 100  # those below are replaced by what the daemon hands over


def run(folder: Path, port: int, fork_server: ForkServer, passed: Handover) -> Handover | None:
    """Run until it is stopped, with the page on `port`; returns what `daemon.run` returns.

    A restart in place goes on with the same sandbox and with all that is in the folder; else what an earlier
    demonstration left there is removed first. Raises DataFolderBusyError when the folder holds something else, or a
    demonstration that still runs.
    """
    data_dir = DataDir(folder.absolute())
    data_dir.create()
    _check_mark(data_dir)
    lock = data_dir.lock(passed.lock)  # the end of the process releases it
    sandbox = _Sandbox.handed_over(os.environ)
    if sandbox is None:
        _clear(data_dir)
        sandbox = _Sandbox.start(port, data_dir.config_file)
    restart = None
    try:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
        restart = daemon.run(data_dir, environ, fork_server, Handover(passed.sockets, lock))
    finally:
        if restart is None:
            sandbox.end()
        else:
            sandbox.hand_over(os.environ)
    return restart


@dataclass(frozen=True, slots=True)
class _Sandbox:
    """The stand-ins: a child of this process, which ends when the descriptor `input` is closed."""

    pid: int
    input: int

    @classmethod
    def start(cls, port: int, config_file: Path) -> Self:
        """Start it, and write the configuration that it prints once it listens. Raises QbitrrError."""
        command = [sys.executable, "-P", "-m", "qbitrr.sandbox", "--until-eof", "--webui-port", str(port)]
        started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
        assert started.stdin is not None
        assert started.stdout is not None
        with started.stdin, started.stdout:
            started.returncode = 0  # it is waited for by its number, also after a restart
            sandbox = cls(started.pid, fcntl.fcntl(started.stdin.fileno(), fcntl.F_DUPFD_CLOEXEC, _ABOVE))
            with ExitStack() as otherwise:
                otherwise.callback(sandbox.end)
                write_private(config_file, _config(started.stdout))
                otherwise.pop_all()
        return sandbox

    @classmethod
    def handed_over(cls, environ: MutableMapping[str, str]) -> Self | None:
        """The one from before a restart in place; None without one, or when it ended."""
        pid, _, descriptor = environ.pop(_SANDBOX, "").partition(":")
        if not pid.isdecimal() or not descriptor.isdecimal():
            return None
        with suppress(OSError):  # another process has the number, or another file
            os.set_inheritable(int(descriptor), False)
            if os.waitpid(int(pid), os.WNOHANG) == (0, 0):
                return cls(int(pid), int(descriptor))
        return None

    def hand_over(self, environ: MutableMapping[str, str]) -> None:
        """Keep it for the program that replaces this one."""
        os.set_inheritable(self.input, True)
        environ[_SANDBOX] = f"{self.pid}:{self.input}"

    def end(self) -> None:
        """End it, and wait for that."""
        os.close(self.input)
        os.kill(self.pid, signal.SIGTERM)  # not waited for yet, so the number is still its own
        os.waitpid(self.pid, 0)


def _check_mark(data_dir: DataDir) -> None:
    mark = data_dir.folder / _MARK
    if any(data_dir.folder.iterdir()) and not mark.exists():
        raise DataFolderBusyError(f"{data_dir.folder} holds something else; name another folder with --data-dir")
    mark.touch()


def _clear(data_dir: DataDir) -> None:
    for suffix in ("", "-wal", "-shm"):
        state_file = data_dir.state_file
        state_file.with_name(f"{state_file.name}{suffix}").unlink(missing_ok=True)
    for path in data_dir.log_folder.glob("*.log*"):
        path.unlink()


def _config(output: Iterable[bytes]) -> bytes:
    """The configuration that the sandbox prints once it listens; a form feed ends it."""
    text = bytearray()
    for line in output:
        if line.decode() == END_OF_CONFIG:
            return bytes(text)
        text += line
    raise QbitrrError("the sandbox ended before it was ready")
