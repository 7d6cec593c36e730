"""Signals that come before the loop of the daemon runs: kept, and obeyed once it does.

By default each of them ends the process, and checking, backing up and migrating a large state file takes minutes.
"""

from __future__ import annotations

import signal

COMMANDS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that command something of a running daemon."""
_kept: set[signal.Signals] = set()


def keep() -> None:
    """Keep the signals that command something from now on; those that end the daemon go on to end it."""
    for number in COMMANDS:
        signal.signal(number, lambda received, _: _kept.add(signal.Signals(received)))


def release() -> list[signal.Signals]:
    """Return the signals that were kept, each once; further ones are not kept by this module any more."""
    kept = sorted(_kept)
    _kept.clear()
    return kept
