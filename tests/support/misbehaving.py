"""The daemon with workers that misbehave on request, from the inside.

python -m tests.support.misbehaving ARGUMENTS-OF-QBITRR

A worker looks every tenth of a second for the file `misbehave/<category>` in the data folder, and does what it says.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from qbitrr.cli import main
from qbitrr.http import progress
from qbitrr.worker.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_beat = Report.beat


def hold_the_interpreter(_report: Report) -> None:
    """A loop that never gives the interpreter to another thread."""
    re.match("(a+)+$", "a" * 64 + "b")  # longer than anybody waits


def wait_for_a_lock(_report: Report) -> None:
    """A lock that nobody lets go."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def get_nowhere(report: Report) -> None:
    """The loop turns, but the operation under way waits for ever."""
    _keep(_operation(report, 2.0, extends=False))


def be_slow_and_honest(report: Report) -> None:
    """Slower than the deadline of the operation, which is put off each time something was done."""
    _keep(_operation(report, 2.0, extends=True))


def crash(_report: Report) -> None:
    """As a broken library does."""
    ctypes.string_at(0)


def start_a_grandchild(_report: Report) -> None:
    """A program that does not end by itself, as ffprobe on a mount that hangs."""
    subprocess.Popen(["sleep", "1000"])


MISDEEDS: dict[str, Callable[[Report], None]] = {
    "gil": hold_the_interpreter,
    "lock": wait_for_a_lock,
    "nowhere": get_nowhere,
    "slow": be_slow_and_honest,
    "crash": crash,
    "grandchild": start_a_grandchild,
}

_kept: set[asyncio.Task[None]] = set()


def _keep(work: Coroutine[Any, Any, None]) -> None:
    _kept.add(asyncio.create_task(work))


async def _operation(report: Report, within_seconds: float, *, extends: bool) -> None:
    with report.operation("honest work" if extends else "endless work", "health", within_seconds):
        for _ in range(1000):
            await asyncio.sleep(within_seconds / 4)
            if extends:
                progress.report()


async def _beat_and_obey(report: Report) -> None:
    _keep(_beat(report))
    orders = Path(os.environ["MISBEHAVE"]) / structlog.contextvars.get_contextvars()["category"]
    while True:
        if orders.exists():
            misdeed = orders.read_text()
            orders.unlink()
            MISDEEDS[misdeed](report)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    Report.beat = _beat_and_obey  # type: ignore[method-assign, assignment]
    sys.exit(main.main())
