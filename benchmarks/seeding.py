"""A worker with 5,000 seeding torrents: CPU and requests of a pass."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from benchmarks.one_worker import opened
from benchmarks.report import heading, line
from benchmarks.stand_ins import NOW, services
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

if TYPE_CHECKING:
    from qbitrr.sandbox.sandbox import Sandbox

TORRENTS = 5_000
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


def run() -> None:
    heading(f"{TORRENTS:,} seeding torrents, with tracker rows, hit-and-run minimums and seeding limits")
    changes = {"Radarr-HD": {"Torrent": {"Trackers": ROWS, "SeedingMode": SEEDING}}}
    with services(_add_torrents, changes) as (sandbox, text):
        asyncio.run(_measure(sandbox, text))


def _add_torrents(sandbox: Sandbox) -> None:
    client = sandbox.world.client
    for number in range(TORRENTS):
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


async def _measure(sandbox: Sandbox, text: str) -> None:
    async with AsyncExitStack() as stack:
        loop = await opened(stack, text)
        before = time.thread_time()
        await loop.one_pass()
        await loop.seeding.ask_trackers()
        line("CPU of the first pass, in which all are judged", time.thread_time() - before, "s", FIRST_PROMISE_SECONDS)
        await loop.one_pass()
        sandbox.qbittorrent.requests.clear()
        before = time.thread_time()
        for _ in range(PASSES):
            await loop.one_pass()
            await loop.seeding.ask_trackers()
        spent = 1000 * (time.thread_time() - before) / PASSES
        requests = Counter(request.path.removeprefix("/api/v2/") for request in sandbox.qbittorrent.requests)
    line("requests to qBittorrent in an idle pass", sum(requests.values()) / PASSES, "", REQUESTS_PROMISE)
    line("  of them for trackers or files", (requests["torrents/trackers"] + requests["torrents/files"]) / PASSES, "")
    line("CPU of an idle pass", spent, "ms", PASS_PROMISE_MS)
