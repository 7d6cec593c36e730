"""Where a worker process begins. Small on purpose: the supervisor imports it to name it to the forkserver."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


def run(channel: socket.socket) -> None:
    """Run a worker on its end of the channel until it is stopped or the supervisor is gone."""
    from qbitrr.worker.main import main  # noqa: PLC0415 - only the child may load it

    main(channel)
