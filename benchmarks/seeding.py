"""A worker whose torrents only seed: what a pass costs, and how many requests it makes."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.report import heading, line
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile
from qbitrr.sandbox.serve import Sandbox, Section
from qbitrr.state import migrate
from qbitrr.state.database import FILE_NAME, open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.configuration import worker_configs
from qbitrr.worker.link import Link
from qbitrr.worker.report import Report
from qbitrr.worker.services import connect
from qbitrr.worker.watch import Watch

TORRENTS = 5_000
PASSES = 50
NOW = 1_790_000_000.0  # it stands still: real programs are silent about torrents that only get older
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
    ready: Future[tuple[Sandbox, str]] = Future()
    loop, end = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(ready, end),), daemon=True)
    thread.start()
    asyncio.run(_measure(*ready.result(60)))
    loop.call_soon_threadsafe(end.set)
    thread.join()


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


async def _serve(ready: Future[tuple[Sandbox, str]], end: asyncio.Event) -> None:
    """The services, on a loop of their own, so that what they cost is not counted."""
    arr = Section("Radarr-HD", "radarr", 10)
    async with Sandbox([arr], has_past=False, clock=lambda: NOW, qbittorrent_version="5.3.0") as sandbox:
        _add_torrents(sandbox)
        text = sandbox.config_toml({"Radarr-HD": {"Torrent": {"Trackers": ROWS, "SeedingMode": SEEDING}}})
        ready.set_result((sandbox, text))
        await end.wait()


async def _measure(sandbox: Sandbox, text: str) -> None:
    async with AsyncExitStack() as stack:
        watch = await _opened(stack, text)
        before = time.thread_time()
        await watch.one_pass()
        await watch.look_at_trackers()
        line("CPU of the first pass, in which all are judged", time.thread_time() - before, "s", FIRST_PROMISE_SECONDS)
        await watch.one_pass()
        sandbox.qbittorrent.requests.clear()
        before = time.thread_time()
        for _ in range(PASSES):
            await watch.one_pass()
            await watch.look_at_trackers()
        spent = 1000 * (time.thread_time() - before) / PASSES
        asked = Counter(request.path.removeprefix("/api/v2/") for request in sandbox.qbittorrent.requests)
    line("requests to qBittorrent in an idle pass", sum(asked.values()) / PASSES, "", REQUESTS_PROMISE)
    line("  of them for trackers or files", (asked["torrents/trackers"] + asked["torrents/files"]) / PASSES, "")
    line("CPU of an idle pass", spent, "ms", PASS_PROMISE_MS)


async def _opened(stack: AsyncExitStack, text: str) -> Watch:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    migrate.prepare(folder / FILE_NAME)
    config = worker_configs(load_text(text, {}).config, str(folder / FILE_NAME), None)[0]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.callback(theirs.close)
    ours.setblocking(False)
    link = Link(ours)
    stack.callback(link.close)
    database = await stack.enter_async_context(open_writer(folder / FILE_NAME))
    services = await stack.enter_async_context(connect(config, LoginRegister(database, folder / "lock", Clock())))
    watch = Watch(config, services, database, Report(link), Clock())
    stack.push_async_callback(watch.close)
    await watch.begin()
    return watch
