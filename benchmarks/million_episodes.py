"""A million episodes: full syncs and one by change, at three sizes: time, CPU, requests, memory, size of the state."""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.many_series import EPISODES, SONARR
from benchmarks.processes import (
    config_of,
    cpu_seconds,
    get,
    peak_megabytes,
    post,
    start,
    state_megabytes,
    worker_of,
)
from qbitrr.data_dir import DataDir
from tests.support.polling import until_sync

if TYPE_CHECKING:
    import psutil

    from benchmarks.report import Report

SIZES = (10_000, 30_000, 100_000, 1_000_000)
PEAK_PROMISE_MB = 200.0
OTHER_REQUESTS = 20  # of a full sync, beside two of each series (see qbitrr.arr.library)
CHANGE_PROMISE_SECONDS = 3.0
CHANGE_PROMISE_REQUESTS = 6  # the series, its files, its episodes, the profiles, and what comes once in a while
LONGEST_SECONDS = 600.0
SETTLING_SECONDS = 3.0
CHANGES = 3


class Cost(NamedTuple):
    """Seconds of time, seconds of the worker's CPU, and requests to the Sonarr."""

    seconds: float
    cpu: float
    requests: float


class Syncs(NamedTuple):
    """The first full sync, one that finds nothing changed, one by change; megabytes of the worker and of the state.

    The largest library is read in full once only, as that takes minutes.
    """

    first: Cost
    again: Cost | None
    change: Cost
    peak: float
    state: float


def run(report: Report) -> None:
    report.heading("Syncs of up to a million episodes, of series with a hundred each")
    syncs = {episodes: _measured(episodes) for episodes in SIZES}
    for episodes, one in syncs.items():
        name, large = f"{episodes:,} episodes: ", episodes == SIZES[-1]
        report.line(f"{name}readable after", one.first.seconds, "s")
        report.line(f"{name}CPU of the first full sync", one.first.cpu, "s")
        promise = 2 * episodes / EPISODES + OTHER_REQUESTS
        report.line(f"{name}requests of the first full sync", one.first.requests, "", promise)
        if one.again is not None:
            report.line(f"{name}a full sync that finds nothing changed", one.again.seconds, "s")
            report.line(f"{name}CPU of it", one.again.cpu, "s")
        report.line(f"{name}a change readable after", one.change.seconds, "s", CHANGE_PROMISE_SECONDS)
        report.line(f"{name}CPU of a change", 1000 * one.change.cpu, "ms")
        report.line(f"{name}requests of a change", one.change.requests, "", CHANGE_PROMISE_REQUESTS)
        report.line(f"{name}peak memory of the worker", one.peak, "MB", PEAK_PROMISE_MB if large else None)
        report.line(f"{name}size of the state", one.state, "MB")
    report.growth("CPU of the first full sync", {number: one.first.cpu for number, one in syncs.items()})
    again = {number: one.again.cpu for number, one in syncs.items() if one.again is not None}
    report.growth("CPU of one that finds nothing changed", again)
    report.growth("CPU of a change", {number: one.change.cpu for number, one in syncs.items()})
    report.growth("size of the state", {number: one.state for number, one in syncs.items()})


def _measured(episodes: int) -> Syncs:
    command = [sys.executable, "-m", "benchmarks.many_series", str(episodes // EPISODES)]
    with tempfile.TemporaryDirectory() as folder:
        services = start(command, subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            return _syncs(DataDir(Path(folder)), services, twice=episodes != SIZES[-1])
        finally:
            services.terminate()
            services.wait()


def _syncs(data_dir: DataDir, services: subprocess.Popen[bytes], *, twice: bool) -> Syncs:
    started = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(data_dir.folder), "run"], None)
    try:
        first_at = until_sync(lambda: _synced_at(data_dir), LONGEST_SECONDS, "the first full sync")
        seconds = time.monotonic() - started
        worker = worker_of(SONARR.category)
        time.sleep(SETTLING_SECONDS)
        first = Cost(seconds, cpu_seconds([worker]), _say(services, "count"))
        again = _again(data_dir, services, worker, first_at) if twice else None
        changes = [_change(services, worker) for _ in range(CHANGES)]
        change = Cost(*(statistics.median(numbers) for numbers in zip(*changes, strict=True)))
        return Syncs(first, again, change, peak_megabytes(worker), state_megabytes(data_dir))
    finally:
        daemon.terminate()
        daemon.wait()


def _again(data_dir: DataDir, services: subprocess.Popen[bytes], worker: psutil.Process, synced_at: float) -> Cost:
    requests, cpu, started = _say(services, "count"), cpu_seconds([worker]), time.monotonic()
    post("/web/arr/rebuild")
    until_sync(lambda: _synced_at(data_dir) > synced_at, LONGEST_SECONDS, "a second full sync")
    seconds = time.monotonic() - started
    time.sleep(SETTLING_SECONDS)
    return Cost(seconds, cpu_seconds([worker]) - cpu, _say(services, "count") - requests)


def _change(services: subprocess.Popen[bytes], worker: psutil.Process) -> Cost:
    """Take an episode out of monitoring in the Sonarr, and wait until the daemon shows it."""
    monitored, cpu, started = _monitored(), cpu_seconds([worker]), time.monotonic()
    requests = _say(services, "change")
    until_sync(lambda: _monitored() < monitored, LONGEST_SECONDS, "a change")
    seconds = time.monotonic() - started
    time.sleep(SETTLING_SECONDS)
    return Cost(seconds, cpu_seconds([worker]) - cpu, _say(services, "count") - requests)


def _monitored() -> int:
    return int(get(f"/web/sonarr/{SONARR.category}/series?page_size=1")["counts"]["monitored"])


def _say(services: subprocess.Popen[bytes], word: str) -> int:
    """Have the services do something; returns how many requests the Sonarr received before."""
    assert services.stdin is not None
    assert services.stdout is not None
    services.stdin.write(f"{word}\n".encode())
    services.stdin.flush()
    return int(services.stdout.readline())


def _synced_at(data_dir: DataDir) -> float:
    """When the library was last read in full; 0 before the first time."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(data_dir.state_file)) as database:  # not made yet
        for (at,) in database.execute("SELECT synced_at FROM catalogue WHERE category = ?", (SONARR.category,)):
            return float(at or 0)
    return 0.0
