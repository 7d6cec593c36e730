"""From the death of a worker, and from its standstill, until another one runs in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from benchmarks.report import Report

SECTIONS = [Section(f"Radarr-{one}", "radarr", 10) for one in range(6)]
DEATH_PROMISE_SECONDS = 1.0
HANG_PROMISE_SECONDS = 20.0
LONGEST_SECONDS = 60.0


def run(report: Report) -> None:
    report.heading(
        f"{len(SECTIONS)} workers, half of them killed one by one, half of them stopped in the middle of their work"
    )
    asyncio.run(_run(report))


async def _run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(SECTIONS, has_past=False) as sandbox, Daemon(Path(folder), sandbox.config_toml()) as daemon:
            await daemon.all_running()
            names = [section.category for section in SECTIONS]
            deaths = [await _seconds(daemon, name, signal.SIGKILL) for name in names[::2]]
            hangs = await asyncio.gather(*(_seconds(daemon, name, signal.SIGSTOP) for name in names[1::2]))
    report.line("death to replacement, median", statistics.median(deaths), "s", DEATH_PROMISE_SECONDS)
    report.line("standstill to replacement, median", statistics.median(hangs), "s", HANG_PROMISE_SECONDS)


async def _seconds(daemon: Daemon, category: str, number: signal.Signals) -> float:
    """Signal a worker; returns the seconds until another process runs in its place."""
    victim = (await daemon.workers())[category]["pid"]
    os.kill(victim, number)
    signalled = time.monotonic()

    async def is_replaced() -> bool:
        worker = (await daemon.workers())[category]
        return worker["state"] == "running" and worker["pid"] != victim

    await until(is_replaced, LONGEST_SECONDS, f"a replacement of {category}")
    return time.monotonic() - signalled
