"""How much memory processes use."""

from __future__ import annotations

from functools import lru_cache

import psutil

_KEPT_SECONDS = 2


def resident_bytes(pid: int | None, now: float) -> int | None:
    """Resident memory of a process, read every other second at most; None when there is none.

    `now` is the monotonic clock in seconds.
    """
    return _read(pid, int(now) // _KEPT_SECONDS) if pid is not None else None


@lru_cache(maxsize=256)
def _read(pid: int, _when: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # it has just ended
        return None
