"""The daemon in a large household: time until everything is readable, memory, CPU when idle."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import config_of, cpu_seconds, get, processes_of, pss_megabytes, start, until_idle
from benchmarks.report import heading, line

if TYPE_CHECKING:
    import psutil

STEADY_SECONDS = 60.0
READABLE_PROMISE_SECONDS = 20.0
MEMORY_PROMISE_MB = 130.0
CPU_PROMISE_PERCENT = 1.0
LISTS = {
    "/web/radarr/radarr-hd/movies": 10_000,
    "/web/radarr/radarr-4k/movies": 10_000,
    "/web/sonarr/sonarr-tv/series": 500,
    "/web/lidarr/lidarr-music/artists": 1_000,
}


def run() -> None:
    heading("Large household: 20,000 movies, 30,000 episodes, 1,000 artists, 200 torrents")
    with tempfile.TemporaryDirectory() as folder:
        services = start([sys.executable, "-m", "benchmarks.large_services"], subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            _measure(folder)
        finally:
            services.terminate()
            services.wait()


def _measure(folder: str) -> None:
    start_time = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
    try:
        until_readable(daemon)
        line("all catalogues readable after", time.monotonic() - start_time, "s", READABLE_PROMISE_SECONDS)
        until_idle(daemon)
        tree = processes_of(daemon)
        line(f"memory of {len(tree)} processes (PSS)", pss_megabytes(tree), "MB", MEMORY_PROMISE_MB)
        before, at = cpu_seconds(tree), time.monotonic()
        time.sleep(STEADY_SECONDS)
        percent = 100 * (cpu_seconds(tree) - before) / (time.monotonic() - at)
        line(f"CPU in {STEADY_SECONDS:g} idle seconds", percent, "% core", CPU_PROMISE_PERCENT)
        line("memory after them (PSS)", pss_megabytes(tree), "MB", MEMORY_PROMISE_MB)
        for process in tree:
            line(f"  {process.pid} {_title(process)}", pss_megabytes([process]), "MB")
    finally:
        daemon.terminate()
        daemon.wait()


def until_readable(daemon: subprocess.Popen[bytes]) -> None:
    missing = dict(LISTS)
    while missing:
        if daemon.poll() is not None:
            raise SystemExit("the daemon ended")
        for path, total in list(missing.items()):
            try:
                if get(f"{path}?page_size=1")["total"] == total:
                    del missing[path]
            except OSError:
                pass
        time.sleep(0.05)


def _title(process: psutil.Process) -> str:
    name = process.name()
    return name if name.startswith("qb ") else " ".join(process.cmdline())[-40:]
