"""A zygote for which the system has no process to give, the first few times.

python -m tests.support.poor_zygote DESCRIPTOR FAILURES
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


def _poor_fork() -> int:
    global _failures  # noqa: PLW0603
    if _failures:
        _failures -= 1
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


if __name__ == "__main__":
    os.fork = _poor_fork
    fork_server.serve(socket.socket(fileno=int(sys.argv[1])))
