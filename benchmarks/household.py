"""The daemon in a large household: time until everything is readable, memory, CPU when idle."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.processes import config_of, get, start
from benchmarks.report import heading, line

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
        _until_idle(daemon)
        tree = _tree(daemon)
        line(f"memory of {len(tree)} processes (PSS)", _pss_mb(tree), "MB", MEMORY_PROMISE_MB)
        before, at = _cpu_seconds(tree), time.monotonic()
        time.sleep(STEADY_SECONDS)
        percent = 100 * (_cpu_seconds(tree) - before) / (time.monotonic() - at)
        line(f"CPU in {STEADY_SECONDS:g} idle seconds", percent, "% core", CPU_PROMISE_PERCENT)
        line("memory after them (PSS)", _pss_mb(tree), "MB", MEMORY_PROMISE_MB)
        for process in tree:
            line(f"  {process.pid} {_title(process)}", _pss_mb([process]), "MB")
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


def _until_idle(daemon: subprocess.Popen[bytes]) -> None:
    """Wait until the processes use next to no CPU: the sync and what follows it are over."""
    while True:
        tree = _tree(daemon)
        before = _cpu_seconds(tree)
        time.sleep(6)
        if _cpu_seconds(tree) - before < 0.3:
            return


def _tree(daemon: subprocess.Popen[bytes]) -> list[psutil.Process]:
    parent = psutil.Process(daemon.pid)
    return [parent, *parent.children(recursive=True)]


def _pss_mb(processes: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _title(process: psutil.Process) -> str:
    name = process.name()
    return name if name.startswith("qb ") else " ".join(process.cmdline())[-40:]
