"""Two minutes in which three of ten workers crash, hang and flap: no other is late, and nothing is left or lost.

Lateness is compared with that of processes which do nothing but wait at the same time, so that a busy machine does
not look like a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil
import pytest

from qbitrr.rules.verdict import OPEN
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.process.test_workers import WITHOUT_DELAYS, assert_everything_was_done_once
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from multiprocessing.queues import Queue

SEED = 6
SECONDS = 120.0
PAUSE_SECONDS = 1.0  # LoopSleepTimer of the sandbox
LATE_SECONDS = 0.1
LAG_SECONDS = 0.05
LAG_MEMORY_SECONDS = 65.0  # a lag is reported for a minute and a moment, that of the start too
SECTIONS = (
    *(Section(f"Radarr-{number}", "radarr", 30) for number in range(4)),
    *(Section(f"Sonarr-{number}", "sonarr", 3, episodes=30) for number in range(3)),
    *(Section(f"Lidarr-{number}", "lidarr", 5) for number in range(3)),
)
# searches are counted: only those after failures are allowed
NO_PLANNED_SEARCHES = {section.name: {"EntrySearch": {"SearchMissing": False}} for section in SECTIONS}
DISTURBED = ("radarr-0", "sonarr-0", "lidarr-0")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    (tmp_path / "data" / "misbehave").mkdir(parents=True)
    async with Daemon(
        tmp_path / "data", sandbox.config_toml(WITHOUT_DELAYS | NO_PLANNED_SEARCHES), "tests.support.timed"
    ) as running:
        yield running


def wait_and_report(seconds: float, reports: Queue[float]) -> None:
    """Report the start, then the worst lateness of a process that only waits for the same pause again and again."""
    reports.put(0.0)
    worst, end = 0.0, time.monotonic() + seconds
    while (due := time.monotonic() + PAUSE_SECONDS) < end:
        time.sleep(PAUSE_SECONDS)
        worst = max(worst, time.monotonic() - due)
    reports.put(worst)


@contextlib.contextmanager
def bystanders(number: int, seconds: float) -> Any:
    """Processes that only wait; yields a function for the worst lateness of them all."""
    context = multiprocessing.get_context("spawn")
    reports: Queue[float] = context.Queue()
    processes = [context.Process(target=wait_and_report, args=(seconds, reports)) for _ in range(number)]
    for process in processes:
        process.start()
    for _ in processes:
        reports.get(timeout=30)  # their start must not disturb the daemon later
    yield lambda: max(reports.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(10)
        process.kill()


async def disturb(daemon: Daemon, dice: random.Random, end: float) -> Counter[str]:
    """Crash, hang and flap the chosen workers until the end; returns how often each was done."""
    done: Counter[str] = Counter()
    while time.monotonic() < end:
        category, what = dice.choice(DISTURBED), dice.choice(["crash", "crash", "kill", "hang", "flap"])
        for _ in range(5 if what == "flap" else 1):
            pid = (await daemon.workers())[category]["pid"]
            if pid is not None:
                number = {"crash": signal.SIGSEGV, "hang": signal.SIGSTOP}.get(what, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                done[what] += 1
            await asyncio.sleep(dice.uniform(0.02, 0.2))
        await asyncio.sleep(dice.uniform(0.2, 2.0))
    return done


async def keep_asking(daemon: Daemon, answers: Counter[int | str], lags: list[float]) -> None:
    """Count the answers; of the lags only those since this started."""
    started = time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        while True:
            try:
                async with session.get(f"{daemon.url}/health") as response:
                    answers[response.status] += 1
                    lag = (await response.json())["loopLagSeconds"]
                    if time.monotonic() > started + LAG_MEMORY_SECONDS:
                        lags.append(lag)
                async with session.get(f"{daemon.url}/web/processes") as response:
                    answers[response.status] += 1
                    await response.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                answers[repr(error)] += 1
            await asyncio.sleep(0.2)


def lateness(daemon: Daemon, category: str, since: float) -> list[float]:
    """By how much each pass but the first started later than a pause after the one before it."""
    passes = [line.split() for line in (daemon.orders / f"{category}.times").read_text().splitlines()]
    times = [(float(began), float(ended)) for _, began, ended in passes if float(began) >= since]
    return [began - (ended + PAUSE_SECONDS) for (_, ended), (began, _) in itertools.pairwise(times)]


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def settled(sandbox: Sandbox, daemon: Daemon) -> bool:
    decisions = await daemon.decisions()
    return bool(decisions) and not [d for d in decisions if d["state"] in OPEN]


async def test_three_of_ten_workers_in_chaos_disturb_no_other_and_lose_nothing(sandbox: Sandbox, daemon: Daemon):
    before = await daemon.all_running()
    others = [category for category in before if category not in DISTURBED]
    files_before = open_files(daemon.pid)
    answers: Counter[int | str] = Counter()
    lags: list[float] = []
    with bystanders(len(others), SECONDS) as worst_of_bystanders:
        asking = asyncio.create_task(keep_asking(daemon, answers, lags))
        started = time.monotonic()
        done = await disturb(daemon, random.Random(SEED), started + SECONDS)
        unavoidable = await asyncio.to_thread(worst_of_bystanders)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert min(done[what] for what in ("crash", "kill", "hang", "flap")) > 0, done

    after = await daemon.all_running(30)
    assert {c: after[c]["pid"] for c in others} == {c: before[c]["pid"] for c in others}
    late = {category: lateness(daemon, category, started) for category in others}
    assert all(len(times) > SECONDS / 4 for times in late.values()), {c: len(times) for c, times in late.items()}
    worst = {category: max(times) for category, times in late.items()}
    print(f"chaos {dict(done)}, worst lateness {max(worst.values()):.3f} s, loop lag {max(lags):.3f} s, "
          f"bystanders {unavoidable:.3f} s, {answers.total()} answers")  # fmt: skip
    assert max(worst.values()) <= LATE_SECONDS + unavoidable, worst
    assert max(lags) <= LAG_SECONDS + unavoidable
    assert set(answers) == {200}, answers

    await until(lambda: settled(sandbox, daemon), 90, "actions that are closed")
    assert_everything_was_done_once(sandbox, await daemon.decisions())
    ours = [p for p in psutil.process_iter() if session_of(p.pid) == daemon.pid]
    assert [p for p in ours if p.status() == psutil.STATUS_ZOMBIE] == []
    assert len(ours) == 2 + len(before)
    await until(lambda: open_files(daemon.pid) <= files_before + 4, 10, lambda: f"{open_files(daemon.pid)} open files")


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
