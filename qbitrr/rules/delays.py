"""Delays by the wall clock, after which something is done again."""

from __future__ import annotations

_RETRY_SECONDS = (300, 900, 3600, 21600)
_CLOCK_SECONDS = 60.0


def over_at(since: float | None, seconds: float, now: float) -> float | None:
    """Say when a delay since a moment is over; None when it is, or when there was no such moment.

    A moment that is yet to come was noted by a clock that was ahead: nothing waits for it.
    """
    if since is None or since > now + _CLOCK_SECONDS or now >= since + seconds:
        return None
    return since + seconds


def retry_seconds(tries: int) -> int:
    """Read the delay after the first failed import, the second and so on; also between checks of the Arr's history."""
    return _RETRY_SECONDS[min(max(tries, 1), len(_RETRY_SECONDS)) - 1]
