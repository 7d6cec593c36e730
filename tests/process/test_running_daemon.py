"""One daemon with real workers, which all tests of this module only read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECTIONS = (
    Section("Radarr-HD", "radarr", 20),
    Section("Sonarr-TV", "sonarr", 3, episodes=20),
    Section("Lidarr-Music", "lidarr", 3),
)
TOOLS = Path(__file__).with_name("reference-tools.sh")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    async with (
        Sandbox(SECTIONS) as sandbox,
        Daemon(tmp_path_factory.mktemp("daemon") / "data", sandbox.config_toml()) as running,
    ):
        await running.all_running()
        yield running


async def test_every_category_has_a_process_of_its_own(daemon: Daemon):
    workers = await daemon.workers()
    assert set(workers) == {"radarr-hd", "sonarr-tv", "lidarr-music"}
    pids = {worker["pid"] for worker in workers.values()}
    assert len(pids) == 3
    assert pids <= {process.pid for process in daemon.processes()}


def smaps(pid: int) -> str:
    return Path(f"/proc/{pid}/smaps_rollup").read_text()


async def test_workers_share_most_of_their_memory(daemon: Daemon):
    for worker in (await daemon.workers()).values():
        lines = smaps(worker["pid"]).splitlines()[1:]
        kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        private = kib["Private_Clean"] + kib["Private_Dirty"]
        assert private < kib["Rss"] / 2, kib


async def test_a_second_daemon_on_the_same_folder_is_refused_and_names_the_first(daemon: Daemon):
    command = ["-P", "-m", "qbitrr", "--data-dir", str(daemon.folder), "run"]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 69
    assert f"process {daemon.pid}" in errors.decode()
    assert await daemon.workers()


async def test_metrics_count_the_requests_of_workers_to_services(daemon: Daemon):
    async with aiohttp.ClientSession() as session:

        async def counted() -> bool:
            async with session.get(f"{daemon.url}/metrics") as response:
                text = await response.text()
            lines = [line for line in text.splitlines() if line.startswith("qbitrr_service_requests_total{")]
            return any('service="Radarr-HD"' in line for line in lines) and 'operation="torrents"' in text

        await until(counted, 30, "requests in the metrics")


async def test_the_bash_script_of_the_reference(daemon: Daemon):
    async def run(*arguments: str) -> str:
        environ = {**os.environ, "QBITRR_URL": daemon.url, "QBITRR_TOKEN": ""}
        command = ["bash", str(TOOLS), *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environ, capture_output=True, text=True, timeout=20, check=True
        )
        return done.stdout

    assert (await run("status")).strip() == "true"
    movies = (await daemon.get("/web/radarr/radarr-hd/movies", has_file="false", monitored="true"))["movies"]
    expected = "".join(f"{movie['title']} ({movie['year']})\n" for movie in movies)
    assert await run("missing", "radarr-hd") == expected
