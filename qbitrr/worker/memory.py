"""Giving memory back after something large, as after a full sync."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Collect garbage and return free pages to the system; the C library keeps them otherwise (glibc)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
