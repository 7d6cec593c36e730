"""`qbitrr demo`: the daemon on the built-in sandbox, so that everything can be seen without any service."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from qbitrr import daemon
from qbitrr.atomic_file import write_private
from qbitrr.data_dir import CONFIG_NAME, create_data_folder, locked
from qbitrr.errors import DataFolderBusyError, QbitrrError
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.state.database import FILE_NAME

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from pathlib import Path

    from supervisor.spawner import ForkServer


_MARK = "demonstration"  # a file by which a folder is known to hold nothing of value


def run(
    folder: Path, port: int, fork_server: ForkServer, given: Sequence[socket.socket] = ()
) -> list[socket.socket] | None:
    """Run until somebody wants it to end, with the page on `port`; returns as `app.run`.

    What an earlier demonstration left in the folder is removed first.

    Raises DataFolderBusyError when the folder holds something else, or a demonstration that still runs.
    """
    where = daemon.Home(folder.absolute())
    create_data_folder(where.folder)
    _clear(where)
    command = [sys.executable, "-P", "-m", "qbitrr.sandbox", "--until-eof", "--webui-port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sandbox:  # noqa: S603 - ourselves
        try:
            write_private(where.folder / CONFIG_NAME, _config(sandbox))
            environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
            return daemon.run(where, environ, fork_server, given)
        finally:
            sandbox.terminate()


def _clear(where: daemon.Home) -> None:
    mark = where.folder / _MARK
    if any(where.folder.iterdir()) and not mark.exists():
        raise DataFolderBusyError(f"{where.folder} holds something else; name another folder with --data-dir")
    mark.touch()
    with locked(where.folder):
        for suffix in ("", "-wal", "-shm"):
            (where.folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
        for path in where.log_folder.glob("*.log*"):
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
