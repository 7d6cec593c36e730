"""Starting worker processes from a forkserver that has their modules loaded already.

Workers share the forkserver's memory, and starting one takes milliseconds. Everything here blocks; the supervisor
calls it from a thread.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING

from qbitrr import ipc
from qbitrr.worker import entry

if TYPE_CHECKING:
    import socket
    from multiprocessing.context import ForkServerProcess

_PRELOAD = ["qbitrr.worker.preload"]
_context = multiprocessing.get_context("forkserver")
_turn = threading.Lock()  # multiprocessing starts one process at a time


@dataclass(frozen=True, slots=True)
class Spawned:
    """A worker process: how to signal it without mistaking it for another, and how to talk to it."""

    process: ForkServerProcess
    pid: int
    pidfd: int
    channel: socket.socket


def prepare() -> None:
    """Start the forkserver. To be called before there is an event loop or a thread."""
    _context.set_forkserver_preload(_PRELOAD)
    forkserver.ensure_running()


def spawn(name: str) -> Spawned:
    """Start a worker. Raises OSError when the system has no process or descriptor to give."""
    ours, theirs = ipc.channel()
    try:
        with _turn:
            # a forkserver that died is started again by this
            process = _context.Process(target=entry.run, args=(theirs,), name=name, daemon=True)
            process.start()
        pid = process.pid or 0
        return Spawned(process, pid, os.pidfd_open(pid), ours)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()


def bury(spawned: Spawned) -> int | None:
    """Give back what belongs to a process that has ended; returns how it ended.

    That is its exit code, or the negative number of a signal, or None when nobody knows.
    """
    spawned.channel.close()
    os.close(spawned.pidfd)
    with _turn:  # the exit code can be read once, and starting another process would read it too
        spawned.process.join(timeout=0.5)
        code = spawned.process.exitcode
        if code is not None:
            spawned.process.close()
    # 255 is what is reported when the forkserver itself died and nobody could see the end
    return None if code == 255 else code


def end_forkserver() -> None:
    """End the forkserver and the process that multiprocessing keeps beside it; returns when they are gone."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # noqa: SLF001
