"""Restarting in place, and ending in time, whatever the workers do."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from qbitrr.data_dir import DataDir
from qbitrr.errors import DataFolderBusyError
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.impatient import GRACE_SECONDS
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.serial

SECTIONS = (Section("Radarr-HD", "radarr", 20), Section("Sonarr-TV", "sonarr", 3, episodes=20))


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml()) as running:
        yield running


@pytest.fixture
async def impatient(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    """Workers that do not end are killed after a second; after ten in tests/system."""
    async with Daemon(tmp_path / "data", sandbox.config_toml(), "tests.support.impatient") as running:
        yield running


def descriptors(pid: int) -> Counter[str]:
    """What a process has open, by kind."""
    found: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found[str(entry.readlink()).partition(":")[0]] += 1
    return found


async def ask_without_end(daemon: Daemon, answered: Counter[int | str], *, keep_alive: bool) -> None:
    connector = aiohttp.TCPConnector(force_close=not keep_alive)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(20)) as session:
        while True:
            try:
                async with session.get(f"{daemon.url}/health") as response:
                    await response.read()
                    answered[response.status] += 1
            except aiohttp.ClientError as error:
                answered[repr(error)] += 1
            await asyncio.sleep(0.005)


async def test_no_request_is_refused_while_the_daemon_restarts_in_place(daemon: Daemon):
    before = await daemon.all_running()
    open_before = descriptors(daemon.pid)
    answered: Counter[int | str] = Counter()
    asking = [asyncio.create_task(ask_without_end(daemon, answered, keep_alive=keep)) for keep in (True, False)]
    for _ in range(3):
        assert (await daemon.post("/web/restart"))["message"] == "Restart initiated"
        pids = {worker["pid"] for worker in before.values()}

        async def restarted(old: set[int] = pids) -> bool:
            workers = await daemon.workers()
            fresh = all(worker["pid"] not in {None, *old} for worker in workers.values())
            return len(workers) == 2 and fresh and all(worker["state"] == "running" for worker in workers.values())

        await until(restarted, 20, daemon.log)
        before = await daemon.workers()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    assert set(answered) == {200}, answered
    assert answered[200] > 10

    def nothing_is_left() -> bool:  # connections that were broken off are closed in a moment
        now = descriptors(daemon.pid)
        few = sum(now.values()) <= sum(open_before.values()) + 4
        return few and now["anon_inode"] <= open_before["anon_inode"] + 1

    await until(nothing_is_left, 10, lambda: f"{open_before} {descriptors(daemon.pid)}")
    assert await daemon.stop() == 0
    assert daemon.processes() == []


async def test_no_other_process_can_lock_the_folder_while_the_daemon_restarts_in_place(daemon: Daemon):
    data_dir, ended, attempts = DataDir(daemon.folder), threading.Event(), Counter[bool]()

    def compete() -> None:
        while not ended.is_set():
            try:
                os.close(data_dir.lock())
            except DataFolderBusyError:
                attempts[False] += 1
            else:
                attempts[True] += 1

    competitor = threading.Thread(target=compete)
    competitor.start()
    try:
        for _ in range(2):
            before = {worker["pid"] for worker in (await daemon.all_running()).values()}
            await daemon.post("/web/restart")

            async def restarted(old: set[int] = before) -> bool:
                workers = await daemon.workers()
                return len(workers) == 2 and all(worker["pid"] not in {None, *old} for worker in workers.values())

            await until(restarted, 20, daemon.log)
    finally:
        ended.set()
        competitor.join()
    assert attempts[False] > 100
    assert attempts[True] == 0
    assert data_dir.lock_holder() == daemon.pid
    assert await daemon.stop() == 0
    assert data_dir.lock_holder() is None


async def test_a_stop_is_bounded_by_the_grace_even_if_no_worker_ends_by_itself(impatient: Daemon):
    for worker in (await impatient.all_running()).values():
        os.kill(worker["pid"], signal.SIGSTOP)
    began = time.monotonic()
    assert await impatient.stop() == 0
    assert GRACE_SECONDS <= time.monotonic() - began < GRACE_SECONDS + 2
    assert impatient.processes() == []


async def test_a_stop_wins_over_a_restart_that_is_under_way(impatient: Daemon):
    victim = next(iter((await impatient.all_running()).values()))["pid"]
    os.kill(victim, signal.SIGSTOP)  # so that the restart lasts
    await impatient.post("/web/restart")
    assert await impatient.stop() == 0
    assert impatient.processes() == []


async def test_a_signal_while_the_daemon_restarts_in_place_does_not_end_it(daemon: Daemon):
    before = {worker["pid"] for worker in (await daemon.all_running()).values()}
    await daemon.post("/web/restart")

    async def restarted() -> bool:
        os.kill(daemon.pid, signal.SIGHUP)
        workers = await daemon.workers()
        return bool(workers) and not before & {worker["pid"] for worker in workers.values()}

    await until(restarted, 20, daemon.log)
    await daemon.all_running()


async def test_a_receiver_of_notifications_that_never_ends_its_answer_does_not_hold_up_a_stop(
    sandbox: Sandbox, tmp_path: Path
):
    asked = asyncio.Event()

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while not writer.is_closing():  # before each time limit of a read
                writer.write(b"1\r\n.\r\n")
                await writer.drain()
                await asyncio.sleep(0.2)
        except ConnectionError:
            pass  # the process that sent was killed
        finally:
            writer.close()

    server = await asyncio.start_server(dribble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    notifications = f'[Notifications]\nUrls = ["json://127.0.0.1:{port}"]\nDigest = 0\n'
    config = re.sub(r'APIKey = "[^"]*"', 'APIKey = "a-key-that-is-wrong"', sandbox.config_toml()) + notifications
    async with server, Daemon(tmp_path / "data", config) as daemon:
        await asyncio.wait_for(asked.wait(), 20)
        began = time.monotonic()
        assert await daemon.stop() == 0
        assert time.monotonic() - began < 10
        assert daemon.processes() == []
