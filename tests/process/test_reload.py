"""A new configuration while everything runs: only those concerned change, and a bad one changes nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import tomlkit

from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state.retention import GRACE_SECONDS
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 20), Section("Sonarr-TV", "sonarr", 3, episodes=20))
QUICK = {"Settings": {"ProcessRestartDelay": 0, "ProcessSpawnTimeoutSeconds": 20}}
TOO_LONG = {"Radarr-HD": {"Torrent": {"FileExtensionAllowlist": [f".{number:0>1000}" for number in range(250)]}}}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as running:
        await running.all_running()
        yield running


@pytest.fixture
async def unchecked(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon that tries what is too long for a worker."""
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK), "tests.support.unchecked") as running:
        await running.all_running()
        yield running


def changed(**tables: Any) -> dict[str, Any]:
    return {**QUICK, **{name.replace("_", "-"): table for name, table in tables.items()}}


async def reload(daemon: Daemon, text: str, outcome: str) -> str:
    """Write the file and signal; waits for the outcome in the log; returns the log since then."""
    before = len(daemon.log())
    daemon.configure(text)
    os.kill(daemon.pid, signal.SIGHUP)
    return await until(lambda: since if outcome in (since := daemon.log()[before:]) else "", 20, daemon.log)


async def pids(daemon: Daemon) -> dict[str, int]:
    return {category: worker["pid"] for category, worker in (await daemon.workers()).items()}


async def test_only_the_worker_whose_part_changed_gets_a_fresh_process(sandbox: Sandbox, daemon: Daemon):
    before = await pids(daemon)
    text = sandbox.config_toml(changed(Radarr_HD={"Torrent": {"StalledDelay": "9s"}}))
    await reload(daemon, text, "configuration was applied ")
    after = await pids(daemon)
    assert after["sonarr-tv"] == before["sonarr-tv"]
    assert after["radarr-hd"] != before["radarr-hd"]
    assert {worker["state"] for worker in (await daemon.workers()).values()} == {"running"}


async def test_an_arr_that_left_the_file_is_stopped_and_comes_back_with_it(sandbox: Sandbox, daemon: Daemon):
    before = await pids(daemon)
    await reload(daemon, sandbox.config_toml(changed(Radarr_HD={"Managed": False})), "configuration was applied ")
    assert await pids(daemon) == {"sonarr-tv": before["sonarr-tv"]}
    assert (await daemon.get("/web/status"))["arrs"] == ["sonarr-tv"]
    await reload(daemon, sandbox.config_toml(QUICK), "configuration was applied ")
    after = await pids(daemon)
    assert list(after) == ["radarr-hd", "sonarr-tv"]
    assert after["sonarr-tv"] == before["sonarr-tv"]


async def test_an_arr_that_is_switched_off_keeps_its_rows_and_one_that_left_the_file_loses_them_after_a_week(
    sandbox: Sandbox, daemon: Daemon
):
    def rows() -> dict[str, int]:
        with contextlib.closing(sqlite3.connect(daemon.folder / "state.db")) as state:
            tables = ("movies", "series")
            numbers = {table: state.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        return {table: number for table, number in numbers.items() if number}

    async def metrics() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/metrics") as response:
            return await response.text()

    async def both_are_counted() -> bool:
        text = await metrics()
        return all(f'catalogue_items{{category="{name}"' in text for name in ("radarr-hd", "sonarr-tv"))

    await until(both_are_counted, 20, daemon.log)
    await reload(daemon, sandbox.config_toml(changed(Radarr_HD={"Managed": False})), "configuration was applied ")
    assert "radarr-hd" not in await metrics()
    assert rows() == {"movies": 20, "series": 3}
    document = tomlkit.parse(sandbox.config_toml(QUICK))
    document.remove("Radarr-HD")
    await reload(daemon, tomlkit.dumps(document), "configuration was applied ")
    assert rows() == {"movies": 20, "series": 3}
    with contextlib.closing(sqlite3.connect(daemon.folder / "state.db")) as state, state:
        state.execute("UPDATE absent_categories SET seconds = ?", (GRACE_SECONDS,))
    await reload(daemon, tomlkit.dumps(document), "configuration was applied ")
    await until(lambda: rows() == {"series": 3}, 10, daemon.log)


@pytest.mark.parametrize(
    ("text", "named"), [("[Settings]\nLoopSleepTimer = 'soon'\n", "Settings.LoopSleepTimer"), ("[Settings", "TOML")]
)
async def test_an_invalid_configuration_is_a_no_op(daemon: Daemon, text: str, named: str):
    before = await pids(daemon)
    assert named in await reload(daemon, text, "configuration was refused")
    assert await pids(daemon) == before


async def test_a_configuration_that_is_gone_is_a_no_op(daemon: Daemon):
    before = await pids(daemon)
    (daemon.folder / "config.toml").unlink()
    os.kill(daemon.pid, signal.SIGHUP)
    await until(lambda: "configuration was refused" in daemon.log(), 10, daemon.log)
    assert await pids(daemon) == before


async def test_the_old_configuration_comes_back_when_a_worker_does_not_get_ready(sandbox: Sandbox, unchecked: Daemon):
    before = await pids(unchecked)
    log = await reload(unchecked, sandbox.config_toml({**QUICK, **TOO_LONG}), "configuration was rolled back")
    assert "radarr-hd" in log
    workers = await unchecked.all_running()
    assert workers["sonarr-tv"]["pid"] == before["sonarr-tv"]
    assert workers["radarr-hd"]["pid"] not in (None, before["radarr-hd"])


async def test_reload_twice_at_once_ends_with_the_file_as_it_is(sandbox: Sandbox, daemon: Daemon):
    before = await pids(daemon)
    daemon.configure(sandbox.config_toml(changed(Radarr_HD={"Torrent": {"StalledDelay": "9s"}})))
    os.kill(daemon.pid, signal.SIGHUP)
    await reload(daemon, sandbox.config_toml(changed(Sonarr_TV={"Managed": False})), "stopped=('sonarr-tv',)")
    after = await pids(daemon)
    assert list(after) == ["radarr-hd"]
    assert after["radarr-hd"] is not None
    assert before["radarr-hd"]


async def test_a_worker_that_dies_during_a_reload_is_started_again_with_the_new_one(sandbox: Sandbox, daemon: Daemon):
    before = await pids(daemon)
    os.kill(before["sonarr-tv"], signal.SIGKILL)
    text = sandbox.config_toml(changed(Radarr_HD={"Torrent": {"StalledDelay": "9s"}}))
    await reload(daemon, text, "configuration was applied ")
    after = await pids(daemon)
    assert not set(after.values()) & set(before.values())


async def test_a_stop_during_a_reload_ends_everything(sandbox: Sandbox, daemon: Daemon):
    daemon.configure(sandbox.config_toml(changed(Settings={"LoopSleepTimer": 7})))
    os.kill(daemon.pid, signal.SIGHUP)
    assert await daemon.stop() == 0
    assert daemon.processes() == []


async def test_usr1_replaces_all_workers_one_after_the_other(daemon: Daemon):
    before = await daemon.workers()
    os.kill(daemon.pid, signal.SIGUSR1)

    async def replaced() -> bool:
        workers = await daemon.workers()
        fresh = all(workers[c]["pid"] not in (None, worker["pid"]) for c, worker in before.items())
        return fresh and all(worker["state"] == "running" for worker in workers.values())

    await until(replaced, 20, daemon.log)
    restarts = {category: worker["restarts"] for category, worker in (await daemon.workers()).items()}
    assert restarts == {category: worker["restarts"] for category, worker in before.items()}, daemon.log()


async def test_usr2_writes_the_state_of_every_process_to_the_log(daemon: Daemon):
    workers = await pids(daemon)
    os.kill(daemon.pid, signal.SIGUSR2)
    await until(lambda: daemon.log().count("process was described") == 2, 20, daemon.log)
    assert all(f"pid={pid}" in daemon.log() for pid in workers.values())
