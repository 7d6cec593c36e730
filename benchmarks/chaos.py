"""A minute of chaos: workers are killed and stopped, Arrs refuse, hang and answer late, the configuration is reloaded.

What is left alone is to go on as before: answers of the API, the loop of the supervisor, the heartbeats of workers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.failing_services import FAULTS
from benchmarks.processes import printed_by, start
from benchmarks.report import quantile
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.report import Report

KILLED, STOPPED, QUIET = ("radarr-0", "sonarr-1"), ("radarr-2", "sonarr-3"), ("radarr-4", "sonarr-5")
FAILING = tuple(name.lower() for name in FAULTS)
CLIENTS = 4
PATHS = ("/web/status", "/web/processes", "/web/radarr/radarr-4/movies", "/web/sonarr/sonarr-5/series?page_size=25")
SETTLING_SECONDS = 60.0  # the worst lag is that of the last minute, and the start's is not meant
QUIET_SECONDS, CHAOS_SECONDS = 20.0, 60.0
EVERY_SECONDS = 1.5  # something happens
LONGEST_SECONDS = 120.0
LAG_PROMISE_SECONDS = 0.1
HEARTBEAT_PROMISE_SECONDS = 5.0
SLOWDOWN = 5.0


@dataclass
class Observed:
    """Seconds of each answer, answers that did not come, the worst lag, the oldest heartbeat of each worker."""

    answers: list[float] = field(default_factory=list)
    failed: int = 0
    lag: float = 0.0
    heartbeats: dict[str, float] = field(default_factory=dict)

    def oldest(self, categories: tuple[str, ...]) -> float:
        """The oldest heartbeat of some workers, in seconds."""
        return max(self.heartbeats.get(one, 0.0) for one in categories)


def run(report: Report) -> None:
    report.heading(f"{CHAOS_SECONDS:g} seconds of chaos: ten workers, of which two are left alone")
    asyncio.run(_run(report))


async def _run(report: Report) -> None:
    services = start([sys.executable, "-m", "benchmarks.failing_services"], subprocess.PIPE)
    try:
        config = await asyncio.to_thread(printed_by, services)
        configs = [config, config.replace("LoopSleepTimer = 5", "LoopSleepTimer = 6")]
        with tempfile.TemporaryDirectory() as folder:
            async with Daemon(Path(folder), config) as daemon:
                await daemon.all_running()
                await asyncio.sleep(SETTLING_SECONDS)
                before = await _observed(daemon, lambda: asyncio.sleep(QUIET_SECONDS))
                struck: set[int] = set()
                during = await _observed(daemon, lambda: _chaos(daemon, services, configs, struck))
                seconds = await _calmed(daemon, services, struck)
    finally:
        services.terminate()
        services.wait()
    report.line("p50 of an answer before", 1000 * quantile(before.answers, 0.5), "ms")
    report.line("p99 of an answer before", 1000 * quantile(before.answers, 0.99), "ms")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ratio = quantile(during.answers, share) / quantile(before.answers, share)
        report.line(f"{name} of an answer during it", ratio, "times", SLOWDOWN, of="that before")
    report.line("answers that did not come", during.failed, "", 1)
    report.line("worst lag of the supervisor's loop before", before.lag, "s")
    report.line("worst lag of the supervisor's loop during it", during.lag, "s", LAG_PROMISE_SECONDS)
    for what, categories in (("left alone", QUIET), ("whose Arrs fail", FAILING)):
        age = during.oldest(categories)
        report.line(f"oldest heartbeat of the workers {what}", age, "s", HEARTBEAT_PROMISE_SECONDS)
    report.line("from its end until all workers run", seconds, "s")


async def _observed(daemon: Daemon, happening: Callable[[], Awaitable[None]]) -> Observed:
    """Watch while something happens."""
    observed = Observed()
    watching = [asyncio.create_task(_ask(daemon, observed, number)) for number in range(CLIENTS)]
    watching.append(asyncio.create_task(_watch(daemon, observed)))
    try:
        await happening()
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    observed.lag = max(observed.lag, (await daemon.get("/health"))["loopLagSeconds"])
    return observed


async def _ask(daemon: Daemon, observed: Observed, first: int) -> None:
    """Ask for one thing after the other, as a page does."""
    for path in cycle(PATHS[first % len(PATHS) :] + PATHS[: first % len(PATHS)]):
        started = time.perf_counter()
        with _counted(observed):
            await daemon.get(path)
        observed.answers.append(time.perf_counter() - started)
        await asyncio.sleep(0.02)


async def _watch(daemon: Daemon, observed: Observed) -> None:
    while True:
        with _counted(observed):
            observed.lag = max(observed.lag, (await daemon.get("/health"))["loopLagSeconds"])
            for category, worker in (await daemon.workers()).items():
                if worker["lastBeat"]:
                    age = time.time() - datetime.fromisoformat(worker["lastBeat"]).timestamp()
                    observed.heartbeats[category] = max(observed.heartbeats.get(category, 0.0), age)
        await asyncio.sleep(0.25)


@contextmanager
def _counted(observed: Observed) -> Iterator[None]:
    """Count a failure of what is asked inside."""
    try:
        yield
    except (OSError, TimeoutError, AssertionError, aiohttp.ClientError):
        observed.failed += 1


async def _chaos(daemon: Daemon, services: subprocess.Popen[bytes], configs: list[str], struck: set[int]) -> None:
    """Something happens every now and then, always in the same order; notes the processes that were struck."""

    async def reload() -> None:
        configs.reverse()
        daemon.configure(configs[0])
        os.kill(daemon.pid, signal.SIGHUP)

    async def strike(category: str, number: signal.Signals) -> None:
        pid = (await daemon.workers())[category]["pid"]
        if pid:
            struck.add(pid)
            with suppress(ProcessLookupError):  # it was replaced in this moment
                os.kill(pid, number)

    events: cycle[Callable[[], Awaitable[None]]] = cycle(
        (
            partial(strike, KILLED[0], signal.SIGKILL),
            partial(_say, services, "fail"),
            partial(strike, STOPPED[0], signal.SIGSTOP),
            reload,
            partial(strike, KILLED[1], signal.SIGKILL),
            partial(_say, services, "heal"),
            partial(strike, STOPPED[1], signal.SIGSTOP),
        )
    )
    until_at = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < until_at:
        await next(events)()
        await asyncio.sleep(EVERY_SECONDS)


async def _say(services: subprocess.Popen[bytes], line: str) -> None:
    assert services.stdin is not None
    services.stdin.write(f"{line}\n".encode())
    services.stdin.flush()


async def _calmed(daemon: Daemon, services: subprocess.Popen[bytes], struck: set[int]) -> float:
    """Heal the Arrs; returns the seconds until every worker runs, in another process than one that was struck."""
    started = time.monotonic()
    await _say(services, "heal")

    async def is_calm() -> bool:
        workers = (await daemon.workers()).values()
        return all(worker["state"] == "running" and worker["pid"] not in struck for worker in workers)

    await until(is_calm, LONGEST_SECONDS, "all workers")
    return time.monotonic() - started
