"""Torrents that are to be removed when the daemon starts: until the first action, and until all are removed."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import PORT, cpu_seconds, processes_of, start, until_idle
from benchmarks.stand_ins import services
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.tempo import Tempo

if TYPE_CHECKING:
    from benchmarks.report import Report
    from qbitrr.sandbox.sandbox import Sandbox

SIZES = (100, 250, 500)
FIRST_PROMISE_SECONDS = 1.0
LONGEST_SECONDS = 120.0
DELETE = "POST /api/v2/torrents/delete"
CHANGES = {
    "Settings": {"MaxDestructiveActions": 1000, "MaxDestructiveShare": 1.0, "LoopSleepTimer": 5},
    "WebUI": {"Port": PORT},
    "Radarr-HD": {
        "EntrySearch": {"SearchMissing": False},
        "Torrent": {"SeedingMode": {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}},
    },
}


class Removals(NamedTuple):
    """Seconds from the start of the daemon to its first action and its last; CPU seconds of all processes."""

    first: float
    last: float
    cpu: float


def run(report: Report) -> None:
    report.heading("Torrents beyond their seeding limit, all found at the start")
    alone, *together = [_measured(number) for number in (1, *SIZES)]
    report.line("from the start to the first action", alone.first, "s", FIRST_PROMISE_SECONDS)
    cpu = {}
    for number, removals in zip(SIZES, together, strict=True):
        cpu[number] = removals.cpu - alone.cpu  # without that of the start
        report.line(f"{number} torrents: from the start to the first action", removals.first, "s")
        report.line(f"{number} torrents: from the first action to the last", removals.last - removals.first, "s")
        report.line(f"{number} torrents: CPU of one removal", 1000 * cpu[number] / number, "ms")
    report.growth("CPU of removals at once", cpu)


def _measured(number: int) -> Removals:
    """Start a daemon that has so many torrents to remove. TimeoutError when it does not."""
    serving = services(lambda sandbox: _add_torrents(sandbox, number), CHANGES, items=number, clock=time.time)
    with tempfile.TemporaryDirectory() as folder, serving as (sandbox, text):
        (Path(folder) / "config.toml").write_text(text)
        started = time.monotonic()
        daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
        try:
            first, asked = 0.0, 0
            while asked < number:
                time.sleep(0.005)
                asked, seconds = sandbox.qbittorrent.counts[DELETE], time.monotonic() - started
                first = first or (seconds if asked else 0.0)
                if seconds > LONGEST_SECONDS:
                    raise TimeoutError(f"{asked} of {number} torrents were deleted in {LONGEST_SECONDS:g} s")
            until_idle(daemon)
            return Removals(first, seconds, cpu_seconds(processes_of(daemon)))
        finally:
            daemon.terminate()
            daemon.wait()


def _add_torrents(sandbox: Sandbox, number: int) -> None:
    """Torrents that the Arr has imported, at a ratio of five."""
    [arr] = sandbox.world.arrs.values()
    arr.tempo = Tempo(import_download=0, import_file=0, after_import=0)
    for item in list(arr.collection.items.values())[:number]:
        item.file = None  # whatever is offered is better
        torrent = arr.grab([item], arr.offer([item]), Fate())
        torrent.progress, torrent.completion_on = 1.0, sandbox.world.now
        torrent.uploaded = 5.0 * torrent.selected_size
        torrent.tags.add("qBitrr-imported")
    arr.refresh_now()
    while arr.queue:
        sandbox.world.advance(sandbox.world.now + 1)
