"""Index of the lines of log files: the position of every 4096th line, so that any line is found in the same time.

Of a file that grew, only the new part is read; one that was replaced or truncated is read from its start.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

CHUNK_BYTES = 1 << 18
_EVERY_LINES = 4096
_MOST_FILES = 64  # indexed at once; 8 bytes for every 4096 lines
_HEAD_BYTES = 256  # of the start, which differ when a file was truncated and filled again


class LineIndex:
    """Index of one file: `lines` is its number of finished lines, `size` the number of bytes that are indexed."""

    def __init__(self) -> None:
        self.lines = 0
        self.size = 0
        self._marks = [0]  # positions of line 0, 4096, 8192, …
        self._head = b""
        self._lock = threading.Lock()

    def update(self, descriptor: int, size: int) -> None:
        """Index what was written since the last update."""
        with self._lock:
            if size < self.size or os.pread(descriptor, len(self._head), 0) != self._head:
                self.lines, self.size, self._marks, self._head = 0, 0, [0], b""
            while self.size < size and (chunk := os.pread(descriptor, min(CHUNK_BYTES, size - self.size), self.size)):
                self._add(chunk)
            if len(self._head) < _HEAD_BYTES:
                self._head = os.pread(descriptor, min(_HEAD_BYTES, self.size), 0)

    def position(self, descriptor: int, line: int) -> int:
        """Return where a line starts, counted from 0; the end of the last finished line when there are fewer."""
        line = min(line, self.lines)
        nearest = line // _EVERY_LINES
        return _skip(descriptor, self._marks[nearest], line - nearest * _EVERY_LINES)

    def _add(self, chunk: bytes) -> None:
        count = chunk.count(b"\n")
        at = 0
        seen = 0
        while (due := len(self._marks) * _EVERY_LINES - self.lines) <= count:
            at = _after(chunk, at, due - seen)
            seen = due
            self._marks.append(self.size + at)
        self.lines += count
        self.size += len(chunk)


_indexes: OrderedDict[tuple[int, int], LineIndex] = OrderedDict()
_indexes_lock = threading.Lock()


def index_of(descriptor: int, status: os.stat_result) -> LineIndex:
    """Return the index of an open file, updated."""
    identity = (status.st_dev, status.st_ino)
    with _indexes_lock:
        index = _indexes.pop(identity, None) or LineIndex()
        _indexes[identity] = index
        while len(_indexes) > _MOST_FILES:
            _indexes.popitem(last=False)
    index.update(descriptor, status.st_size)
    return index


def _skip(descriptor: int, position: int, lines: int) -> int:
    """Return the position that is some line ends after another one."""
    while lines and (chunk := os.pread(descriptor, CHUNK_BYTES, position)):
        count = chunk.count(b"\n")
        if count >= lines:
            return position + _after(chunk, 0, lines)
        lines -= count
        position += len(chunk)
    return position


def _after(chunk: bytes, position: int, lines: int) -> int:
    for _ in range(lines):
        position = chunk.index(b"\n", position) + 1
    return position
