"""A worker with up to 5,000 seeding torrents: CPU and requests of a pass."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.one_worker import opened
from benchmarks.stand_ins import NOW, services
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

if TYPE_CHECKING:
    from benchmarks.report import Report
    from qbitrr.sandbox.sandbox import Sandbox
    from qbitrr.worker.torrents.loop import TorrentLoop

SIZES = (200, 2_000, 5_000)
PASSES = 50
ROWS = [
    {"URI": "private.org", "HitAndRunMode": "and", "MinSeedRatio": 2.0, "MinSeedingTimeDays": 14, "AddTags": ["p"]},
    {"URI": "open.example", "MaxUploadRatio": 3.0, "UploadRateLimit": 100, "AddTags": ["o"]},
    {"URI": "more.example", "AddTrackerIfMissing": True},
]
SEEDING = {"RemoveTorrent": 4, "MaxUploadRatio": 5.0, "MaxSeedingTime": "60d", "RemoveDeadTrackers": True}
REQUESTS_PROMISE = 1.01
PASS_PROMISE_MS = 50.0
FIRST_PROMISE_SECONDS = 1.5


class Passes(NamedTuple):
    """CPU seconds of the first pass and of an idle one, and requests of an idle one: all, and for trackers or files."""

    first: float
    idle: float
    requests: float
    details: float


def run(report: Report) -> None:
    report.heading("Seeding torrents, with tracker rows, hit-and-run minimums and seeding limits")
    passes = {number: _measured(number) for number in SIZES}
    for number, costs in passes.items():
        large, name = number == SIZES[-1], f"{number:,} torrents: "
        promise = FIRST_PROMISE_SECONDS if large else None
        report.line(f"{name}CPU of the first pass, in which all are judged", costs.first, "s", promise)
        report.line(f"{name}CPU of an idle pass", 1000 * costs.idle, "ms", PASS_PROMISE_MS if large else None)
        report.line(f"{name}requests to qBittorrent in an idle pass", costs.requests, "", REQUESTS_PROMISE)
        report.line(f"{name}of them for trackers or files", costs.details, "")
    report.growth("CPU of an idle pass", {number: costs.idle for number, costs in passes.items()})


def _measured(number: int) -> Passes:
    changes = {"Radarr-HD": {"Torrent": {"Trackers": ROWS, "SeedingMode": SEEDING}}}
    with services(lambda sandbox: _add_torrents(sandbox, number), changes) as (sandbox, text):
        return asyncio.run(_passes(sandbox, text))


def _add_torrents(sandbox: Sandbox, torrents: int) -> None:
    client = sandbox.world.client
    for number in range(torrents):
        is_open = number % 2
        host = "t.open.example" if is_open else "tracker.private.org"
        torrent = Torrent(
            infohash=f"{number:040x}",
            name=f"Some.Movie.{number}",
            category="radarr-hd",
            save_path="/downloads/radarr-hd",
            files=[TorrentFile(f"Some.Movie.{number}.mkv", 4_000_000_000)],
            fate=Fate(),
            added_on=NOW - 86400,
            tracker=f"http://{host}/announce",
            clock=NOW,
            tags={"qBitrr-imported", "o" if is_open else "p"},
            progress=1.0,
            completion_on=NOW - 80000,
            upload_limit=102_400 if is_open else 0,
            more_trackers=["http://more.example/announce"],
        )
        client.add(torrent)


async def _passes(sandbox: Sandbox, text: str) -> Passes:
    async with AsyncExitStack() as stack:
        loop = await opened(stack, text)
        first = await _cpu(loop)
        await loop.one_pass()
        sandbox.qbittorrent.requests.clear()
        idle = sum([await _cpu(loop) for _ in range(PASSES)]) / PASSES
        requests = Counter(request.path.removeprefix("/api/v2/") for request in sandbox.qbittorrent.requests)
    details = requests["torrents/trackers"] + requests["torrents/files"]
    return Passes(first, idle, requests.total() / PASSES, details / PASSES)


async def _cpu(loop: TorrentLoop) -> float:
    before = time.thread_time()
    await loop.one_pass()
    await loop.seeding.ask_trackers()
    return time.thread_time() - before
