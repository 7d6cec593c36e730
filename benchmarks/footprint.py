"""What the daemon costs in homes in which nothing happens: memory, CPU, writes, start and stop by number of Arrs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import config_of, costs, get, processes_of, pss_megabytes, start, until_idle

if TYPE_CHECKING:
    from benchmarks.report import Report

ARRS = (1, 2, 12, 50)
MEASURED_SECONDS = 45.0
WITH_SAVES_SECONDS = 310.0  # what is saved now and then is saved in it once at least
# promised for two Arrs with ten torrents, and for fifty with 250
CPU_PROMISE_SECONDS, PARENT_PROMISE_SECONDS, WRITES_PROMISE_MB = 0.15, 0.05, 1.0
MEMORY_PROMISE_MB, WORKER_PROMISE_MB = {2: 65.0, 50: 500.0}, 8.0
READY_PROMISE_SECONDS, STOP_PROMISE_SECONDS = 3.0, 2.0


class Home(NamedTuple):
    """Seconds until all workers are ready and until all have stopped, CPU seconds in a minute, megabytes (PSS)."""

    ready: float
    cpu: float
    memory: float
    stop: float


def run(report: Report) -> None:
    report.heading("Homes in which nothing happens")
    homes = {number: _measured(report, number) for number in ARRS}
    one_more = (homes[ARRS[-1]].memory - homes[ARRS[1]].memory) / (ARRS[-1] - ARRS[1])
    report.line("memory of one more worker (PSS)", one_more, "MB", WORKER_PROMISE_MB)
    report.growth("until all workers are ready", {number: home.ready for number, home in homes.items()})
    report.growth("CPU", {number: home.cpu for number, home in homes.items()})
    report.growth("until all have stopped", {number: home.stop for number, home in homes.items()})


def _measured(report: Report, number: int) -> Home:
    command = [sys.executable, "-m", "benchmarks.quiet_services", str(number)]
    with tempfile.TemporaryDirectory() as folder:
        services = start(command, subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            return _daemon(report, number, folder)
        finally:
            services.terminate()
            services.wait()


def _daemon(report: Report, number: int, folder: str) -> Home:
    started_at = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
    try:
        _until_ready()
        ready = time.monotonic() - started_at
        name, small, large = f"{number} Arrs: ", number == ARRS[1], number == ARRS[-1]
        report.line(f"{name}all workers ready after", ready, "s", READY_PROMISE_SECONDS if large else None)
        until_idle(daemon)
        tree = processes_of(daemon)
        used = costs(tree, WITH_SAVES_SECONDS if large else MEASURED_SECONDS)
        report.line(f"{name}CPU", used.all, "s/min", CPU_PROMISE_SECONDS if small else None)
        report.line(f"{name}CPU of the supervisor", used.parent, "s/min", PARENT_PROMISE_SECONDS if small else None)
        if large:
            report.line(f"{name}written to disk", used.written, "MB/min", WRITES_PROMISE_MB)
        memory = pss_megabytes(tree)
        report.line(f"{name}memory of all processes (PSS)", memory, "MB", MEMORY_PROMISE_MB.get(number))
        stopped_at = time.monotonic()
        daemon.terminate()
        daemon.wait()
        stop = time.monotonic() - stopped_at
        report.line(f"{name}stopped after", stop, "s", STOP_PROMISE_SECONDS if large else None)
        return Home(ready, used.all, memory, stop)
    finally:
        daemon.kill()
        daemon.wait()


def _until_ready() -> None:
    while True:
        try:
            workers = get("/web/processes")["processes"]
            if workers and all(worker["state"] in ("running", "waiting") for worker in workers):
                return
        except OSError:
            pass
        time.sleep(0.05)
