"""The largest libraries: peak memory of a worker while it reads one, and requests to the Arr."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import config_of, get, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.report import Report

MOVIES = "/web/radarr/radarr-hd/movies"
SERIES = "/web/sonarr/sonarr-tv/series"
PEAK_PROMISE_MB = 200.0
# the episodes of a series with more than a few files are two requests: see qbitrr.arr.library
FULL_SYNC_PROMISE = 1 + 2 * 500 + 10
CHANGE_PROMISE = 4 + 1


def run(report: Report) -> None:
    report.heading("Largest libraries: 100,000 movies; 500 series with 30,000 episodes")
    with tempfile.TemporaryDirectory() as folder:
        services = start([sys.executable, "-m", "benchmarks.many_movies"], subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            _measure(report, folder, services)
        finally:
            services.terminate()
            services.wait()


def _measure(report: Report, folder: str, services: subprocess.Popen[bytes]) -> None:
    start_time = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
    try:
        _until(lambda: get(f"{SERIES}?page_size=1")["total"] == 500)
        report.line("30,000 episodes readable after", time.monotonic() - start_time, "s")
        time.sleep(5)  # what comes right after a full sync is part of its cost
        before = _requests(services)
        report.line("requests of a full sync of 500 series", before, "", FULL_SYNC_PROMISE)
        time.sleep(5)
        report.line("requests after an episode changed", _requests(services) - before, "", CHANGE_PROMISE)
        _until(lambda: get(f"{MOVIES}?page_size=1")["total"] == 100_000)
        report.line("100,000 movies readable after", time.monotonic() - start_time, "s")
        time.sleep(15)
        for worker in get("/web/processes")["processes"]:
            report.line(f"peak memory of {worker['category']}", _peak_mb(worker["pid"]), "MB", PEAK_PROMISE_MB)
            report.line(f"memory of {worker['category']} now", worker["rss"] / 1e6, "MB")
    finally:
        daemon.terminate()
        daemon.wait()


def _until(holds: Callable[[], bool]) -> None:
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.1)


def _requests(services: subprocess.Popen[bytes]) -> int:
    assert services.stdin is not None
    assert services.stdout is not None
    services.stdin.write(b"\n")
    services.stdin.flush()
    return int(json.loads(services.stdout.readline())["Sonarr-TV"])


def _peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6
