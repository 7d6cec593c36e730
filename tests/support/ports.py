"""Ports on loopback, for programs that are configured with one."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"

# Below the range of Linux for outgoing connections, so that none of those uses a port between choice and use.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """Return a TCP port of `HOST` on which no program listens now."""
    while True:
        port = random.choice(RANGE)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
