"""A fork server whose first forks, or openings of process descriptors, fail, as on a system that has none to give.

python -m tests.support.failing_fork_server DESCRIPTOR fork|pidfd_open FAILURES
"""

from __future__ import annotations

import errno
import os
import socket
import sys

import qbitrr.worker.preload  # noqa: F401
from supervisor import fork_server

_name = sys.argv[2]
_call = getattr(os, _name)
_failures = int(sys.argv[3])


def _failing(*arguments: int) -> int:
    global _failures  # noqa: PLW0603
    if _failures:
        _failures -= 1
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    number: int = _call(*arguments)
    return number


if __name__ == "__main__":
    setattr(os, _name, _failing)
    fork_server.serve(socket.socket(fileno=int(sys.argv[1])))
