"""The budget of searches holds across `kill -9`, whenever it comes and whatever the clocks did meanwhile."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 60), Section("Radarr-4K", "radarr", 60, profile_ids=(5,)))
PER_HOUR = 60
AT_ONCE = 10  # a sixth of what an hour has
COMMAND = "POST /api/v3/command"
SETTINGS = {
    "Settings": {
        "ProcessRestartDelay": 0,
        "MaxProcessRestarts": 1000,
        "SearchLoopDelay": 1,
        "SearchesPerHour": PER_HOUR,
    },
    **{
        section.name: {"ReSearch": False, "EntrySearch": {"SearchLimit": 1000, "SearchesPerHour": PER_HOUR}}
        for section in SECTIONS
    },
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, has_past=False) as running:
        for arr in running.world.arrs.values():
            arr.client = None  # searches find nothing
            for movie in arr.collection.items.values():
                movie.file, movie.monitored = None, True
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS)) as running:
        yield running


def searched(sandbox: Sandbox) -> list[tuple[str, int]]:
    """Every movie that was searched, with its Arr."""
    return [
        (name, movie_id)
        for name, stand_in in sandbox.arrs.items()
        for request in stand_in.requests
        if request.method == "POST" and request.body and request.body.get("name") == "MoviesSearch"
        for movie_id in request.body["movieIds"]
    ]


async def another_process(daemon: Daemon, category: str, pid: int) -> None:
    async def there() -> bool:
        worker = (await daemon.workers())[category]
        return worker["state"] == "running" and worker["pid"] not in (None, pid)

    await until(there, 20, daemon.log)


def set_the_clocks(daemon: Daemon, *, wall: float, monotonic: float) -> None:
    """Have what was stored been stored at another time, as if a clock had been set since."""
    with closing(sqlite3.connect(daemon.folder / "state.db", timeout=15)) as state:
        state.execute("UPDATE search_budgets SET wall = wall - ?, monotonic = monotonic - ?", (wall, monotonic))
        state.execute("UPDATE retry_after SET wall = wall - ?, monotonic = monotonic - ?", (wall, monotonic))
        state.commit()


async def test_neither_crashes_nor_clocks_refill_the_budget_or_have_anything_searched_twice(
    sandbox: Sandbox, daemon: Daemon
):
    await daemon.all_running()
    await until(lambda: searched(sandbox), 20, "nothing is searched")
    draw = random.Random(5)
    # set forward, set back, the machine booted again, both
    jumps = [(86_400.0, 0.0), (-86_400.0, 0.0), (0.0, -1e7), (86_400.0, -1e7)]
    for number in range(12):
        for category, worker in (await daemon.workers()).items():
            if worker["pid"] is None:
                continue
            # at another moment of what it does each time
            await until(lambda: draw.random() < 0.2, 20, "never")
            os.kill(worker["pid"], signal.SIGKILL)
            await another_process(daemon, category, worker["pid"])
        wall, monotonic = jumps[number % len(jumps)]
        set_the_clocks(daemon, wall=wall, monotonic=monotonic)

    async def spent() -> bool:
        plans = [await daemon.get(f"/web/arr/{category}/search-plan") for category in await daemon.workers()]
        return all(plan["waitingFor"] == "the budget is spent for now" and plan["searches"] for plan in plans)

    await until(spent, 60, "the budget is not spent")
    done = searched(sandbox)
    assert len(done) <= AT_ONCE + 2  # and what has come in within the minutes of this test
    assert len(done) == len(set(done))


async def test_retry_after_of_an_arr_holds_over_kills_and_clocks(sandbox: Sandbox, daemon: Daemon):
    stand_in = sandbox.arrs["Radarr-HD"]
    await daemon.all_running()
    await stand_in.fail(Status(429, retry_after=600), COMMAND)
    before = stand_in.counts[COMMAND]
    await until(lambda: stand_in.counts[COMMAND] > before, 30, "nothing was sent")

    async def waits() -> bool:
        plan = await daemon.get("/web/arr/radarr-hd/search-plan")
        return "asked for no more" in plan["waitingFor"]

    await until(waits, 20, "a plan that waits")
    await stand_in.heal()
    sent = stand_in.counts[COMMAND]
    for wall, monotonic in ((86_400.0, 0.0), (-86_400.0, 0.0)):
        set_the_clocks(daemon, wall=wall, monotonic=monotonic)
        pid = (await daemon.workers())["radarr-hd"]["pid"]
        queues = stand_in.counts["GET /api/v3/queue"]
        os.kill(pid, signal.SIGKILL)
        await another_process(daemon, "radarr-hd", pid)
        await until(lambda queues=queues: stand_in.counts["GET /api/v3/queue"] > queues, 20, "it does nothing")
        await until(waits, 20, "a plan that waits")
    assert stand_in.counts[COMMAND] == sent
