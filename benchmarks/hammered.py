"""Response times and heartbeats while sixteen clients send requests without a pause during a full sync."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.control_plane import CLIENTS
from benchmarks.household import LISTS, until_readable
from benchmarks.processes import PORT, config_of, get, start

if TYPE_CHECKING:
    from benchmarks.report import Report

SECONDS = 10.0
SLOWDOWN = 5.0
HEARTBEAT_SECONDS = 5.0
PATHS = [*LISTS, "/web/status", "/web/processes"]


def run(report: Report) -> None:
    report.heading("Hammered: 16 clients on a large household, idle and during a full sync")
    with tempfile.TemporaryDirectory() as folder:
        services = start([sys.executable, "-m", "benchmarks.large_services"], subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
            try:
                until_readable(daemon)
                asyncio.run(_measure(report))
            finally:
                daemon.terminate()
                daemon.wait()
        finally:
            services.terminate()
            services.wait()


async def _measure(report: Report) -> None:
    idle, _ = await _hammer(SECONDS)
    await _post("/web/arr/rebuild")
    busy, oldest_heartbeat = await _hammer(SECONDS)
    report.line("p99 idle", 1000 * _p99(idle), "ms")
    report.line("p99 during a full sync", _p99(busy) / _p99(idle), "times", SLOWDOWN, of="that of idle")
    report.line("oldest heartbeat of a worker during it", oldest_heartbeat, "s", HEARTBEAT_SECONDS)


async def _hammer(seconds: float) -> tuple[list[float], float]:
    """Seconds of each answer, and the greatest age of a heartbeat."""
    until = time.perf_counter() + seconds
    clients = [asyncio.create_task(_client(cycle(PATHS[n % len(PATHS) :] + PATHS), until)) for n in range(CLIENTS)]
    oldest = 0.0
    while time.perf_counter() < until:
        processes = (await asyncio.to_thread(get, "/web/processes"))["processes"]
        heartbeats = [datetime.fromisoformat(one["lastBeat"]).timestamp() for one in processes if one["lastBeat"]]
        oldest = max([oldest, *(time.time() - at for at in heartbeats)])
        await asyncio.sleep(0.25)
    return [took for client in clients for took in await client], oldest


async def _client(paths: cycle[str], until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    took = []
    while (start_time := time.perf_counter()) < until:
        writer.write(f"GET {next(paths)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        took.append(time.perf_counter() - start_time)
    writer.close()
    return took


async def _post(path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]
