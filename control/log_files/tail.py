"""Following a log file line by line across rotation and truncation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from control.log_files import reader
from control.log_files.line_index import index_of

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1 << 16  # of one read
_LONGEST_LINE_BYTES = _MOST_BYTES  # a longer one is returned in pieces


class Tail:
    """The lines that are appended to a file. After a rotation the rest of the old file comes before the new one.

    Everything blocks; `close` it at the end.
    """

    def __init__(self, folder: Path, name: str, *, last_lines: int = 0) -> None:
        """Start at the end of the file, or some lines before it. Raises FileNotFoundError."""
        self._folder = folder
        self._name = name
        with reader.opened(folder, name) as (descriptor, status):
            index = index_of(descriptor, status)
            self._position = index.position(descriptor, max(0, index.lines - last_lines))
            self._descriptor = os.dup(descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def read(self) -> bytes:
        """Read finished lines that were appended since the last read; empty when there are none."""
        status = os.fstat(self._descriptor)
        if status.st_size < self._position:  # truncated: everything in it is new
            self._position = 0
        lines = self._whole_lines()
        if not lines:
            self._open_successor(status)
        return lines

    def _whole_lines(self) -> bytes:
        content = os.pread(self._descriptor, _MOST_BYTES, self._position)
        end = content.rfind(b"\n") + 1
        if end == 0 and len(content) >= _LONGEST_LINE_BYTES:
            end = len(content)
        self._position += end
        return content[:end]

    def _open_successor(self, status: os.stat_result) -> None:
        """Continue with the file that was started after this one, if any: rotation gives it the number below."""
        number = self._number_of(status)
        if number == 0:
            return
        successor = f"{self._name}.{number - 1}" if number > 1 else self._name
        try:
            with reader.opened(self._folder, successor) as (descriptor, _):
                rotated_again = self._number_of(status) != number
                if rotated_again or os.fstat(self._descriptor).st_size > self._position:  # retried in the next read
                    return
                os.dup2(descriptor, self._descriptor, inheritable=False)
                self._position = 0
        except FileNotFoundError:  # between a rotation and the next line
            return

    def _number_of(self, status: os.stat_result) -> int:
        """Count the rotations of the open file; one that is gone counts as the predecessor of the present file."""
        for name in reader.names(self._folder):
            base, _, number = name.removeprefix(self._name).rpartition(".")
            if name.startswith(self._name) and not base and (number.isdecimal() or name == self._name):
                try:
                    found = (self._folder / name).stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino):
                    return int(number or 0)
        return 1
