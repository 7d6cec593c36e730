"""Check of media by ffprobe, where it is installed (Debian's package ffmpeg).

A message about the disk instead of the media proves nothing, nor does a timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logs.get(__name__)

_SECONDS = 60.0
_AT_ONCE = 2
_LONGEST_MESSAGE = 300
_ADDRESS = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\]")  # prefix of a message, different in each run
_ABOUT_THE_DISK = ("no such file", "permission denied", "input/output error", "stale file handle", "not connected")
# A medium that is spread over several files, or a disc, is not checked.
_STREAM_KINDS = {"radarr": "v", "sonarr": "v", "lidarr": "a"}


class FFprobe:
    """Runs ffprobe, two at a time at most. `program` is its path, None when it is not installed."""

    def __init__(self, kind: str, program: str | None = None) -> None:
        self.program = program or shutil.which("ffprobe")
        self._streams = _STREAM_KINDS[kind]
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def fault(self, paths: Sequence[str]) -> str | None:
        """Find the fault of the first file that cannot be played; None when there is none, or none is proven."""
        if self.program is None:
            return None
        for path in paths:
            async with self._turn:
                fault = await self._check(self.program, path)
            if fault:
                name = path.rpartition("/")[2]
                return f"{name}: {fault}"
        return None

    async def _check(self, program: str, path: str) -> str | None:
        arguments = ["-v", "error", "-select_streams", self._streams]
        arguments += ["-show_entries", "stream=codec_type", "-of", "csv=p=0", f"file:{path}"]
        process = await asyncio.create_subprocess_exec(
            *_dying_with_worker(),
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                output, errors = await process.communicate()
        except TimeoutError:
            _log.warning("ffprobe took too long", file=path, seconds=_SECONDS)
            return None
        finally:
            await _end(process)
        return _fault(process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace"), path)


def _fault(code: int, output: str, errors: str, path: str) -> str | None:
    message = " ".join(_ADDRESS.sub("", errors).replace(f"file:{path}: ", "").split())[:_LONGEST_MESSAGE]
    if any(hint in message.lower() for hint in _ABOUT_THE_DISK):
        _log.warning("ffprobe could not read a file", file=path, message=message)
        return None
    if code < 0:  # killed by a signal
        return None
    if code > 0:
        return message or f"ffprobe ended with code {code}"
    return None if output.strip() else "ffprobe finds nothing to play in it"


def _dying_with_worker() -> list[str]:
    """Command prefix by which the kernel kills the program when this process ends."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def paths_of(save_path: str, relative: Sequence[str]) -> list[str]:
    """Paths of a torrent's files on this machine, of those that are there."""
    return [str(path) for name in relative if (path := Path(save_path) / name).is_file()]
