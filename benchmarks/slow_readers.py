"""Clients that ask for the largest answers and do not read them: memory and responsiveness of the supervisor.

Memory and the time of `/health` are compared with those before, in the same run.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.control_server import fill
from qbitrr.data_dir import DataDir
from qbitrr.state import migrate
from tests.support.daemon import TOKEN, Daemon

if TYPE_CHECKING:
    from benchmarks.report import Report

CONNECTIONS = 500
STARTING_SECONDS = 60.0
SECONDS = 8.0
BEFORE = "that before the bursts"
SETTLING_SECONDS = 10.0
MEMORY_PROMISE_MB = 200.0
KEPT_PROMISE = 1.2  # of the memory before the first burst
LAG_PROMISE_SECONDS = 0.1
CONFIG = """
[Settings]
CompletedDownloadFolder = "/downloads"
[qBit]
Host = "127.0.0.1"
Port = 9
[Sonarr-TV]
URI = "http://127.0.0.1:9"
APIKey = "k"
Category = "tv"
"""
PATHS = {
    "a log of 10 MB": "/web/logs/big.log?limit=50000",
    "30,000 episodes": "/web/sonarr/tv/series?page_size=500",
    "a download of that log": "/web/logs/big.log/download",
}


@dataclass
class Observed:
    """What was seen during a burst."""

    peak_bytes: int = 0
    seconds: list[float] = field(default_factory=list)  # of each answer of /health
    refused: int = 0


def run(report: Report) -> None:
    asyncio.run(_run(report))


async def _run(report: Report) -> None:
    report.heading(f"Slow readers: {CONNECTIONS} connections that ask for the largest answers and do not read them")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data_dir = DataDir(folder)
        migrate.prepare(data_dir.state_file)
        await fill(data_dir.state_file)
        async with Daemon(folder, CONFIG) as daemon:
            record = "2026-01-01 00:00:00 [info     ] something happened                     number=1 of=many\n"
            (folder / "logs" / "big.log").write_text(record * (10_000_000 // len(record)))
            supervisor = psutil.Process(daemon.pid)
            for path in PATHS.values():  # each once, by a client that reads
                await asyncio.to_thread(_read, daemon.port, path)
            await asyncio.sleep(STARTING_SECONDS)  # the lag of the start is not that of the bursts
            at_first = supervisor.memory_info().rss
            quiet_lag = (await daemon.get("/health"))["loopLagSeconds"]
            for what, path in PATHS.items():
                for clients in (1, CONNECTIONS):
                    await _burst(report, f"{what}, {clients} clients", daemon.port, path, clients, supervisor, at_first)
            lag = (await daemon.get("/health"))["loopLagSeconds"]
            report.line("worst lag of the loop before the bursts", quiet_lag, "s")
            report.line("worst lag of the loop in the last minute", lag, "s", LAG_PROMISE_SECONDS)


async def _burst(
    report: Report, what: str, port: int, path: str, clients: int, supervisor: psutil.Process, bytes_at_first: int
) -> None:
    before = Observed()
    await _observe(port, supervisor, before, 2.0)
    during = Observed()
    with ExitStack() as stack:
        observing = asyncio.create_task(_observe(port, supervisor, during, SECONDS))
        for number in range(CONNECTIONS):
            await asyncio.sleep(0)
            with suppress(OSError):
                stack.callback((await _ask(port, path, number % clients)).close)
        await observing
    await asyncio.sleep(SETTLING_SECONDS)
    report.line(f"{what}: memory", during.peak_bytes / 1e6, "MB", MEMORY_PROMISE_MB)
    report.line(
        f"{what}: memory after it", supervisor.memory_info().rss / bytes_at_first, "times", KEPT_PROMISE, of=BEFORE
    )
    report.line(f"{what}: probes without an answer", during.refused, "", 1)
    report.line(f"{what}: median of a probe", _median(during) / _median(before), "times", of=BEFORE)
    report.line(f"{what}: slowest probe", max(during.seconds), "s")


def _median(observed: Observed) -> float:
    return statistics.median(observed.seconds)


async def _observe(port: int, supervisor: psutil.Process, observed: Observed, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        observed.peak_bytes = max(observed.peak_bytes, supervisor.memory_info().rss)
        start_time = time.perf_counter()
        try:
            head = await asyncio.wait_for(_probe(port), 5)
        except (OSError, TimeoutError):
            head = b""
        observed.seconds.append(time.perf_counter() - start_time)
        observed.refused += not head.startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.05)


async def _probe(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try:
        return await reader.read()
    finally:
        writer.close()


async def _ask(port: int, path: str, client: int) -> socket.socket:
    """Ask from an address of this machine, and leave the answer unread."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.bind((f"127.0.{1 + client // 250}.{1 + client % 250}", 0))
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await asyncio.wait_for(loop.sock_connect(connection, ("127.0.0.1", port)), 5)
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Token: {TOKEN}\r\n\r\n"
        await loop.sock_sendall(connection, head.encode())
    except BaseException:
        connection.close()
        raise
    return connection


def _read(port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Token: {TOKEN}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        while connection.recv(1 << 16):
            pass
