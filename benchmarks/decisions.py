"""A worker with 10,000 torrents in every state: CPU of judging them, and memory."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from benchmarks.judging import Result
from benchmarks.report import heading, line
from benchmarks.stand_ins import NOW, services
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

if TYPE_CHECKING:
    from qbitrr.sandbox.sandbox import Sandbox

TORRENTS = 10_000
IDLE_PROMISE_MS = 50.0
JUDGE_PROMISE_SECONDS = 1.5
MEMORY_PROMISE_MIB = 120.0
FATES = (
    Fate(Destiny.HEALTHY, 1.0),
    Fate(Destiny.STALLED, 1.0, until=0.4),
    Fate(Destiny.NO_METADATA),
)


def run() -> None:
    heading(f"{TORRENTS:,} torrents of one category, a tenth of them downloading, stalled or without metadata")
    # nothing is tagged or removed, so that all passes are alike
    changes = {"Radarr-HD": {"Torrent": {"StalledDelay": "30d"}}, "Settings": {"Shadow": True}}
    with services(_add_torrents, changes) as (_, text):
        command = [sys.executable, "-m", "benchmarks.judging"]  # a process of its own, for its memory
        done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
    result = msgspec.json.decode(done.stdout, type=Result)
    line("CPU of the first pass, in which all become known", result.first, "s")
    line("CPU of a pass in which all are judged", result.judge, "s", JUDGE_PROMISE_SECONDS)
    line("CPU of a pass without a change", 1000 * result.idle, "ms", IDLE_PROMISE_MS)
    line("peak memory of the worker", result.memory, "MiB", MEMORY_PROMISE_MIB)


def _add_torrents(sandbox: Sandbox) -> None:
    for number in range(TORRENTS):
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
