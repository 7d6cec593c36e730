"""A fork server whose first forks fail, as on a system that has no process to give.

python -m tests.support.failing_fork_server DESCRIPTOR FAILURES
"""

from __future__ import annotations

import errno
import os
import socket
import sys

import qbitrr.worker.preload  # noqa: F401
from supervisor import fork_server

_fork = os.fork
_failures = int(sys.argv[2])


def _failing_fork() -> int:
    global _failures  # noqa: PLW0603
    if _failures:
        _failures -= 1
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


if __name__ == "__main__":
    os.fork = _failing_fork
    fork_server.serve(socket.socket(fileno=int(sys.argv[1])))
