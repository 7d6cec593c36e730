"""Quiet times with push, minute by minute on a scripted clock: what an Arr is asked, and what is logged."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from qbitrr import logs
from qbitrr.clock import Clock
from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, Odds
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.worker.push import PushListener
from qbitrr.worker.run import ArrParts, jobs_of
from tests.integration.qbitrr.worker.conftest import rooms
from tests.support.polling import until

START = 1_790_000_000.0
MOST_REQUESTS = 5  # in a minute
MOST_LINES = 10  # in a minute
SECTIONS = {
    "radarr": Section("Radarr-HD", "radarr", 60),
    "sonarr": Section("Sonarr-TV", "sonarr", 6, episodes=120),
    "lidarr": Section("Lidarr", "lidarr", 10),
}
TIMERS = {"RssSyncTimer": 15, "RefreshDownloadsTimer": 5}  # the defaults
NOTHING_IS_FOUND = Odds(found=0)


class Time:
    """A clock that is set by the test."""

    def __init__(self) -> None:
        self.now = 0.0

    def wall(self) -> float:
        return START + self.now

    def monotonic(self) -> float:
        return 50_000.0 + self.now


class Worker:
    """A worker of one Arr whose jobs are run when they are due, by a scripted clock; push is open."""

    def __init__(self, sandbox: Sandbox, time: Time, jobs: list) -> None:
        self.sandbox = sandbox
        self.time = time
        self._jobs = jobs
        self._due = {job.name: 0.0 if job.at_once else job.seconds for job in jobs}
        (self.arr,) = sandbox.arrs.values()

    async def live(self, minutes: float) -> None:
        """Let time pass, second by second; a job that was woken runs in the second after."""
        for _ in range(int(minutes * 60)):
            self.time.now += 1.0
            self.sandbox.world.advance(self.time.wall())
            await asyncio.sleep(0.001)  # what is pushed arrives
            for job in self._jobs:
                if job.wake.is_set() or self.time.now >= self._due[job.name]:
                    job.wake.clear()
                    await job.work()
                    self._due[job.name] = self.time.now + min(job.seconds, job.early())

    def requests(self) -> Counter[str]:
        """What the Arr was asked so far, without the websocket."""
        return Counter({route: n for route, n in self.arr.counts.items() if "signalr" not in route})


@asynccontextmanager
async def quiet_worker(kind, tmp_path, **settings):
    """A worker whose Arr has imported some downloads, which seed; nothing else is found."""
    time = Time()
    async with Sandbox([SECTIONS[kind]], has_past=False, clock=time.wall) as sandbox:
        (arr,) = sandbox.world.arrs.values()
        arr.odds = ALWAYS_HEALTHY
        arr.search([item] for item in list(arr.collection.wanted(arr.now))[:3])
        for _ in range(3600):
            time.now += 10.0
            sandbox.world.advance(time.wall())
        assert not arr.queue
        arr.odds = NOTHING_IS_FOUND
        opened = rooms(sandbox, tmp_path)
        clock = Clock(wall=time.wall, monotonic=time.monotonic)
        async with opened(clock=clock, settings=settings, arr=TIMERS) as room:
            parts = ArrParts.of(room.context, room.loop)
            listener = PushListener(room.context, parts.library, room.loop.observer, parts.settings)
            listening = asyncio.create_task(listener.run())
            (stand_in,) = sandbox.arrs.values()
            try:
                await until(lambda: stand_in.hub.listeners, 10, "push is not open")
                yield Worker(sandbox, time, jobs_of(room.context, room.loop, parts))
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("kind", SECTIONS)
async def test_an_arr_is_asked_at_most_five_times_a_minute(kind, tmp_path):
    async with quiet_worker(kind, tmp_path) as worker:
        await worker.live(minutes=3)  # the start
        before = worker.requests()
        await worker.live(minutes=10)
        asked = worker.requests() - before
        assert asked.total() <= 10 * MOST_REQUESTS, asked
        # it pushes that its queue changed after each of its polls, once a minute; the rest are of searches
        assert asked[f"GET /{worker.arr.api}/queue"] <= 20, asked


async def test_without_searches_hardly_anything_is_asked(tmp_path):
    async with quiet_worker("radarr", tmp_path, SearchesPerHour=1) as worker:
        await worker.live(minutes=3)
        before = worker.requests()
        await worker.live(minutes=10)
        assert (worker.requests() - before).total() <= 25


@pytest.fixture
def debug_log(tmp_path):
    """The lines of a log at level DEBUG; logging is as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    logs.configure("DEBUG", tmp_path / "logs", "radarr-hd.log", lambda text: text)
    yield lambda: (tmp_path / "logs" / "radarr-hd.log").read_text().splitlines()
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    for package in ("qbitrr", "supervisor", "control"):
        logging.getLogger(package).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


async def test_debug_has_our_decisions_in_at_most_ten_lines_a_minute(debug_log, tmp_path):
    async with quiet_worker("radarr", tmp_path) as worker:
        await worker.live(minutes=3)
        assert any("torrent was judged" in line for line in debug_log())
        assert any("search was sent" in line or "searched" in line for line in debug_log())
        assert not any("functools.partial" in line for line in debug_log())
        before = len(debug_log())
        await worker.live(minutes=10)
        assert len(debug_log()) - before <= 10 * MOST_LINES
