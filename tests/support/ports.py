"""Ports on loopback for programs that must be told one beforehand."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"

# Below what Linux hands out for outgoing connections, so that none of those takes a port between choice and use.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port of `HOST` that nobody listens on now."""
    while True:
        port = random.choice(RANGE)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
