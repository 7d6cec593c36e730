"""Real processes and real signals: a killed worker is back, nothing is lost or done twice, nothing is left over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from qbitrr.rules.verdict import OPEN
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.ports import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.typedefs import Middleware

SECTIONS = (
    Section("Radarr-HD", "radarr", 60),
    Section("Sonarr-TV", "sonarr", 6, episodes=120),
    Section("Lidarr-Music", "lidarr", 10),
)
WITHOUT_DELAYS = {"Settings": {"ProcessRestartDelay": 0, "MaxProcessRestarts": 1000, "ProcessSpawnTimeoutSeconds": 5}}
# searches are counted: only those after failures are allowed
NO_PLANNED_SEARCHES = {section.name: {"EntrySearch": {"SearchMissing": False}} for section in SECTIONS}


@pytest.fixture
async def sandbox(judged: list[Middleware]) -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, middlewares=judged) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(WITHOUT_DELAYS | NO_PLANNED_SEARCHES)) as running:
        yield running


async def replaced(daemon: Daemon, category: str, pid: int, within_seconds: float = 10.0) -> dict[str, Any]:
    """Wait until the worker has another process; returns its entry."""

    async def another() -> dict[str, Any]:
        worker = (await daemon.workers())[category]
        return worker if worker["alive"] and worker["pid"] not in (None, pid) else {}

    return await until(another, within_seconds, f"{category} has no other process")


@pytest.mark.serial
async def test_each_worker_killed_twenty_times_is_back_within_a_second_and_nothing_is_lost_or_doubled(
    sandbox: Sandbox, daemon: Daemon
):
    await daemon.all_running()
    took = []
    for _ in range(20):
        for category, worker in (await daemon.workers()).items():
            killed_at = time.monotonic()
            os.kill(worker["pid"], signal.SIGKILL)
            await replaced(daemon, category, worker["pid"])
            took.append(time.monotonic() - killed_at)
    assert median(took) < 1.0  # a machine of tests may stand still for a moment
    workers = await daemon.all_running()
    assert all(worker["restarts"] == 20 for worker in workers.values())

    async def settled() -> bool:
        decisions = await daemon.decisions()
        open_ones = [d for d in decisions if d["state"] in OPEN]
        old = [t for t in sandbox.world.client.torrents.values() if t.added_on < sandbox.world.now - 600]
        waiting = [t for t in old if t.complete and "qBitrr-imported" not in t.tags]
        dead = [t for t in old if t.state in ("stalledDL", "metaDL")]
        return bool(decisions) and not open_ones and not waiting and not dead

    await until(settled, 60, "actions are still open")
    assert_everything_was_done_once(sandbox, await daemon.decisions())


def assert_everything_was_done_once(sandbox: Sandbox, decisions: list[dict[str, Any]]) -> None:
    done = Counter((d["hash"], d["action"]) for d in decisions if d["state"] == "done")
    assert done
    assert max(done.values()) == 1
    failed = {infohash for infohash, action in done if action == "fail"}
    assert failed
    assert not failed & sandbox.world.client.torrents.keys()
    for name, stand_in in sandbox.arrs.items():
        commands = [request.body for request in stand_in.requests if request.method == "POST"]
        scans = Counter(body["downloadClientId"] for body in commands if "downloadClientId" in body)
        assert not scans or max(scans.values()) == 1, name
        blocked = Counter(entry.release.infohash for entry in stand_in.arr.blocklist)
        assert not blocked or max(blocked.values()) == 1, name
        searches = sum(1 for body in commands if body["name"].endswith("Search"))
        assert searches == len(failed & blocked.keys()), name


async def test_the_others_go_on_while_one_worker_is_killed(daemon: Daemon):
    workers = await daemon.all_running()
    killed, *others = workers
    os.kill(workers[killed]["pid"], signal.SIGKILL)
    await replaced(daemon, killed, workers[killed]["pid"])
    now = await daemon.workers()
    assert [now[other]["pid"] for other in others] == [workers[other]["pid"] for other in others]


@pytest.mark.serial
async def test_nothing_is_left_five_seconds_after_the_supervisor_was_killed(daemon: Daemon):
    await daemon.all_running()
    assert len(daemon.processes()) >= 4
    os.kill(daemon.pid, signal.SIGKILL)
    await until(lambda: not daemon.processes(), 5, lambda: f"left: {daemon.processes()}")


@pytest.mark.serial
async def test_a_hanging_worker_too_is_gone_after_the_supervisor_was_killed(daemon: Daemon):
    workers = await daemon.all_running()
    os.kill(workers["radarr-hd"]["pid"], signal.SIGSTOP)
    os.kill(daemon.pid, signal.SIGKILL)
    await until(lambda: not daemon.processes(), 5, lambda: f"left: {daemon.processes()}")


@pytest.mark.serial
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_is_clean_and_quick(daemon: Daemon, number: signal.Signals):
    await daemon.all_running()
    began = time.monotonic()
    assert await daemon.stop(number) == 0
    assert time.monotonic() - began < 5
    assert daemon.processes() == []


async def test_workers_are_started_again_after_the_death_of_the_fork_server(daemon: Daemon):
    workers = await daemon.all_running()
    pids = {worker["pid"] for worker in workers.values()}
    (fork_server,) = daemon.named("qb forkserver")
    fork_server.kill()

    async def all_new() -> bool:
        now = await daemon.workers()
        return all(w["state"] == "running" and w["pid"] not in pids for w in now.values())

    await until(all_new, 15, "the workers did not come back")
    assert await daemon.stop() == 0
    assert daemon.processes() == []


async def test_when_memory_runs_out_the_kernel_takes_a_worker_before_the_supervisor(daemon: Daemon):
    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    workers = await daemon.all_running()
    assert all(score(worker["pid"]) > score(daemon.pid) for worker in workers.values())


async def test_a_fork_server_that_hangs_is_replaced(daemon: Daemon):
    workers = await daemon.all_running()
    (fork_server,) = daemon.named("qb forkserver")
    fork_server.suspend()
    before = workers["radarr-hd"]["pid"]
    os.kill(before, signal.SIGKILL)

    async def all_running_again() -> bool:
        now = await daemon.workers()
        return all(w["state"] == "running" for w in now.values()) and now["radarr-hd"]["pid"] != before

    await until(all_running_again, 25, "the workers did not come back")


async def test_a_restart_asked_for_over_http_brings_a_fresh_process(daemon: Daemon):
    workers = await daemon.all_running()
    answer = await daemon.post("/web/arr/radarr-hd/restart")
    assert answer == {"message": "Restart triggered for radarr-hd"}
    worker = await replaced(daemon, "radarr-hd", workers["radarr-hd"]["pid"])
    assert worker["restarts"] == 0


async def test_an_arr_that_is_down_makes_its_own_worker_wait_and_no_other(sandbox: Sandbox, daemon: Daemon):
    await daemon.all_running()
    await sandbox.arrs["Radarr-HD"].stop()

    async def waits() -> bool:
        workers = await daemon.workers()
        return workers["radarr-hd"]["state"] == "waiting" and workers["radarr-hd"]["waitingFor"] == "Radarr-HD"

    await until(waits, 10, "a worker that waits")
    workers = await daemon.workers()
    assert {workers["sonarr-tv"]["state"], workers["lidarr-music"]["state"]} == {"running"}
    await sandbox.arrs["Radarr-HD"].start()
    await daemon.all_running()


async def test_a_qbittorrent_that_was_down_for_long_is_noticed_within_seconds_of_its_return(
    sandbox: Sandbox, daemon: Daemon
):
    before = await daemon.all_running()
    await sandbox.qbittorrent.stop()
    tries = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.close()

    async def all_wait() -> bool:
        return all(worker["waitingFor"] == "qBit" for worker in (await daemon.workers()).values())

    async with await asyncio.start_server(hang_up, HOST, sandbox.qbittorrent.port, reuse_address=True):
        await until(all_wait, 10, "workers that wait")
        assert (await daemon.get("/ready"))["ready"] is True
        enough = tries + 8 * len(before)  # the time between two of them has grown to its limit by then
        await until(lambda: tries >= enough, 90, lambda: f"{tries} of {enough} tries")
    await sandbox.qbittorrent.start()
    after = await daemon.all_running(12)
    assert {c: w["pid"] for c, w in after.items()} == {c: w["pid"] for c, w in before.items()}


async def test_a_refused_key_holds_the_worker_and_is_sent_once(tmp_path: Path):
    async with Sandbox([Section("Radarr-HD", "radarr", 5)]) as sandbox:
        config = sandbox.config_toml({"Radarr-HD": {"APIKey": "wrong"}})
        async with Daemon(tmp_path / "data", config) as daemon:

            async def held() -> bool:
                return (await daemon.workers())["radarr-hd"]["state"] == "held"

            await until(held, 10, "a worker that is held")
            passes = sandbox.qbittorrent.counts["GET /api/v2/sync/maindata"]
            await until(
                lambda: sandbox.qbittorrent.counts["GET /api/v2/sync/maindata"] > passes + 2, 10, "no further pass"
            )
            assert len(sandbox.arrs["Radarr-HD"].requests) == 1


async def test_a_stop_that_reaches_all_processes_at_once_is_as_clean(daemon: Daemon):
    """As service managers send it by default."""
    await daemon.all_running()
    for process in daemon.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended because of another one
            process.terminate()
    assert await daemon.stop() == 0
    log = (daemon.folder / "out.log").read_text()
    assert "fork server ended" not in log
    assert "SIGKILL" not in log


@pytest.mark.serial
async def test_a_fork_server_that_hangs_does_not_hold_up_the_end(daemon: Daemon):
    await daemon.all_running()
    (fork_server,) = daemon.named("qb forkserver")
    fork_server.suspend()
    began = time.monotonic()
    assert await daemon.stop() == 0
    assert time.monotonic() - began < 5
    assert daemon.processes() == []


@pytest.mark.parametrize("level", ["NOTICE", "TRACE", "CRITICAL"])
async def test_every_log_level_works(sandbox: Sandbox, tmp_path: Path, level: str):
    config = sandbox.config_toml({"Settings": {"ConsoleLevel": level}})
    async with Daemon(tmp_path / "data", config) as daemon:
        await daemon.all_running()
