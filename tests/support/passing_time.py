"""The daemon in a time that a test lets pass in leaps of hours, by a wall clock that may be wrong as well.

python -m tests.support.passing_time ARGUMENTS-OF-QBITRR

The file `misbehave/time` in the data folder has the seconds that were leapt over, by how many the wall clock is ahead,
and how many bytes are free on every disk: -1 for what there are. A leap moves both clocks and ends long pauses.
Supervision goes by the real monotonic clock, as a process that was due within a leap does not hang; so do the time
limits of calls. What is the same before and after a leap counts as having been so meanwhile. Sparse files count as if
all of them were written.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import struct
import sys
import time
from contextlib import suppress
from email.utils import formatdate
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Handler

    from tests.support.daemon import Daemon

FILE = "time"
_FORMAT = "ddd"
_SHORT_SECONDS = 5.0  # a pause that a leap does not end
_STEP_SECONDS = 0.2
_SOON_SECONDS = 1.0  # between two attempts to make room: between two leaps there are a few seconds
_LONGEST_LEAP_SECONDS = 6 * 3600.0  # over which what was observed before and after it counts as going on

_right = time.time


class PassingTime:
    """The time of a sandbox, by `now` and `dates`, and of one daemon."""

    def __init__(self) -> None:
        self.leaps = 0
        self._file: Path | None = None
        self._dated: set[Path] = set()
        self._passed = self._ahead = 0.0
        self._free_bytes = -1.0

    def follow(self, daemon: Daemon) -> None:
        """Make this the time of a daemon, before its start."""
        daemon.orders.mkdir(exist_ok=True)
        self._file = daemon.orders / FILE
        self._write()

    def now(self) -> float:
        """The right time, in epoch seconds."""
        return _right() + self._passed

    def leap(self, seconds: float, ahead_seconds: float | None = None) -> None:
        """Let time pass. With `ahead_seconds` the wall clock of the daemon is set in the same moment."""
        self._passed += seconds
        if ahead_seconds is not None:
            self._ahead = ahead_seconds
        self.leaps += 1
        self._write()

    def date_files(self, folder: Path) -> None:
        """Date new files of a folder by this time, not by that of the machine."""
        for path in set(folder.rglob("*.*")) - self._dated:
            with suppress(FileNotFoundError):
                os.utime(path, (self.now(), self.now()))
                self._dated.add(path)

    @web.middleware
    async def dates(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Date the answers of a stand-in."""
        response = await handler(request)
        if not response.prepared:
            response.headers["Date"] = formatdate(self.now(), usegmt=True)
        return response

    def set_ahead(self, seconds: float) -> None:
        """Set the wall clock of the daemon wrong, by so many seconds from the right time."""
        self._ahead = seconds
        self._write()

    def set_free(self, free_bytes: int) -> None:
        """Set how much room the daemon finds on every disk."""
        if self._free_bytes != free_bytes:
            self._free_bytes = float(free_bytes)
            self._write()

    def _write(self) -> None:
        assert self._file is not None
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack(_FORMAT, self._passed, self._ahead, self._free_bytes))  # in place: it is mapped


def _freed_bytes(folder: str, paths: Iterable[str]) -> int:
    found = [(Path(folder) / path).lstat() for path in paths]
    return sum(one.st_size for one in found if stat.S_ISREG(one.st_mode) and one.st_nlink == 1)


def _main() -> int:
    with (Path(os.environ["MISBEHAVE"]) / FILE).open("r+b") as file:
        shared = mmap(file.fileno(), struct.calcsize(_FORMAT))

    def wall() -> float:
        return _right() + float(sum(struct.unpack(_FORMAT, shared[:])[:2]))

    def monotonic() -> float:
        return time.monotonic() + float(struct.unpack_from(_FORMAT, shared)[0])

    usage = shutil.disk_usage

    def disk_usage(path: str) -> tuple[int, int, int]:
        found, free_bytes = usage(path), int(struct.unpack(_FORMAT, shared[:])[2])
        return found if free_bytes < 0 else type(found)(found.total, found.used, free_bytes)

    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds < _SHORT_SECONDS:
            await sleep(seconds)
            return
        due = monotonic() + seconds
        while (left := due - monotonic()) > 0:
            await sleep(min(left, _STEP_SECONDS))

    async def wait(wake: asyncio.Event, seconds: float) -> None:
        due = monotonic() + seconds
        await sleep(min(seconds, 1.0))
        while not wake.is_set() and (left := due - monotonic()) > 0:
            await sleep(min(left, _STEP_SECONDS))

    time.time = wall  # before anything of qbitrr is loaded, which keeps the function
    asyncio.sleep = pause  # type: ignore[assignment]
    shutil.disk_usage = disk_usage  # type: ignore[assignment]
    from functools import partial

    from qbitrr import clock
    from qbitrr.worker import file_systems

    file_systems.freed_bytes = _freed_bytes  # before it is used elsewhere
    from qbitrr.worker.torrents import room
    from qbitrr.worker.torrents.actions import room as room_actions

    room.CHOICE_SECONDS = room_actions._LATER_SECONDS = _SOON_SECONDS
    from qbitrr.cli import main
    from qbitrr.worker import jobs, report
    from qbitrr.worker.torrents import strikes
    from supervisor import workers

    right = partial(clock.Clock, monotonic=time.monotonic)
    report.Clock = workers.Clock = right  # type: ignore[attr-defined, assignment]
    clock.Clock.__init__.__defaults__ = (wall, monotonic)
    jobs._wait = wait
    strikes._LEAST_GAP_SECONDS = _LONGEST_LEAP_SECONDS
    return main.main()


if __name__ == "__main__":
    sys.exit(_main())
