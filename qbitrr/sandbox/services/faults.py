"""What can be made to go wrong with a stand-in while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Down:
    """Connections are refused."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Requests are accepted and never answered."""


@dataclass(frozen=True, slots=True)
class SlowFirstByte:
    """Every answer is computed for so many seconds before its first byte is sent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """Every answer is this error; `retry_after` in seconds is sent as a header."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class HalfAnswer:
    """The connection breaks in the middle of the body."""


@dataclass(frozen=True, slots=True)
class EmptyLists:
    """Lists come back without an entry, as of an application that has lost its database."""


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """The key or password is not the right one any more, and no one is logged in."""


Fault: TypeAlias = Down | Hang | SlowFirstByte | Status | HalfAnswer | EmptyLists | WrongCredentials
