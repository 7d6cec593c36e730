"""Trial of a staged version before anything is switched: it runs on copies, acts on nothing, and must be no worse."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import socket
import sqlite3
from collections import deque
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from msgspec import Struct

from qbitrr.atomic_file import write_private
from qbitrr.config.dotted_keys import edits_of
from qbitrr.data_dir import DataDir
from qbitrr.errors import UpdateFailedError
from qbitrr.process import die_with_parent
from qbitrr.state import backup, ledger
from qbitrr.update.programs import follow, joined
from qbitrr.update.readiness import worse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qbitrr.update.programs import OnLine

FOLDER = "trial"
_POLL_SECONDS = 0.25
_END_SECONDS = 20.0
# a listening address, and the socket of the service manager, are for the running daemon
_NOT_FOR_IT = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


async def try_out(
    prefix: Path,
    data_dir: DataDir,
    environ: Mapping[str, str],
    workers: Mapping[str, str],
    seconds: float,
    on_line: OnLine,
) -> None:
    """Run the version in `prefix` on copies, under Shadow and without open actions.

    Returns when its workers are as good as the present ones in their phases by category. It ends with this process.
    Raises UpdateFailedError with its last output.
    """
    token = secrets.token_hex(32)
    copies = DataDir(data_dir.folder / FOLDER)
    on_line("trying the new version on a copy of everything")
    try:
        port = await asyncio.to_thread(_copy, data_dir, copies, token)
        process = await asyncio.create_subprocess_exec(
            str(prefix / "bin" / "python"), "-P", "-m", "qbitrr", "--data-dir", str(copies.folder), "run",
            env={name: value for name, value in environ.items() if not _is_ours(name)}, preexec_fn=die_with_parent,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
        )  # fmt: skip
        lines: deque[str] = deque(maxlen=12)
        following = asyncio.create_task(follow(process, lines, on_line))
        try:
            await _until_ready(process, _Probe(port, token, workers), seconds, lines)
        finally:
            await _end(process)
            await asyncio.gather(following, return_exceptions=True)
    except (OSError, sqlite3.Error) as error:
        raise UpdateFailedError(f"the trial could not be made: {error}") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, copies.folder, ignore_errors=True)


def _is_ours(name: str) -> bool:
    return name in _NOT_FOR_IT or name.startswith("QBITRR_WEBUI_") or name == "QBITRR_OVERRIDES_DATA_PATH"


def _copy(data_dir: DataDir, copies: DataDir, token: str) -> int:
    """Copy what a second daemon can run on; return the port that it listens on. The token is its own."""
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
        "WebUI.Token": token,
    }
    text = data_dir.config_file.read_bytes().decode("utf-8-sig")
    write_private(copies.config_file, edited(text, edits_of(changes, [])).encode())
    backup.copy_to(data_dir.state_file, copies.state_file)
    ledger.drop_open(copies.state_file)  # they are under way here
    return port


class _Readiness(Struct):
    """Answer of `/ready`, whichever its status."""

    ready: bool = False
    workers: dict[str, str] = {}
    details: dict[str, dict[str, str]] = {}


class _Probe:
    """Asks the new version how its workers are. `answer` is the last one, in words."""

    def __init__(self, port: int, token: str, before: Mapping[str, str]) -> None:
        self.answer = "nothing"
        self._url = f"http://127.0.0.1:{port}/ready"
        self._headers = {"X-Api-Token": token}
        self._before = before

    async def is_good(self, session: aiohttp.ClientSession) -> bool:
        """Whether all workers are as good as before. No answer is not good."""
        try:
            async with session.get(self._url, headers=self._headers) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answer = type(error).__name__
            return False
        self.answer = body[:500].decode(errors="replace")
        try:
            decoded = msgspec.json.decode(body, type=_Readiness)
        except msgspec.MsgspecError:
            return False
        workers = decoded.workers or decoded.details.get("workers", {})
        return bool(decoded.ready or workers) and not worse(self._before, workers)


async def _until_ready(process: asyncio.subprocess.Process, probe: _Probe, seconds: float, lines: deque[str]) -> None:
    limit = aiohttp.ClientTimeout(total=5)
    try:
        async with asyncio.timeout(seconds), aiohttp.ClientSession(timeout=limit) as session:
            while process.returncode is None:
                if await probe.is_good(session):
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        text = f"the new version was not ready within {seconds:g} s: {probe.answer}; {joined(lines)}"
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
