"""What the daemon costs in homes in which nothing happens: memory, CPU, writes, start and stop by number of Arrs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import config_of, get, processes_of, pss_megabytes, start, until_idle
from benchmarks.report import heading, line

if TYPE_CHECKING:
    import psutil

ARRS = (1, 2, 12, 50)
MEASURED_SECONDS = 60.0
# promised for two Arrs with ten torrents, and for fifty
CPU_PROMISE_SECONDS, PARENT_PROMISE_SECONDS, WRITES_PROMISE_MB = 0.15, 0.05, 1.0
MEMORY_PROMISE_MB, WORKER_PROMISE_MB = {2: 65.0, 50: 500.0}, 8.0
READY_PROMISE_SECONDS, STOP_PROMISE_SECONDS = 3.0, 2.0


class Costs(NamedTuple):
    """Seconds of CPU in a minute, and mebibytes written in it, of the supervisor and of all its processes."""

    parent: float
    all: float
    written: float


def run() -> None:
    heading("Homes in which nothing happens")
    memory = {number: _measured(number) for number in ARRS}
    one_more = (memory[ARRS[-1]] - memory[ARRS[1]]) / (ARRS[-1] - ARRS[1])
    line("memory of one more worker (PSS)", one_more, "MB", WORKER_PROMISE_MB)


def _measured(number: int) -> float:
    """Measure a daemon with so many Arrs; returns the memory of its processes in megabytes."""
    command = [sys.executable, "-m", "benchmarks.quiet_services", str(number)]
    with tempfile.TemporaryDirectory() as folder:
        services = start(command, subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            return _daemon(number, folder)
        finally:
            services.terminate()
            services.wait()


def _daemon(number: int, folder: str) -> float:
    started_at = time.monotonic()
    daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
    try:
        _until_ready()
        name, large = f"{number} Arrs: ", number == ARRS[-1]
        line(
            f"{name}all workers ready after",
            time.monotonic() - started_at,
            "s",
            READY_PROMISE_SECONDS if large else None,
        )
        until_idle(daemon)
        tree = processes_of(daemon)
        costs = _costs(tree)
        small = number == ARRS[1]
        line(f"{name}CPU", costs.all, "s/min", CPU_PROMISE_SECONDS if small else None)
        line(f"{name}CPU of the supervisor", costs.parent, "s/min", PARENT_PROMISE_SECONDS if small else None)
        line(f"{name}written to disk", costs.written, "MB/min", WRITES_PROMISE_MB)
        memory = pss_megabytes(tree)
        line(f"{name}memory of {len(tree)} processes (PSS)", memory, "MB", MEMORY_PROMISE_MB.get(number))
        stopped_at = time.monotonic()
        daemon.terminate()
        daemon.wait()
        line(f"{name}stopped after", time.monotonic() - stopped_at, "s", STOP_PROMISE_SECONDS if large else None)
        return memory
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


def _costs(tree: list[psutil.Process]) -> Costs:
    before = [(sum(process.cpu_times()[:2]), process.io_counters().write_bytes) for process in tree]
    time.sleep(MEASURED_SECONDS)
    after = [(sum(process.cpu_times()[:2]), process.io_counters().write_bytes) for process in tree]
    cpu = [now[0] - then[0] for now, then in zip(after, before, strict=True)]
    written = sum(now[1] - then[1] for now, then in zip(after, before, strict=True))
    return Costs(cpu[0], sum(cpu), written / 1e6)
