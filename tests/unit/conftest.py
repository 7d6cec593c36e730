"""Guard of the unit tests: a test that opens a socket or starts a program belongs into tests/integration."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import croniter  # noqa: F401 - its first import runs `file`, to know the width of the machine
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Source of the names: "Audit events table" of Python's documentation.
_PROGRAMS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
_SOCKETS = {"socket.bind", "socket.connect", "socket.sendto"}

_refused: list[str] | None = None
"""What the present test tried; None between tests, and in other folders."""


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _refused is None:
        return
    # pairs of Unix sockets have no address: an event loop wakes itself by one, a channel is one
    networked = event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6)
    if networked or event in _SOCKETS or event in _PROGRAMS:
        _refused.append(f"{event}{arguments[1:]}")
        raise PermissionError(f"{event} in a unit test")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _guard() -> Iterator[None]:
    """Fail the test afterwards too: the code under test may handle the error."""
    global _refused  # noqa: PLW0603
    _refused = []
    yield
    tried, _refused = _refused, None
    assert not tried, "not in a unit test; tests/integration is the place for it"
