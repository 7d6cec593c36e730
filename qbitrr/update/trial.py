"""Trial of a staged version before anything is switched: it runs on copies, acts on nothing, and must get ready."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sqlite3
from collections import deque
from typing import TYPE_CHECKING

import aiohttp

from qbitrr.atomic_file import write_private
from qbitrr.config.dotted_keys import edits_of
from qbitrr.data_dir import DataDir
from qbitrr.errors import UpdateFailedError
from qbitrr.process import die_with_parent
from qbitrr.state import backup, ledger
from qbitrr.update.programs import follow, joined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qbitrr.update.programs import OnLine

FOLDER = "trial"
_POLL_SECONDS = 0.25
_END_SECONDS = 20.0
# a listening address, and the socket of the service manager, are for the running daemon
_NOT_FOR_IT = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


async def try_out(prefix: Path, data_dir: DataDir, environ: Mapping[str, str], seconds: float, on_line: OnLine) -> None:
    """Run the version in `prefix` on copies, under Shadow and without open actions, until all its workers are ready.

    It ends with this process. Raises UpdateFailedError with its last output.
    """
    copies = DataDir(data_dir.folder / FOLDER)
    on_line("trying the new version on a copy of everything")
    try:
        port = await asyncio.to_thread(_copy, data_dir, copies)
        process = await asyncio.create_subprocess_exec(
            str(prefix / "bin" / "python"), "-P", "-m", "qbitrr", "--data-dir", str(copies.folder), "run",
            env={name: value for name, value in environ.items() if not _is_ours(name)}, preexec_fn=die_with_parent,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
        )  # fmt: skip
        lines: deque[str] = deque(maxlen=12)
        following = asyncio.create_task(follow(process, lines, on_line))
        try:
            await _until_ready(process, port, seconds, lines)
        finally:
            await _end(process)
            await asyncio.gather(following, return_exceptions=True)
    except (OSError, sqlite3.Error) as error:
        raise UpdateFailedError(f"the trial could not be made: {error}") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, copies.folder, ignore_errors=True)


def _is_ours(name: str) -> bool:
    return name in _NOT_FOR_IT or name.startswith("QBITRR_WEBUI_") or name == "QBITRR_OVERRIDES_DATA_PATH"


def _copy(data_dir: DataDir, copies: DataDir) -> int:
    """Copy what a second daemon can run on; return the port that it listens on."""
    from qbitrr.config.edit import edited  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

    shutil.rmtree(copies.folder, ignore_errors=True)
    copies.folder.mkdir(mode=0o700)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    changes = {
        "Settings.Shadow": True,
        "Settings.AutoUpdateEnabled": False,
        "Notifications.Urls": [],
        "WebUI.Host": "127.0.0.1",
        "WebUI.Port": port,
        "WebUI.UrlBase": "",
    }
    text = data_dir.config_file.read_bytes().decode("utf-8-sig")
    write_private(copies.config_file, edited(text, edits_of(changes, [])).encode())
    backup.copy_to(data_dir.state_file, copies.state_file)
    ledger.drop_open(copies.state_file)  # they are under way here
    return port


async def _until_ready(process: asyncio.subprocess.Process, port: int, seconds: float, lines: deque[str]) -> None:
    url, answer = f"http://127.0.0.1:{port}/ready", "nothing"
    limit = aiohttp.ClientTimeout(total=5)
    try:
        async with asyncio.timeout(seconds), aiohttp.ClientSession(timeout=limit) as session:
            while process.returncode is None:
                try:
                    async with session.get(url) as response:
                        answer = (await response.text())[:500]
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError) as error:
                    answer = type(error).__name__
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        text = f"the new version was not ready within {seconds:g} s: {answer}; {joined(lines)}"
        raise UpdateFailedError(text) from None
    await asyncio.sleep(_POLL_SECONDS)  # for its last output
    raise UpdateFailedError(f"the new version ended with code {process.returncode}: {joined(lines)}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
