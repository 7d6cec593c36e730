"""Faults of the builds that tests update to, and what makes each of those builds quick.

A build is this checkout with this module in it as `qbitrr.faults`, and with an entry point that calls some of these
functions before the command line: see `tests.support.wheels.build`. Everything replaced here is named as Python, so
that the type checker notices when it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import daemon, ipc
from qbitrr.update import check, trial, upgrade
from qbitrr.worker.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


def quick() -> None:
    """A trial ends soon, and the index may be asked again at once."""
    upgrade._TRIAL_SECONDS = 5.0
    check.FORCED_SECONDS = 0.5


def exits() -> None:
    """It can be imported and checks the configuration, but no daemon comes of it."""
    if _runs_daemon():
        raise SystemExit("the wheel is broken")


def never_ready() -> None:
    """Its workers start and never report that they are ready."""
    send = Channel.send

    def send_all_but_ready(channel: Channel, message: Any) -> None:
        if not isinstance(message, ipc.Ready):
            send(channel, message)

    Channel.send = send_all_but_ready  # type: ignore[method-assign, assignment]


def never_ready_after_the_switch() -> None:
    """The same, but not in the trial."""
    if not _is_trial():
        never_ready()


def fails_after_the_switch() -> None:
    """No daemon comes of it, but for the trial."""
    _replace_start(_fail)


def killed_after_the_switch() -> None:
    """The machine loses power while it starts, but not in the trial."""
    _replace_start(_kill)


def _replace_start(otherwise: Callable[..., NoReturn]) -> None:
    if _runs_daemon() and not _is_trial():
        daemon.prepare_state = otherwise


def _fail(*_: object) -> NoReturn:
    raise OSError("it cannot be")


def _kill(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


def _runs_daemon() -> bool:
    return sys.argv[-1] == "run"


def _is_trial() -> bool:
    return any(Path(argument).name == trial.FOLDER for argument in sys.argv)
