"""Clock: wall and monotonic time, as values that tests can replace, and times as text.

Times of the wall clock are UTC epoch seconds (float) internally, ISO 8601 with `Z` on the wire. Durations and
deadlines are measured with the monotonic clock only: the wall clock may jump.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks: `wall()` in epoch seconds, `monotonic()` in seconds from an arbitrary start."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


_FIRST = datetime.min.replace(tzinfo=UTC).timestamp()
_LAST = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


def calendar_time(epoch_seconds: float) -> datetime:
    """Convert a time to UTC; one beyond the calendar is its first or last second."""
    return datetime.fromtimestamp(min(max(epoch_seconds, _FIRST), _LAST), UTC)


def to_iso(epoch_seconds: float | None) -> str | None:
    """Write a time for the wire: `2024-10-31T12:00:00Z`; None stays None."""
    if epoch_seconds is None:
        return None
    return calendar_time(epoch_seconds).isoformat(timespec="seconds").replace("+00:00", "Z")


def from_iso(text: str | None) -> float | None:
    """Epoch seconds of an ISO 8601 time or date as the Arrs write them; None for anything else."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
