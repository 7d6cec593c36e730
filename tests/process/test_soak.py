"""A soak: rounds of faults, clocks, toggles, signals, kills and restarts, after which nothing has grown or is left.

A short form in the suite; `make soak` runs as many rounds as SOAK_ROUNDS says.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.rules.verdict import OPEN
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, EmptyLists, HalfAnswer, Status
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.stored import names_in
from tests.support.wrong_clock import set_clock

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.sandbox.services.faults import Fault

pytestmark = pytest.mark.serial

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "3"))
SECTIONS = (Section("Radarr-HD", "radarr", 60), Section("Sonarr-TV", "sonarr", 5, episodes=60))
SETTINGS = {"ProcessRestartDelay": 0, "MaxProcessRestarts": 1000, "Quarantine": 3}
FAULTS: tuple[Fault, ...] = (Status(503), Down(), HalfAnswer(), EmptyLists())
CLOCKS = (3 * 86400.0, -3600.0, -3 * 86400.0, 3600.0)  # by how many seconds it is ahead in a round
FAULT_SECONDS = 1.5  # longer than the pause between two passes
SPARE_BYTES = 8 << 20
LARGEST_BYTES = 64 << 20
"""Of the data folder after a soak of any length."""


def config(sandbox: Sandbox, *, managed: bool = True) -> str:
    return sandbox.config_toml({"Settings": SETTINGS, "Radarr-HD": {"Managed": managed}})


async def answers_again(daemon: Daemon, workers: int) -> None:
    async def running() -> bool:
        try:
            found = await daemon.workers()
        except OSError:
            return False
        return len(found) == workers and all(worker["state"] == "running" for worker in found.values())

    await until(running, 30, lambda: daemon.log()[-3000:])


async def one_round(sandbox: Sandbox, daemon: Daemon, number: int) -> None:
    """A fault of every service, a kill, a section switched off and on, every signal, and a restart in place.

    All of it by a clock that is wrong until the end of the round.
    """
    set_clock(daemon, CLOCKS[number % len(CLOCKS)])
    services = [sandbox.qbittorrent, *sandbox.arrs.values()]
    for service in services:
        await service.fail(FAULTS[number % len(FAULTS)])
    await asyncio.sleep(FAULT_SECONDS)
    for service in services:
        await service.heal()
    victim = next(iter((await daemon.workers()).values()))
    if victim["pid"] is not None:
        os.kill(victim["pid"], signal.SIGKILL)
    for managed in (False, True):
        daemon.configure(config(sandbox, managed=managed))
        for _ in range(3):
            os.kill(daemon.pid, signal.SIGHUP)
        await answers_again(daemon, 1 + managed)
    for command in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        os.kill(daemon.pid, command)
    await daemon.post("/web/restart")
    await until(lambda: daemon.log().count("daemon was started") >= number + 2, 30, lambda: daemon.log()[-3000:])
    await answers_again(daemon, 2)
    set_clock(daemon, 0.0)


def memory(daemon: Daemon) -> dict[str, int]:
    """The resident memory of each kind of process."""
    sizes: dict[str, int] = {}
    for process in daemon.processes():
        name = "supervisor" if process.pid == daemon.pid else "other"
        sizes[name] = max(sizes.get(name, 0), process.memory_info().rss)
    return sizes


def removals(decisions: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How often each torrent was removed, by its hash and when it was added."""
    done = [one for one in decisions if one["state"] == "done" and one["action"] in ("fail", "remove")]
    return Counter((one["hash"], one["addedAt"]) for one in done)


async def settled(daemon: Daemon) -> bool:
    decisions = await daemon.decisions()
    return bool(removals(decisions)) and not [one for one in decisions if one["state"] in OPEN]


def _daemon(folder: Path, sandbox: Sandbox) -> Daemon:
    return Daemon(folder / "data", config(sandbox), "tests.support.wrong_clock")


async def test_rounds_of_faults_and_commands_leave_nothing_over(tmp_path: Path):
    async with Sandbox(SECTIONS) as sandbox, _daemon(tmp_path, sandbox) as daemon:
        await daemon.all_running()
        await one_round(sandbox, daemon, 0)
        memory_before, open_before = memory(daemon), psutil.Process(daemon.pid).num_fds()
        for number in range(1, ROUNDS):
            await one_round(sandbox, daemon, number)
        await until(lambda: settled(daemon), 60, lambda: daemon.log()[-3000:])
        torrents = sandbox.world.client.torrents.values()
        assert [one.name for one in torrents if TAG_QUARANTINE in one.tags] == []
        assert_explained(await daemon.decisions())
        for name, size in memory(daemon).items():
            assert size <= 1.1 * memory_before[name] + SPARE_BYTES, (name, size, memory_before)
        assert psutil.Process(daemon.pid).num_fds() <= open_before + 4
        assert await daemon.stop() == 0
        assert daemon.processes() == []
        assert_bounded(daemon.folder)


def assert_explained(decisions: list[dict[str, Any]]) -> None:
    assert max(removals(decisions).values()) == 1, "no torrent is removed twice"
    assert all(one["because"] for one in decisions)


def assert_bounded(folder: Path) -> None:
    """Nothing but what is listed, and not too much of it."""
    files = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    listed = [*names_in("Files in the data folder"), "out.log", "misbehave/clock"]
    assert {name for name in files if not any(fnmatch(name, pattern) for pattern in listed)} == set()
    assert sum(files.values()) < LARGEST_BYTES
