"""Searches that the user asks for, and the process list, which shows what a worker does now."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import SlowFirstByte
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 60),)
SETTINGS = {
    "Settings": {"ProcessRestartDelay": 0},
    "Radarr-HD": {"EntrySearch": {"SearchMissing": False, "SearchesPerHour": 6}},  # one, then one every ten minutes
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, has_past=False) as running:
        running.world.arrs["Radarr-HD"].imports_by_itself = False
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS)) as running:
        await running.all_running()
        yield running


def searched(sandbox: Sandbox) -> list[list[int]]:
    requests = sandbox.arrs["Radarr-HD"].requests
    return [r.body["movieIds"] for r in requests if r.method == "POST" and r.body["name"] == "MoviesSearch"]


async def test_the_first_search_follows_the_first_reading_of_a_library_at_once(sandbox: Sandbox, tmp_path: Path):
    """Not after `SearchLoopDelay`, although a round came before it and found nothing to search."""
    await sandbox.arrs["Radarr-HD"].fail(SlowFirstByte(1.5), "GET /api/v3/movie")
    config = sandbox.config_toml({"Settings": {"SearchLoopDelay": 3600}})
    async with Daemon(tmp_path / "data", config) as daemon:
        await until(lambda: searched(sandbox), 20, daemon.log)


async def test_what_the_user_asks_for_is_searched_within_the_budget_and_reported(sandbox: Sandbox, daemon: Daemon):
    arr = sandbox.world.arrs["Radarr-HD"]
    first, second, *_ = [one.id for one in arr.collection.wanted(arr.now)]

    async def worker() -> dict[str, Any]:
        return (await daemon.workers())["radarr-hd"]

    async def plan() -> dict[str, Any]:
        answer: dict[str, Any] = await daemon.get("/web/arr/radarr-hd/search-plan")
        return answer

    async def has_read_the_library() -> bool:
        return bool((await daemon.get("/web/radarr/radarr-hd/movies"))["total"])

    await until(has_read_the_library, 20, daemon.log)
    before = await worker()
    assert (before["searchSummary"], before["searchTimestamp"], before["queueCount"]) == (None, None, 0)
    assert (before["categoryCount"], before["metricType"]) == (0, "category")
    title = arr.collection.items[first].title

    await daemon.post("/web/arr/radarr-hd/search", {"ids": [first, 999_999]})
    await until(lambda: searched(sandbox) == [[first]], 20, "it was not searched")

    async def reported() -> bool:
        now = await worker()
        if now["searchSummary"] is None:
            return False
        at = datetime.fromisoformat(now["searchTimestamp"]).timestamp()
        return bool(now["searchSummary"] == f"{title}: asked for" and abs(time.time() - at) < 60)

    await until(reported, 20, "the search in the process list")

    await daemon.post("/web/arr/radarr-hd/search", {"ids": [second]})

    async def waits() -> bool:
        return bool((await plan())["waitingFor"] == "the budget is spent for now")

    await until(waits, 40, "it does not wait")
    assert searched(sandbox) == [[first]]

    arr.grab(
        [arr.collection.items[second]],
        arr.offer([arr.collection.items[second]]),
        Fate(Destiny.SLOW, bytes_per_second=1000.0),
    )

    async def counted() -> bool:
        now, queued = await worker(), len(arr.queue)
        in_category = sum(one.category == arr.category for one in sandbox.world.client.torrents.values())
        return bool(queued and (now["queueCount"], now["categoryCount"]) == (queued, in_category))

    await until(counted, 20, "it is not counted")

    pid = (await worker())["pid"]
    os.kill(pid, signal.SIGKILL)

    async def is_back() -> bool:
        now = await worker()
        return bool(now["state"] == "running" and now["pid"] != pid and now["searchSummary"] == f"{title}: asked for")

    await until(is_back, 20, "the last search was forgotten")
    assert searched(sandbox) == [[first]]
