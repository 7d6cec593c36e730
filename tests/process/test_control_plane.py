"""The control plane of a real daemon with real workers: its configuration, its events, its metrics, its client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.integration.control.reference_client import QBitrrClient
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (
    Section("Radarr-HD", "radarr", 20),
    Section("Sonarr-TV", "sonarr", 3, episodes=20),
    Section("Lidarr-Music", "lidarr", 3),
)
TOO_LONG = [f".{number:0>1000}" for number in range(250)]  # more than a worker can be sent
QUICK = {"Settings": {"ProcessRestartDelay": 0, "ProcessSpawnTimeoutSeconds": 10}}


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


async def pids(daemon: Daemon) -> dict[str, int]:
    return {category: worker["pid"] for category, worker in (await daemon.workers()).items()}


async def test_a_change_restarts_those_whom_it_concerns(daemon: Daemon):
    before = await pids(daemon)
    file = daemon.folder / "config.toml"
    answer = await daemon.post("/web/config", {"changes": {"Radarr-HD.Torrent.StalledDelay": "9s"}})
    assert answer["plan"]["workers"]["restarted"] == ["radarr-hd"]
    after = await pids(daemon)
    assert [category for category in before if before[category] != after[category]] == ["radarr-hd"]
    assert 'StalledDelay = "9s"' in file.read_text()
    await daemon.post("/web/config", {"changes": {"WebUI.Theme": "Light"}})
    assert await pids(daemon) == after
    await daemon.post("/web/config/rollback", {"id": 1})
    assert 'StalledDelay = "9s"' not in file.read_text()


async def test_a_change_with_which_a_worker_does_not_get_ready_is_rolled_back(unchecked: Daemon):
    file = unchecked.folder / "config.toml"
    before = file.read_text()
    url, changes = f"{unchecked.url}/web/config", {"changes": {"Radarr-HD.Torrent.FileExtensionAllowlist": TOO_LONG}}
    async with aiohttp.ClientSession() as session, session.post(url, json=changes) as response:
        assert response.status == 409
        assert (await response.json())["code"] == "WORKER_NOT_READY"
    assert file.read_text() == before
    await unchecked.all_running()


async def test_a_change_that_is_too_long_for_a_worker_is_refused_before_it_is_written(daemon: Daemon):
    file, processes = daemon.folder / "config.toml", await pids(daemon)
    before = file.read_text()
    url, changes = f"{daemon.url}/web/config", {"changes": {"Radarr-HD.Torrent.FileExtensionAllowlist": TOO_LONG}}
    async with aiohttp.ClientSession() as session, session.post(url, json=changes) as response:
        assert response.status == 400
        assert "Radarr-HD" in (await response.json())["details"]
    assert file.read_text() == before
    assert await pids(daemon) == processes


async def test_changes_of_workers_are_events(daemon: Daemon):
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/web/events") as stream:
        await daemon.post("/web/arr/radarr-hd/restart")
        seen = b""
        async with asyncio.timeout(20):
            while not (b'"category":"radarr-hd"' in seen and b'"state":"running"' in seen):
                seen += await stream.content.readline()
        assert b"event: process" in seen


async def test_a_manual_edit_is_logged(daemon: Daemon):
    file = daemon.folder / "config.toml"
    file.write_text(file.read_text().replace("ProcessRestartDelay = 0", "ProcessRestartDelay = 1"))
    log = daemon.folder / "logs" / "WebUI.log"
    await until(lambda: "configuration file was edited" in log.read_text(), 30, log.read_text)


async def test_every_function_of_the_reference_client(daemon: Daemon):
    client = QBitrrClient(daemon.url, TOKEN)

    async def ask(method: str, *arguments: Any, **options: Any) -> Any:
        return await asyncio.to_thread(getattr(client, method), *arguments, **options)

    try:
        assert (await ask("get_status"))["ready"] is True
        assert len(await ask("get_processes")) == 3
        assert (await ask("get_radarr_movies", "radarr-hd", monitored=True))["category"] == "radarr-hd"
        assert (await ask("get_sonarr_series", "sonarr-tv", missing=True))["category"] == "sonarr-tv"
        assert (await ask("get_lidarr_artists", "lidarr-music", q="a"))["category"] == "lidarr-music"
        assert {arr["type"] for arr in await ask("get_arrs")} == {"radarr", "sonarr", "lidarr"}
        assert "message" in await ask("rebuild_arrs")
        assert "Main.log" in await ask("list_logs")
        assert (await ask("get_log", "Main.log", limit=50))["lines"] > 0
        assert "Token" not in (await ask("get_config"))["WebUI"]
        changed = await ask("update_config", {"WebUI.Theme": "Light"}, ["Settings.OldKey", "Radarr-Old"])
        assert changed["message"] == "Configuration updated successfully"
        assert "message" in await ask("restart_arr", "radarr-hd")
        assert (await ask("restart"))["message"] == "Restart initiated"
        await daemon.all_running()
    finally:
        client.session.close()
