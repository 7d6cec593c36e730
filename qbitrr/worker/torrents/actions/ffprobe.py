"""Check of media by ffprobe, where it is installed (Debian's package ffmpeg).

A fault is proven only by words that mean bad media, or by an answer without any stream, and only while both the file
and ffprobe are in order: this process reads the first and the last bytes of the file, and ffprobe finds the stream in a
clip that is known to be good. Everything else proves nothing: other messages, signals, a timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.worker.disk import on_disk

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logs.get(__name__)

_SECONDS = 60.0
_END_SECONDS = 5.0
_AT_ONCE = 2
_LONGEST_MESSAGE = 300
_ADDRESS = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\]")  # prefix of a message, different in each run
_PROOFS = (
    "invalid data found when processing input",
    "moov atom not found",
    "ebml header parsing failed",
    "end of file",
)
_ABOUT_THE_DISK = ("no such file", "permission denied", "input/output error", "stale file handle", "not connected")
_NOT_RUN = 126  # codes of the shell and of setpriv from here on: the program did not run
_SAMPLE_BYTES = 4096
_STREAM_KINDS = {"radarr": "v", "sonarr": "v", "lidarr": "a"}


class FFprobe:
    """Runs ffprobe, two at a time at most. `program` is its path, None when it is not installed.

    One that a disk holds does not end before that answers; while two are held none is run.
    """

    def __init__(self, kind: str, program: str | None = None) -> None:
        self.program = program or shutil.which("ffprobe")
        self._streams = _STREAM_KINDS[kind]
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._held: list[asyncio.subprocess.Process] = []

    async def fault(self, paths: Sequence[str]) -> str | None:
        """Find the fault of media of which no file can be played; None when one can, or when that is not proven."""
        if self.program is None:
            return None
        first = None
        for path in paths:
            fault = await self._fault_of(self.program, path)
            if fault is None:
                return None
            first = first or f"{path.rpartition('/')[2]}: {fault}"
        return first

    async def _fault_of(self, program: str, path: str) -> str | None:
        async with self._turn:
            fault = await self._check(program, path)
        if fault is None or not await on_disk(False, _is_readable, path):
            return None
        return fault if await self._plays_the_clip(program) else None

    async def _plays_the_clip(self, program: str) -> bool:
        with tempfile.TemporaryDirectory(prefix="qbitrr-") as folder:
            clip = Path(folder) / _CLIP_NAMES[self._streams]
            clip.write_bytes(_CLIPS[self._streams])
            async with self._turn:
                answer = await self._run(program, str(clip))
        plays = answer is not None and answer.code == 0 and bool(answer.output.strip())
        if not plays:
            _log.warning("ffprobe does not work", message=answer.errors[:_LONGEST_MESSAGE] if answer else "no answer")
        return plays

    async def _check(self, program: str, path: str) -> str | None:
        answer = await self._run(program, path)
        return None if answer is None else _fault(answer, path)

    async def _run(self, program: str, path: str) -> _Answer | None:
        """Ask about one file; None without an answer in time."""
        self._held = [process for process in self._held if process.returncode is None]
        if len(self._held) >= _AT_ONCE:
            return None
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
            if not await _is_ended(process):
                self._held.append(process)
        return _Answer(process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace"))


class _Answer(NamedTuple):
    """What ffprobe answered; a negative code is that of a signal."""

    code: int
    output: str
    errors: str


def _fault(answer: _Answer, path: str) -> str | None:
    message = " ".join(_ADDRESS.sub("", answer.errors).replace(f"file:{path}: ", "").split())[:_LONGEST_MESSAGE]
    text = message.lower()
    if any(hint in text for hint in _ABOUT_THE_DISK) or not 0 <= answer.code < _NOT_RUN:
        _log.warning("ffprobe could not read a file", file=path, code=answer.code, message=message)
        return None
    if answer.code > 0:
        return message if any(proof in text for proof in _PROOFS) else None
    return None if answer.output.strip() else "ffprobe finds nothing to play in it"


def _is_readable(path: str) -> bool:
    """Whether the first and the last bytes of a file can be read. Raises OSError."""
    with Path(path).open("rb") as file:
        first = file.read(_SAMPLE_BYTES)
        file.seek(-min(_SAMPLE_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
        return bool(first) and bool(file.read(_SAMPLE_BYTES))


_CLIP_NAMES = {"v": "known-good.y4m", "a": "known-good.wav"}
_SAMPLES = bytes(1600)
_CLIPS = {
    "v": b"YUV4MPEG2 W16 H16 F10:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(16 * 16 * 3 // 2),
    "a": b"RIFF"
    + struct.pack("<I", 36 + len(_SAMPLES))
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    + b"data"
    + struct.pack("<I", len(_SAMPLES))
    + _SAMPLES,
}
"""A black picture (YUV4MPEG2) and a tenth of a second of silence (WAVE)."""


def _dying_with_worker() -> list[str]:
    """Command prefix by which the kernel kills the program when this process ends."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


async def _is_ended(process: asyncio.subprocess.Process) -> bool:
    """End a program with its children; returns False when a disk holds it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
    return process.returncode is not None


def paths_of(save_path: str, relative: Sequence[str]) -> list[str]:
    """Paths of a torrent's files on this machine, of those that are there."""
    return [str(path) for name in relative if (path := Path(save_path) / name).is_file()]
