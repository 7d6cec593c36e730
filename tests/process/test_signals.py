"""Signals at every moment: none but those that stop the daemon ends it, and none is lost."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from supervisor.fork_server import PROCESS_NAME
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 20), Section("Sonarr-TV", "sonarr", 3, episodes=20))
QUICK = {"Settings": {"ProcessRestartDelay": 0, "ProcessSpawnTimeoutSeconds": 20}}
COMMANDS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
PERIOD_SECONDS = 0.01
MOMENT_SECONDS = 0.07  # a start or a restart takes about ten of them


@asynccontextmanager
async def storm(daemon: Daemon, *numbers: signal.Signals) -> AsyncIterator[None]:
    """Signals to the daemon every few milliseconds, from the moment at which it locks its folder."""

    async def send() -> None:
        await until((daemon.folder / "qbitrr.lock").exists, 20, "it does not start")
        for number in itertools.cycle(numbers):
            os.kill(daemon.pid, number)
            await asyncio.sleep(PERIOD_SECONDS)

    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):  # anything else is a process that is gone
            await sending


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


async def test_commands_through_start_and_run_end_nothing_and_are_obeyed_afterwards(sandbox: Sandbox, tmp_path: Path):
    daemon = Daemon(tmp_path / "data", sandbox.config_toml(QUICK))
    async with AsyncExitStack() as stack:
        async with storm(daemon, *COMMANDS):
            await stack.enter_async_context(daemon)
            for line in ("configuration was applied", "process was described"):
                await until(lambda line=line: line in daemon.log(), 60, daemon.log)
        await daemon.all_running(40)


async def test_a_hang_up_while_the_state_file_is_prepared_is_obeyed_once_it_runs(sandbox: Sandbox, tmp_path: Path):
    starting = Daemon(tmp_path / "data", sandbox.config_toml(QUICK))

    async def hang_up() -> None:
        await until((starting.folder / "qbitrr.lock").exists, 20, "it does not start")
        os.kill(starting.pid, signal.SIGHUP)

    sent = asyncio.create_task(hang_up())
    async with starting as daemon:
        await sent
        await until(lambda: "configuration was applied" in daemon.log(), 20, daemon.log)


async def test_a_stop_among_other_signals_ends_it(sandbox: Sandbox, tmp_path: Path):
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as daemon:
        await daemon.all_running()
        process = psutil.Process(daemon.pid)
        stopping = asyncio.create_task(daemon.stop())
        while not stopping.done():
            for number in COMMANDS:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            await asyncio.sleep(PERIOD_SECONDS)
        assert await stopping == 0


async def test_commands_through_a_restart_in_place_end_nothing(sandbox: Sandbox, tmp_path: Path):
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as daemon:
        await daemon.all_running()
        pid = daemon.pid
        async with storm(daemon, *COMMANDS):
            await daemon.post("/web/restart")
            await until(lambda: daemon.log().count("daemon was started") == 2, 60, daemon.log)
            applied = daemon.log().count("configuration was applied")
            await until(lambda: daemon.log().count("configuration was applied") > applied, 60, daemon.log)
        await daemon.all_running(40)
        assert daemon.pid == pid
        assert await daemon.stop() == 0
        assert daemon.processes() == []


async def ends_soon(daemon: Daemon) -> None:
    """A stop of a daemon that has no handler of it yet, or any more, ends it by the signal."""
    assert await daemon.stop() in (0, -signal.SIGTERM), daemon.log()[-3000:]
    await until(lambda: daemon.processes() == [], 5, lambda: f"left: {daemon.processes()}")


async def test_a_stop_at_every_moment_of_a_start_leaves_nothing_and_the_next_start_works(
    sandbox: Sandbox, tmp_path: Path
):
    daemon = Daemon(tmp_path / "data", sandbox.config_toml(QUICK))
    for moment in range(14):
        starting = asyncio.create_task(daemon.start())
        await until(lambda: daemon._process is not None and daemon._process.poll() is None, 5, "it is not started")
        await asyncio.sleep(moment * MOMENT_SECONDS)
        starting.cancel()
        await ends_soon(daemon)
    async with daemon:
        await daemon.all_running()


async def test_a_stop_at_every_moment_of_a_restart_in_place_ends_it(sandbox: Sandbox, tmp_path: Path):
    for moment in range(8):
        async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as daemon:
            await daemon.all_running()
            await daemon.post("/web/restart")
            await asyncio.sleep(moment * MOMENT_SECONDS)
            await ends_soon(daemon)


async def test_a_stop_while_the_loop_of_a_restart_in_place_closes_ends_it(sandbox: Sandbox, tmp_path: Path):
    for moment in range(6):
        async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as daemon:
            await daemon.all_running()
            (fork_server,) = daemon.named(PROCESS_NAME)
            await daemon.post("/web/restart")
            await asyncio.to_thread(fork_server.wait, 20)  # the last that the supervisor ends before its loop
            await asyncio.sleep(moment / 1000)
            await ends_soon(daemon)
