"""Memory of the supervisor with many open pages: each goes through the views and then stays, with its event stream."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon

if TYPE_CHECKING:
    from benchmarks.report import Report

PAGES = 20
GROWTH_PROMISE_MB = 10.0
SETTLING_SECONDS = 20.0
SECTIONS = (Section("Radarr-HD", "radarr", 10_000), Section("Sonarr-TV", "sonarr", 200, episodes=10_000))
_FIRST = ("web/meta", "web/config", "health", "web/inbox", "web/status", "web/processes", "web/qbittorrents")
_VIEWS = (
    "web/activity?days=14",
    "web/decisions?limit=50",
    "web/torrents?limit=100",
    "web/arr",
    "web/radarr/radarr-hd/movies?page_size=50",
    "web/sonarr/sonarr-tv/series?page_size=25",
    "web/arr/radarr-hd/search-plan",
    "web/config/schema",
    "web/config/history",
    "web/logs/Main.log/at?time=2020-01-01T00:00:00Z",
    "web/sessions",
    "web/backups",
)
_ANSWERS = (200, 404, 503)  # some have no poster, and the first plan may not be made yet
_FILE = re.compile(r'(?:href|src)="(ui/[^"]+)"')


def run(report: Report) -> None:
    report.heading(f"{PAGES} open pages: 10,000 movies, 10,000 episodes")
    asyncio.run(_run(report))


async def _run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(SECTIONS) as sandbox, Daemon(Path(folder), sandbox.config_toml()) as daemon:
            await daemon.all_running()
            await asyncio.sleep(3 * SETTLING_SECONDS)  # libraries are read, the first torrents decided
            supervisor = psutil.Process(daemon.pid)
            before = supervisor.memory_full_info().uss
            async with AsyncExitStack() as stack:
                for number in range(PAGES):
                    await _open(daemon, number, stack)
                await asyncio.sleep(SETTLING_SECONDS)
                grown = supervisor.memory_full_info().uss - before
            report.line("memory of the supervisor without a page", before / 1e6, "MB")
            report.line(f"growth with {PAGES} pages", grown / 1e6, "MB", GROWTH_PROMISE_MB)


async def _open(daemon: Daemon, number: int, stack: AsyncExitStack) -> None:
    """Read what a browser reads that opens the page and goes through its views; its stream stays until the end."""
    connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number + 1}", 0), limit=6)
    session = await stack.enter_async_context(aiohttp.ClientSession(f"{daemon.url}/", connector=connector))
    async with session.get("ui") as response:
        files = _FILE.findall(await response.text())
    await asyncio.gather(*(_read(session, path) for path in (*files, *_FIRST)))
    await stack.enter_async_context(session.get("web/events"))
    for path in _VIEWS:
        await _read(session, path)
    await asyncio.gather(*(_read(session, f"web/arr/radarr-hd/posters/{movie}") for movie in range(1, 51)))


async def _read(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path) as response:
        await response.read()
        if response.status not in _ANSWERS:
            raise RuntimeError(f"{path} was answered with {response.status}")
