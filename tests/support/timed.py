"""The daemon, whose workers record when each pass over the torrents started and ended.

python -m tests.support.timed ARGUMENTS-OF-QBITRR

One line for each pass, in `misbehave/<category>.times` of the data folder: both times on the monotonic clock.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from qbitrr.cli import main
from qbitrr.worker.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

_operation = Report.operation


@contextmanager
def _timed(report: Report, name: str, *arguments: Any) -> Iterator[None]:
    began = time.monotonic()
    with _operation(report, name, *arguments):
        yield
    if name == "torrents":
        category = structlog.contextvars.get_contextvars()["category"]
        with (Path(os.environ["MISBEHAVE"]) / f"{category}.times").open("a") as file:
            file.write(f"{os.getpid()} {began} {time.monotonic()}\n")


if __name__ == "__main__":
    Report.operation = _timed  # type: ignore[method-assign, assignment]
    sys.exit(main.main())
