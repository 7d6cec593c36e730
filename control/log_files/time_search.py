"""Finding the first line of a log file that was written at a time or later, by halving the file.

A line starts with its time; lines without one, such as of a traceback, belong to the one before. Where a clock was set
back, one of several places is found.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from qbitrr.clock import from_iso

_CHUNK_BYTES = 1 << 16
_LONGEST_GAP_BYTES = 1 << 20  # a line with a time is expected within
_STAMP = re.compile(rb"(?:^|\n)(?=([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?Z) )")
_LONGEST_STAMP_BYTES = 40


class _Stamped(NamedTuple):
    """A line that starts with its time, in epoch seconds."""

    position: int
    written_at: float


def position_at(descriptor: int, size: int, epoch_seconds: float) -> int:
    """Return where the first line starts that was written at this time or later; `size` when there is none."""
    start, end, found = 0, size, size
    while end - start > _CHUNK_BYTES:
        middle = (start + end) // 2
        line = _next_stamped(descriptor, middle, end)
        if line is None:
            end = middle
        elif line.written_at >= epoch_seconds:
            end, found = middle, line.position
        else:
            start = line.position
    while (line := _next_stamped(descriptor, start, found)) is not None:
        if line.written_at >= epoch_seconds:
            return line.position
        start = line.position + 1
    return found


def _next_stamped(descriptor: int, position: int, end: int) -> _Stamped | None:
    """Find the first line with a time that starts at a position or after it, and before `end`."""
    before = position - 1 if position else 0  # the line end before it
    stop = min(end, position + _LONGEST_GAP_BYTES)
    while before < stop:
        chunk = os.pread(descriptor, _CHUNK_BYTES, before)
        for match in _STAMP.finditer(chunk):
            start = before + match.end()
            if start < position or (before and not match.end()):  # or in the middle of a line
                continue
            written_at = from_iso(match[1].decode())
            if written_at is not None:
                return _Stamped(start, written_at) if start < end else None
        if len(chunk) <= _LONGEST_STAMP_BYTES:
            break
        before += len(chunk) - _LONGEST_STAMP_BYTES
    return None
