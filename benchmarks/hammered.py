"""Response times of one client and of sixteen that send requests without a pause, idle and during a full sync.

Beside them those of a bare server with the same bytes, and during the sync the age of the workers' heartbeats.
"""

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

from benchmarks.bare_server import copy_answer
from benchmarks.control_plane import BARE, CLIENTS
from benchmarks.household import LISTS, until_readable
from benchmarks.processes import PORT, config_of, get, post, start, until_idle
from benchmarks.report import quantile

if TYPE_CHECKING:
    from benchmarks.report import Report

BARE_PORT = PORT + 1
SECONDS = 10.0
SHARES = {"p50": 0.5, "p99": 0.99}
SLOWDOWN = 5.0
HEARTBEAT_SECONDS = 5.0
PATHS = [*LISTS, "/web/status", "/web/processes"]


def run(report: Report) -> None:
    report.heading(f"Hammered: one client and {CLIENTS} on a large household, idle and during a full sync")
    with tempfile.TemporaryDirectory() as folder:
        services = start([sys.executable, "-m", "benchmarks.large_services"], subprocess.PIPE)
        try:
            (Path(folder) / "config.toml").write_text(config_of(services))
            bare = start([sys.executable, "-m", "benchmarks.bare_server", str(BARE_PORT)], None)
            daemon = start([sys.executable, "-P", "-m", "qbitrr", "--data-dir", folder, "run"], None)
            try:
                until_readable(daemon)
                until_idle(daemon)
                asyncio.run(_measure(report, daemon))
            finally:
                for process in (daemon, bare):
                    process.terminate()
                    process.wait()
        finally:
            services.terminate()
            services.wait()


async def _measure(report: Report, daemon: subprocess.Popen[bytes]) -> None:
    for path in PATHS:
        await asyncio.to_thread(copy_answer, PORT, path, BARE_PORT)
    for clients in (1, CLIENTS):
        name = f"{clients} client{'s' if clients > 1 else ''}: "
        bare, _ = await _hammer(clients, BARE_PORT)
        idle, _ = await _hammer(clients, PORT)
        await asyncio.to_thread(post, "/web/arr/rebuild")
        busy, oldest_heartbeat = await _hammer(clients, PORT)
        for share_name, share in SHARES.items():
            idle_seconds = quantile(idle, share)
            report.line(f"{name}{share_name} idle", 1000 * idle_seconds, "ms")
            report.line(f"{name}{share_name} idle, relative", idle_seconds / quantile(bare, share), "times", of=BARE)
            ratio = quantile(busy, share) / idle_seconds
            report.line(f"{name}{share_name} during a full sync", ratio, "times", SLOWDOWN, of="that of idle")
        report.line(f"{name}oldest heartbeat of a worker during it", oldest_heartbeat, "s", HEARTBEAT_SECONDS)
        await asyncio.to_thread(until_idle, daemon)


async def _hammer(clients: int, port: int) -> tuple[list[float], float]:
    """Seconds of each answer, and the greatest age of a heartbeat."""
    until = time.perf_counter() + SECONDS
    asking = [asyncio.create_task(_client(cycle(PATHS[n % len(PATHS) :] + PATHS), port, until)) for n in range(clients)]
    oldest = 0.0
    while time.perf_counter() < until:
        processes = (await asyncio.to_thread(get, "/web/processes"))["processes"]
        heartbeats = [datetime.fromisoformat(one["lastBeat"]).timestamp() for one in processes if one["lastBeat"]]
        oldest = max([oldest, *(time.time() - at for at in heartbeats)])
        await asyncio.sleep(0.25)
    return [took for client in asking for took in await client], oldest


async def _client(paths: cycle[str], port: int, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    while (start_time := time.perf_counter()) < until:
        writer.write(f"GET {next(paths)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        took.append(time.perf_counter() - start_time)
    writer.close()
    return took
