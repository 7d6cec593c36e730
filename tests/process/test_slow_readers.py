"""Clients that ask a real daemon for its largest answers and do not read them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS = 150
LARGEST_LOG = "/web/logs/big.log?limit=50000"
MOST_BYTES = 200_000_000


async def _ask(port: int, client: str, path: str) -> socket.socket:
    """Send a request from an address of this machine; its answer is not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    connection.bind((client, 0))
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    await loop.sock_sendall(
        connection, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Token: {TOKEN}\r\n\r\n".encode()
    )
    return connection


@pytest.mark.parametrize("path", [LARGEST_LOG, "/web/logs/big.log/download"])
@pytest.mark.parametrize("clients", [1, CONNECTIONS])
async def test_neither_memory_nor_probes_suffer_from_clients_that_do_not_read(tmp_path: Path, path: str, clients: int):
    async with (
        asyncio.timeout(90),
        Sandbox((Section("Radarr-HD", "radarr", 20),)) as sandbox,
        Daemon(tmp_path / "data", sandbox.config_toml()) as daemon,
    ):
        await daemon.all_running()
        (daemon.folder / "logs" / "big.log").write_text(f"{'x' * 99}\n" * 100_000)
        supervisor = psutil.Process(daemon.pid)
        before = supervisor.memory_info().rss
        with ExitStack() as stack:
            for number in range(CONNECTIONS):
                client = f"127.0.2.{1 + number % clients}"
                stack.callback((await _ask(daemon.port, client, path)).close)
                if number % 10 == 0:
                    assert (await daemon.get("/health"))["status"] == "ok"
                    assert supervisor.memory_info().rss < MOST_BYTES
            assert (await daemon.get("/ready"))["ready"] is True

        def released() -> bool:
            return supervisor.memory_info().rss < 1.2 * before

        await until(released, 40, lambda: f"{before} before, {supervisor.memory_info().rss} after")
        health = await daemon.get("/health")
        assert (health["status"], health["faults"]) == ("ok", 0)
