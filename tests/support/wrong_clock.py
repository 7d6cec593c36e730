"""The daemon with a wall clock that can be set while it runs; the monotonic one is right, as the kernel promises.

python -m tests.support.wrong_clock ARGUMENTS-OF-QBITRR

The file `misbehave/clock` in the data folder has the seconds by which the clock is ahead.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.daemon import Daemon

FILE = "clock"

_right = time.time


def set_clock(daemon: Daemon, ahead_seconds: float) -> None:
    """Have the clock of a daemon be wrong from now on."""
    daemon.order(FILE, str(ahead_seconds))


def _wrong() -> float:
    try:
        return _right() + float((Path(os.environ["MISBEHAVE"]) / FILE).read_text())
    except FileNotFoundError:
        return _right()


if __name__ == "__main__":
    time.time = _wrong  # before anything of qbitrr is loaded, which keeps the function
    from qbitrr.cli import main

    sys.exit(main.main())
