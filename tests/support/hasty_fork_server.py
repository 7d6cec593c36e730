"""A fork server whose workers are asked to end before they can obey, as when they are stopped while they are forked.

python -m tests.support.hasty_fork_server DESCRIPTOR
"""

from __future__ import annotations

import os
import signal
import socket
import sys

import qbitrr.worker.preload  # noqa: F401
from qbitrr import process
from supervisor import fork_server


def _stop_at_once(score: int) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    process.be_killed_first = _stop_at_once
    fork_server.serve(socket.socket(fileno=int(sys.argv[1])))
