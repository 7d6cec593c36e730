"""Ports on loopback, for programs that are configured with one."""

from __future__ import annotations

import itertools
import os
import random
import socket

HOST = "127.0.0.1"

# Below the range of Linux for outgoing connections, so that none of those uses a port between choice and use.
RANGE = range(20_000, 32_000)
_PROCESSES = 8

# Tests that run beside each other choose from different ports, each of them once: between choice and use, or while what
# uses it restarts, a port looks free.
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
_own = [*RANGE[_process::_PROCESSES]]
random.shuffle(_own)
_ports: itertools.cycle[int] = itertools.cycle(_own)


def free_port() -> int:
    """Return a TCP port of `HOST` on which no program listens now."""
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
