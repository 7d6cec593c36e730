"""The daemon in a large household: time until everything is readable, memory, CPU when idle."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import config_of, costs, cpu_seconds, get, processes_of, pss_megabytes, start, until_idle

if TYPE_CHECKING:
    from benchmarks.report import Report

STEADY_SECONDS = 310.0  # what is saved now and then is saved in it once at least
UNTIL_COMPARED_SECONDS = 60.0  # the lists are compared once within this after a start, then every fifteen minutes
READABLE_PROMISE_SECONDS = 4.0
MEMORY_PROMISE_MB = 100.0
CPU_PROMISE_SECONDS, WRITES_PROMISE_MB = 0.3, 1.0
LISTS = {
    "/web/radarr/radarr-hd/movies": 10_000,
    "/web/radarr/radarr-4k/movies": 10_000,
    "/web/sonarr/sonarr-tv/series": 500,
    "/web/lidarr/lidarr-music/artists": 1_000,
}


def run(report: Report) -> None:
    report.heading("Large household: 20,000 movies, 30,000 episodes, 1,000 artists, 200 torrents")
    with tempfile.TemporaryDirectory() as folder:
        services = start([sys.executable, "-m", "benchmarks.large_services"], subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            _measure(report, folder)
        finally:
            services.terminate()
            services.wait()


def _measure(report: Report, folder: str) -> None:
    start_time = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
    try:
        until_readable(daemon)
        report.line("all catalogues readable after", time.monotonic() - start_time, "s", READABLE_PROMISE_SECONDS)
        tree = processes_of(daemon)
        before = cpu_seconds(tree)
        until_idle(daemon, UNTIL_COMPARED_SECONDS)
        report.line("CPU of what follows: Lidarr's files, all lists once more", cpu_seconds(tree) - before, "s")
        report.line("memory of all processes (PSS)", pss_megabytes(tree), "MB", MEMORY_PROMISE_MB)
        used = costs(tree, STEADY_SECONDS)
        report.line("CPU", used.all, "s/min", CPU_PROMISE_SECONDS)
        report.line("CPU of the supervisor", used.parent, "s/min")
        report.line("written to disk", used.written, "MB/min", WRITES_PROMISE_MB)
        report.line("memory after them (PSS)", pss_megabytes(tree), "MB", MEMORY_PROMISE_MB)
        for name, process in zip(["supervisor", *(one.name() for one in tree[1:])], tree, strict=True):
            report.line(f"  of them {name}", pss_megabytes([process]), "MB")
    finally:
        daemon.terminate()
        daemon.wait()


def until_readable(daemon: subprocess.Popen[bytes]) -> None:
    missing = dict(LISTS)
    while missing:
        if daemon.poll() is not None:
            raise RuntimeError("the daemon ended")
        for path, total in list(missing.items()):
            try:
                if get(f"{path}?page_size=1")["total"] == total:
                    del missing[path]
            except OSError:
                pass
        time.sleep(0.05)
