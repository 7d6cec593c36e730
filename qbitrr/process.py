"""Process calls of Linux: die with the parent, adopt orphans, process name, memory."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from contextlib import suppress
from pathlib import Path

# numbers of the manual page prctl(2)
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
# numbers of <malloc.h>
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BLOCK_BYTES = 1 << 17

_LIBC = ctypes.CDLL(None, use_errno=True)  # opened before workers are forked, else by each of them


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, even while it hangs.

    A parent that ended before this call shows by the end of the channel to it.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants in place of init, to kill and reap them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def set_process_name(name: str) -> None:
    """Set the name that `ps` and `top` show; the kernel keeps 15 bytes."""
    _prctl(_PR_SET_NAME, name.encode()[:15])


def be_killed_first(score: int) -> None:
    """Raise the score by which the kernel chooses what to kill when memory runs out (0 to 1000)."""
    with suppress(OSError):  # lower than it is now, or not to be written in a container: the choice stays the kernel's
        Path("/proc/self/oom_score_adj").write_text(str(score))


def _prctl(option: int, argument: int | bytes) -> None:
    if _LIBC.prctl(option, argument, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")


def release_memory() -> None:
    """Collect garbage and return free pages to the system, which glibc keeps otherwise."""
    gc.collect()
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)


def keep_heap_small() -> None:
    """Have large blocks of memory mapped one by one, so that each is returned when it is freed, and others in one heap.

    By itself glibc raises the limit to 32 MiB once such a block was freed, and gives each thread a heap of its own, of
    which the supervisor's keep 1.3 MB that none uses (mallopt(3), M_MMAP_THRESHOLD and M_ARENA_MAX).
    To be called before there is a thread.
    """
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
        mallopt(_M_ARENA_MAX, 1)
