"""The largest libraries: time and requests of a full sync and of a change, memory of a worker, size of the state."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.processes import config_of, cpu_seconds, get, peak_megabytes, start, state_megabytes, worker_of
from qbitrr.data_dir import DataDir
from tests.support.polling import until_sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.report import Report

MOVIES = "/web/radarr/radarr-hd/movies"
SERIES = "/web/sonarr/sonarr-tv/series"
PEAK_PROMISE_MB = 200.0
# the episodes of a series with more than a few files are two requests: see qbitrr.arr.library
FULL_SYNC_PROMISE = 1 + 2 * 500 + 20
MOVIES_SYNC_PROMISE = 1 + 100_000 // 400 + 20  # the list, and files in parts for their scores
CHANGE_PROMISE = 4 + 1
CHANGE_PROMISE_SECONDS = 3.0
LONGEST_SECONDS = 600.0


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
        report.line("requests of a full sync of 500 series", _say(services)["Sonarr-TV"], "", FULL_SYNC_PROMISE)
        _change(report, services, "an episode", "Sonarr-TV", SERIES)
        _until(lambda: get(f"{MOVIES}?page_size=1")["total"] == 100_000)
        report.line("100,000 movies readable after", time.monotonic() - start_time, "s")
        time.sleep(15)
        report.line("requests of a full sync of 100,000 movies", _say(services)["Radarr-HD"], "", MOVIES_SYNC_PROMISE)
        _change(report, services, "a movie", "Radarr-HD", MOVIES)
        for worker in get("/web/processes")["processes"]:
            peak = peak_megabytes(psutil.Process(worker["pid"]))
            report.line(f"peak memory of {worker['category']}", peak, "MB", PEAK_PROMISE_MB)
            report.line(f"memory of {worker['category']} now", worker["rss"] / 1e6, "MB")
        report.line("size of the state", state_megabytes(DataDir(Path(folder))), "MB")
    finally:
        daemon.terminate()
        daemon.wait()


def _change(report: Report, services: subprocess.Popen[bytes], what: str, section: str, path: str) -> None:
    """Take something out of monitoring in the Arr, and wait until the daemon shows it."""

    def monitored() -> int:
        return int(get(f"{path}?page_size=1")["counts"]["monitored"])

    worker, before, started = worker_of(section.lower()), monitored(), time.monotonic()
    cpu, requests = cpu_seconds([worker]), _say(services, section)[section]
    _until(lambda: monitored() < before)
    seconds = time.monotonic() - started
    time.sleep(5)
    report.line(f"readable after {what} changed", seconds, "s", CHANGE_PROMISE_SECONDS)
    report.line(f"CPU of the worker after {what} changed", 1000 * (cpu_seconds([worker]) - cpu), "ms")
    report.line(f"requests after {what} changed", _say(services)[section] - requests, "", CHANGE_PROMISE)


def _until(holds: Callable[[], bool]) -> None:
    until_sync(lambda: _holds(holds), LONGEST_SECONDS, "a library")


def _holds(holds: Callable[[], bool]) -> bool:
    """Whether it holds; not while there is no answer."""
    with suppress(OSError):
        return holds()
    return False


def _say(services: subprocess.Popen[bytes], line: str = "") -> dict[str, int]:
    """Have the services change something; returns how many requests each Arr received before."""
    assert services.stdin is not None
    assert services.stdout is not None
    services.stdin.write(f"{line}\n".encode())
    services.stdin.flush()
    return dict(json.loads(services.stdout.readline()))
