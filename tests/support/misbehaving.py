"""The daemon with workers that misbehave on request.

python -m tests.support.misbehaving ARGUMENTS-OF-QBITRR

A worker checks every tenth of a second for the file `misbehave/<category>` in the data folder, and does what its text
names.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from qbitrr.cli import main
from qbitrr.data_dir import DataDir
from qbitrr.http import progress
from qbitrr.worker.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_beat = Report.beat


def hold_the_interpreter(_report: Report) -> None:
    """A loop that never releases the interpreter to another thread."""
    re.match("(a+)+$", "a" * 64 + "b")  # longer than any test


def wait_for_a_lock(_report: Report) -> None:
    """A lock that is never released."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def get_nowhere(report: Report) -> None:
    """The event loop goes on, but the operation under way never ends."""
    _keep(_operation(report, 2.0, extends=False))


def be_slow(report: Report) -> None:
    """Slower than the deadline of the operation, but with progress that extends it."""
    _keep(_operation(report, 2.0, extends=True))


def crash(_report: Report) -> None:
    """A segmentation fault, like that of a broken library."""
    ctypes.string_at(0)


def start_a_program(_report: Report) -> None:
    """A program that does not end by itself, like ffprobe on a mount that hangs."""
    subprocess.Popen(["sleep", "1000"])


def freeze_with_the_state_file(_report: Report) -> None:
    """Frozen in the middle of a transaction, as by a disk that hangs."""
    state_file = DataDir(Path(os.environ["MISBEHAVE"]).parent).state_file
    sqlite3.connect(state_file, isolation_level=None).execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)


FAULTS: dict[str, Callable[[Report], None]] = {
    "gil": hold_the_interpreter,
    "lock": wait_for_a_lock,
    "nowhere": get_nowhere,
    "slow": be_slow,
    "crash": crash,
    "program": start_a_program,
    "freeze": freeze_with_the_state_file,
}

_kept: set[asyncio.Task[None]] = set()


def _keep(work: Coroutine[Any, Any, None]) -> None:
    _kept.add(asyncio.create_task(work))


async def _operation(report: Report, within_seconds: float, *, extends: bool) -> None:
    with report.operation("slow work" if extends else "endless work", "health", within_seconds):
        for _ in range(1000):
            await asyncio.sleep(within_seconds / 4)
            if extends:
                progress.report()


async def _beat_and_misbehave(report: Report) -> None:
    _keep(_beat(report))
    orders = Path(os.environ["MISBEHAVE"]) / structlog.contextvars.get_contextvars()["category"]
    while True:
        if orders.exists():
            fault = orders.read_text()
            orders.unlink()
            FAULTS[fault](report)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    Report.beat = _beat_and_misbehave  # type: ignore[method-assign, assignment]
    sys.exit(main.main())
