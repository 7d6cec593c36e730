"""`qbitrr demo`: the daemon on the built-in sandbox, which needs no service."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from qbitrr import daemon
from qbitrr.atomic_file import write_private
from qbitrr.data_dir import DataDir
from qbitrr.errors import DataFolderBusyError, QbitrrError
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from supervisor.systemd import Handover

if TYPE_CHECKING:
    from pathlib import Path

    from supervisor.spawner import ForkServer


_MARK = "demonstration"  # a file that marks a folder as one that holds nothing of value


def run(folder: Path, port: int, fork_server: ForkServer, passed: Handover) -> Handover | None:
    """Run until it is stopped, with the page on `port`; returns what `daemon.run` returns.

    What an earlier demonstration left in the folder is removed first. Raises DataFolderBusyError when the folder holds
    something else, or a demonstration that still runs.
    """
    data_dir = DataDir(folder.absolute())
    data_dir.create()
    _check_mark(data_dir)
    lock = data_dir.lock(passed.lock)  # the end of the process releases it
    _clear(data_dir)
    command = [sys.executable, "-P", "-m", "qbitrr.sandbox", "--until-eof", "--webui-port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sandbox:  # noqa: S603 - ourselves
        try:
            write_private(data_dir.config_file, _config(sandbox))
            environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
            return daemon.run(data_dir, environ, fork_server, Handover(passed.sockets, lock))
        finally:
            sandbox.terminate()


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


def _config(sandbox: subprocess.Popen[bytes]) -> bytes:
    """The configuration that the sandbox prints once it listens; a form feed ends it."""
    if sandbox.stdout is None:
        raise QbitrrError("the sandbox has no output")
    text = bytearray()
    for line in sandbox.stdout:
        if line.decode() == END_OF_CONFIG:
            return bytes(text)
        text += line
    raise QbitrrError("the sandbox ended before it was ready")
