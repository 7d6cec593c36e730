"""A worker with up to 10,000 torrents in every state: CPU of its passes, and memory."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from benchmarks.judging import Result
from benchmarks.stand_ins import NOW, services
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

if TYPE_CHECKING:
    from benchmarks.report import Report
    from qbitrr.sandbox.sandbox import Sandbox

SIZES = (200, 2_000, 10_000)
IDLE_PROMISE_MS = 50.0
JUDGE_PROMISE_SECONDS = 1.5
MEMORY_PROMISE_MIB = 120.0
FATES = (
    Fate(Destiny.HEALTHY, 1.0),
    Fate(Destiny.STALLED, 1.0, until=0.4),
    Fate(Destiny.NO_METADATA),
)


def run(report: Report) -> None:
    report.heading("Passes over the torrents of one category, a tenth of them downloading, stalled or without metadata")
    results = {number: _measured(number) for number in SIZES}
    for number, result in results.items():
        large, name = number == SIZES[-1], f"{number:,} torrents: "
        report.line(f"{name}CPU of the first pass, in which all become known", result.first, "s")
        report.line(f"{name}CPU of a pass, none changed", 1000 * result.idle, "ms", IDLE_PROMISE_MS if large else None)
        report.line(f"{name}CPU of a pass, 1 % changed", 1000 * result.few, "ms")
        report.line(f"{name}CPU of a pass, all changed", result.all, "s", JUDGE_PROMISE_SECONDS if large else None)
        report.line(f"{name}peak memory of the worker", result.memory, "MiB", MEMORY_PROMISE_MIB if large else None)
    report.growth("CPU of a pass, none changed", {number: result.idle for number, result in results.items()})
    report.growth("CPU of a pass, 1 % changed", {number: result.few for number, result in results.items()})
    report.growth("CPU of a pass, all changed", {number: result.all for number, result in results.items()})


def _measured(number: int) -> Result:
    # nothing is tagged or removed, so that all passes are alike
    changes = {"Radarr-HD": {"Torrent": {"StalledDelay": "30d"}}, "Settings": {"Shadow": True}}
    with services(lambda sandbox: _add_torrents(sandbox, number), changes) as (_, text):
        command = [sys.executable, "-m", "benchmarks.judging"]  # a process of its own, for its memory
        done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Result)


def _add_torrents(sandbox: Sandbox, torrents: int) -> None:
    for number in range(torrents):
        downloads = number % 10 == 0
        torrent = Torrent(
            infohash=f"{number:040x}",
            name=f"Some.Movie.{number}.1080p.WEB-DL-GROUP",
            category="radarr-hd",
            save_path="/downloads/radarr-hd",
            files=[TorrentFile(f"Some.Movie.{number}.mkv", 4_000_000_000)],
            fate=FATES[number // 10 % len(FATES)] if downloads else Fate(),
            added_on=NOW - 86400,
            tracker="http://tracker.example/announce",
            clock=NOW,
            tags=set() if downloads else {"qBitrr-imported"},
            progress=0.4 if downloads else 1.0,
            completion_on=None if downloads else NOW - 80000,
        )
        sandbox.world.client.add(torrent)
