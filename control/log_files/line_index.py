"""Where the lines of a file begin: every few thousandth is remembered, so that the five-millionth costs what the first
does. A file that grew is looked through from where it ended; one that was replaced or cut off, anew.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

CHUNK_BYTES = 1 << 18
_EVERY_LINES = 4096
_FILES = 64  # indexed at most; 8 bytes for every 4096 lines
_HEAD_BYTES = 256  # of the beginning, by which a file that was cut off and filled again is told from one that grew


class LineIndex:
    """Of one file. `lines` are finished by a line end, `size` bytes have been looked through."""

    def __init__(self) -> None:
        self.lines = 0
        self.size = 0
        self._marks = [0]  # where line 0, 4096, 8192, … begins
        self._head = b""
        self._lock = threading.Lock()

    def catch_up(self, descriptor: int, size: int) -> None:
        """Take in what the file has become."""
        with self._lock:
            if size < self.size or os.pread(descriptor, len(self._head), 0) != self._head:
                self.lines, self.size, self._marks, self._head = 0, 0, [0], b""
            while self.size < size and (chunk := os.pread(descriptor, min(CHUNK_BYTES, size - self.size), self.size)):
                self._take_in(chunk)
            if len(self._head) < _HEAD_BYTES:
                self._head = os.pread(descriptor, min(_HEAD_BYTES, self.size), 0)

    def position(self, descriptor: int, line: int) -> int:
        """Where a line begins, counted from 0; the end of the last finished one when there are not so many."""
        line = min(line, self.lines)
        nearest = line // _EVERY_LINES
        return _skip(descriptor, self._marks[nearest], line - nearest * _EVERY_LINES)

    def _take_in(self, chunk: bytes) -> None:
        count = chunk.count(b"\n")
        at = 0
        seen = 0
        while (due := len(self._marks) * _EVERY_LINES - self.lines) <= count:
            at = _after(chunk, at, due - seen)
            seen = due
            self._marks.append(self.size + at)
        self.lines += count
        self.size += len(chunk)


_known: OrderedDict[tuple[int, int], LineIndex] = OrderedDict()
_turn = threading.Lock()


def index_of(descriptor: int, status: os.stat_result) -> LineIndex:
    """The index of an open file, as it is now."""
    identity = (status.st_dev, status.st_ino)
    with _turn:
        index = _known.pop(identity, None) or LineIndex()
        _known[identity] = index
        while len(_known) > _FILES:
            _known.popitem(last=False)
    index.catch_up(descriptor, status.st_size)
    return index


def _skip(descriptor: int, position: int, lines: int) -> int:
    """The position after a number of line ends from another one."""
    while lines and (chunk := os.pread(descriptor, CHUNK_BYTES, position)):
        count = chunk.count(b"\n")
        if count >= lines:
            return position + _after(chunk, 0, lines)
        lines -= count
        position += len(chunk)
    return position


def _after(chunk: bytes, position: int, number: int) -> int:
    for _ in range(number):
        position = chunk.index(b"\n", position) + 1
    return position
