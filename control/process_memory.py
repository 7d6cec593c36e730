"""Resident memory of processes."""

from __future__ import annotations

from functools import lru_cache

_CACHE_SECONDS = 2


def resident_bytes(pid: int | None, now: float) -> int | None:
    """Return the resident memory of a process, None when there is none; read every other second at most.

    `now` is the monotonic clock in seconds.
    """
    return _read(pid, int(now) // _CACHE_SECONDS) if pid is not None else None


@lru_cache(maxsize=256)
def _read(pid: int, _period: int) -> int | None:
    import psutil  # noqa: PLC0415 - large, and not needed before the first one asks

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # it has just ended
        return None
