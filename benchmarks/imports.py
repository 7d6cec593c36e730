"""From the end of a download to the library: real transfers between two qBittorrents, a sandboxed Arr for each case.

Times are those of a user: from the moment at which qBittorrent shows that nothing is left of it until the Arr has the
file of every item. The Arr itself needs half a second of them.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.report import quantile
from qbitrr.sandbox.life.commands import SCANS
from qbitrr.sandbox.life.searching import release_named
from qbitrr.sandbox.life.settings import PathMapping
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import real
from tests.support.torrents import make_torrent
from tests.support.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.report import Report
    from qbitrr.sandbox.life.arr import Arr
    from tests.support.torrents import Torrent

MEDIAN_PROMISE_SECONDS = 1.0
P99_PROMISE_SECONDS = 2.5
REQUESTS_PROMISE = 5.001
DOWNLOADS = 30  # of each case
PACK = 8
EVERY_SECONDS = 0.75
LONGEST_SECONDS = 60.0
SETTLE_SECONDS = 75.0
QUIET_SECONDS = 60.0
POLL_SECONDS = 0.02
PLAIN, MAPPED, SCANNED, PACKS = "plain", "with a remote path mapping", "without completed download handling", "packs"
SECTIONS = {
    PLAIN: Section("Radarr-HD", "radarr", 200, has_client=False),
    MAPPED: Section("Radarr-Mapped", "radarr", 200, has_client=False),
    SCANNED: Section("Radarr-Off", "radarr", 200, has_client=False),
    PACKS: Section("Sonarr-TV", "sonarr", 100, episodes=6_000, has_client=False),
}
RATES = (0, 150_000, 300_000, 600_000)
"""Upload limits of the seeding client, in bytes per second: downloads take a moment, or some seconds."""


class Download(NamedTuple):
    """One torrent, and what it is for."""

    case: str
    torrent: Torrent
    items: Sequence[Any]
    rate: int


def run(report: Report) -> None:
    report.heading(
        f"Imports: {DOWNLOADS} real downloads of each of four Arrs, one every {EVERY_SECONDS:g} s, default pauses"
    )
    program = newest_qbittorrent()
    if program is None:
        report.missing(
            "from the end of a download to the library", "there is no qbittorrent-nox: `make test` brings it"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(report, program, Path(folder)))


def newest_qbittorrent() -> Path | None:
    """The newest qbittorrent-nox of those that `make test` fetches."""
    cache = Path(os.environ.get("QBITRR_TEST_CACHE") or ".cache") / "qbittorrent"
    return max(cache.glob("*/qbittorrent-nox"), default=None)


async def _measure(report: Report, program: Path, folder: Path) -> None:
    async with AsyncExitStack() as stack:
        tracker = await stack.enter_async_context(Tracker())
        seeder = await stack.enter_async_context(QbittorrentNox(program, folder / "seeder"))
        client = await stack.enter_async_context(QbittorrentNox(program, folder / "client"))
        await client.post("app/setPreferences", json='{"refresh_interval": 1500}')  # as it comes
        sandbox = await stack.enter_async_context(Sandbox(list(SECTIONS.values()), has_past=False))
        mirror = await stack.enter_async_context(real(client))
        for case, section in SECTIONS.items():
            arr = sandbox.world.arrs[section.name]
            arr.connect(mirror)
            await client.create_category(section.category, client.downloads / section.category)
            _set(arr, case, client.downloads)
        downloads = _downloads(sandbox, seeder, tracker)
        for one in downloads:
            await seeder.add(one.torrent.data, upLimit=str(one.rate))
        for one in downloads:
            await seeder.wait_for_state(one.torrent.infohash, "stalledUP", "uploading", seconds=120)
        daemon = await stack.enter_async_context(Daemon(folder / "data", _config(sandbox, client)))
        await daemon.all_running()
        await asyncio.sleep(5)  # the first sync is over
        took = await Measurement(sandbox, client, downloads).run()
        await _add_times(report, daemon, sandbox, downloads, took)
        await _add_quiet_times(report, sandbox)


def _set(arr: Arr, case: str, downloads: Path) -> None:
    """Give an Arr the settings of its case."""
    if case == MAPPED:
        mapping = PathMapping(f"{downloads}/", "/data/torrents/")
        arr.settings.mounts, arr.settings.path_mappings = [mapping], [mapping]
    arr.settings.completed_download_handling = case != SCANNED


def _downloads(sandbox: Sandbox, seeder: QbittorrentNox, tracker: Tracker) -> list[Download]:
    """Releases of items that the libraries lack, one of each case in turns."""
    rng, made = random.Random(1), []
    for place, (case, section) in enumerate(SECTIONS.items()):
        arr = sandbox.world.arrs[section.name]
        groups = _groups(arr, PACK if case == PACKS else 1)[place::4]  # the libraries are alike
        for number, items in enumerate(groups[:DOWNLOADS]):
            for item in items:
                item.file = None
            name = arr.offer(items).title
            size = rng.randint(500_000, 3_000_000) // len(items)
            paths = [path.removeprefix(f"{name}/") for path in arr.collection.contents(items, name)]
            files = {path: 700 if path.endswith(".nfo") else size for path in paths}
            torrent = make_torrent(seeder.downloads, name, files, announce=tracker.url)
            made.append((number, Download(case, torrent, items, RATES[number % len(RATES)])))
    return [one for _, one in sorted(made, key=lambda pair: pair[0])]


def _groups(arr: Arr, size: int) -> list[Sequence[Any]]:
    groups = [list(items)[:size] for items in arr.collection.named_groups() if len(items) >= size]
    return [items for items in groups if all(arr.collection.is_out(item, arr.now) for item in items)]


def _config(sandbox: Sandbox, client: QbittorrentNox) -> str:
    arr = {
        "RssSyncTimer": 15,
        "RefreshDownloadsTimer": 5,
        "EntrySearch": {"SearchMissing": False},
        "Torrent": {"VerifyMedia": False, "StalledDelay": "15m"},  # the media are random bytes
    }
    qbit = {"Port": client.web_port, "UserName": client.username, "Password": client.password}
    return sandbox.config_toml(
        {"Settings": {"LoopSleepTimer": 5}, "qBit": qbit, **{one.name: arr for one in SECTIONS.values()}}
    )


class Measurement:
    """Adds the downloads one after the other, and notes when each was complete and when it was imported."""

    def __init__(self, sandbox: Sandbox, client: QbittorrentNox, downloads: list[Download]) -> None:
        self._sandbox = sandbox
        self._client = client
        self._downloads = downloads
        self._completed: dict[str, float] = {}
        self._imported: dict[str, float] = {}

    async def run(self) -> dict[str, float]:
        """Seconds from complete to imported by infohash; what did not come counts with the longest time."""
        watching = [asyncio.create_task(self._watch_client()), asyncio.create_task(self._watch_arrs())]
        try:
            for one in self._downloads:
                await self._add(one)
                await asyncio.sleep(EVERY_SECONDS)
            with suppress(AssertionError):  # what is missing is counted
                await until(lambda: len(self._imported) == len(self._downloads), LONGEST_SECONDS, "all imported")
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        return {
            infohash: self._imported[infohash] - self._completed[infohash]
            if infohash in self._imported
            else LONGEST_SECONDS
            for infohash in (one.torrent.infohash for one in self._downloads)
        }

    async def _add(self, one: Download) -> None:
        """As an Arr grabs a release: first it is in the client, then in its history."""
        section, torrent = SECTIONS[one.case], one.torrent
        folder = str(self._client.downloads / section.category)
        await self._client.add(torrent.data, category=section.category, savepath=folder)
        arr = self._sandbox.world.arrs[section.name]
        arr.note_grab([item.id for item in one.items], release_named(arr.kind, torrent.name, torrent.infohash))

    async def _watch_client(self) -> None:
        rid = 0
        while True:
            answer = await self._client.get("sync/maindata", rid=str(rid))
            rid = answer["rid"]
            for infohash, row in answer.get("torrents", {}).items():
                if row.get("amount_left") == 0 and row.get("size", 1) > 0:
                    self._completed.setdefault(infohash, time.monotonic())
            await asyncio.sleep(POLL_SECONDS)

    async def _watch_arrs(self) -> None:
        while True:
            for one in self._downloads:
                if one.torrent.infohash not in self._imported and all(item.file is not None for item in one.items):
                    self._imported[one.torrent.infohash] = time.monotonic()
            await asyncio.sleep(POLL_SECONDS)


async def _add_times(
    report: Report, daemon: Daemon, sandbox: Sandbox, downloads: list[Download], took: dict[str, float]
) -> None:
    for case in SECTIONS:
        seconds = [took[one.torrent.infohash] for one in downloads if one.case == case]
        report.line(f"imported after, {case}: median", statistics.median(seconds), "s", MEDIAN_PROMISE_SECONDS)
        report.line(f"imported after, {case}: 99 %", quantile(seconds, 0.99), "s", P99_PROMISE_SECONDS)
    report.line("imported after, all: 99 %", quantile(list(took.values()), 0.99), "s", P99_PROMISE_SECONDS)
    late = sum(seconds >= LONGEST_SECONDS for seconds in took.values())
    report.line(f"not imported within {LONGEST_SECONDS:g} s", late, "", 1)
    await asyncio.sleep(5)  # what was imported last gets its tag
    failed = [one for one in await daemon.decisions() if one["action"] == "import" and one["state"] == "failed"]
    report.line("imports that the ledger shows as failed", len(failed), "", 1)
    handled = [section.name for case, section in SECTIONS.items() if case != SCANNED]
    report.line("scans of Arrs with completed download handling", sum(_scans(sandbox, name) for name in handled), "", 1)
    report.line("scans without it, per download", _scans(sandbox, SECTIONS[SCANNED].name) / DOWNLOADS, "", 1.001)


def _scans(sandbox: Sandbox, section: str) -> int:
    stand_in = sandbox.arrs[section]
    commands = [one for one in stand_in.requests if one.method == "POST" and one.path.endswith("/command")]
    return sum(one.body["name"] == SCANS[stand_in.kind] for one in commands)


async def _add_quiet_times(report: Report, sandbox: Sandbox) -> None:
    await asyncio.sleep(SETTLE_SECONDS)
    before = {name: _requests(sandbox, name) for name in sandbox.arrs}
    await asyncio.sleep(QUIET_SECONDS)
    for name, counts in before.items():
        per_minute = (_requests(sandbox, name) - counts).total() * 60 / QUIET_SECONDS
        report.line(f"requests per minute to {name} in quiet times", per_minute, "", REQUESTS_PROMISE)


def _requests(sandbox: Sandbox, section: str) -> Counter[str]:
    return Counter({route: n for route, n in sandbox.arrs[section].counts.items() if "signalr" not in route})
