"""Following a log file line by line across rotation and truncation, and searching one within a time limit."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from control.log_files import reader
from control.log_files.line_index import index_of

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1 << 20  # of one look
_LONGEST_LINE_BYTES = 1 << 16  # a longer one is given in pieces
SEARCH_SECONDS = 2.0


class Tail:
    """The lines that are appended to a file. One that was rotated away is read to its end before the new one.

    Blocking: run in a thread. `close` it at the end.
    """

    def __init__(self, folder: Path, name: str, *, last_lines: int = 0) -> None:
        """Begin at the end, or some lines before. Raises FileNotFoundError."""
        self._folder = folder
        self._name = name
        with reader.opened(folder, name) as (descriptor, status):
            index = index_of(descriptor, status)
            self._position = index.position(descriptor, max(0, index.lines - last_lines))
            self._descriptor = os.dup(descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def read(self) -> bytes:
        """Whole lines that were appended since the last time; nothing when there are none."""
        status = os.fstat(self._descriptor)
        if status.st_size < self._position:  # it was cut off: what is there now is new
            self._position = 0
        lines = self._whole_lines()
        if not lines:
            self._turn_to_newer(status)
        return lines

    def _whole_lines(self) -> bytes:
        content = os.pread(self._descriptor, _MOST_BYTES, self._position)
        end = content.rfind(b"\n") + 1
        if end == 0 and len(content) >= _LONGEST_LINE_BYTES:
            end = len(content)
        self._position += end
        return content[:end]

    def _turn_to_newer(self, status: os.stat_result) -> None:
        """Go on with the file that was begun after this one, if there is one: rotation gives it the number before."""
        number = self._number_of(status)
        if number == 0:
            return
        newer = f"{self._name}.{number - 1}" if number > 1 else self._name
        try:
            with reader.opened(self._folder, newer) as (descriptor, _):
                moved = self._number_of(status) != number
                if moved or os.fstat(self._descriptor).st_size > self._position:  # look again the next time
                    return
                os.dup2(descriptor, self._descriptor, inheritable=False)
                self._position = 0
        except FileNotFoundError:  # between rotation and the next line
            return

    def _number_of(self, status: os.stat_result) -> int:
        """How often the open file was rotated; a file that is gone counts as the one before the present."""
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


class Match(NamedTuple):
    """A line with its number, counted from 0."""

    line: int
    text: str


class Found(NamedTuple):
    """Matches; `complete` unless a limit was reached, then `next_line` is where to go on."""

    matches: list[Match]
    complete: bool
    next_line: int


def _block(descriptor: int, position: int, end: int) -> bytes:
    """Some whole lines from a position on; `end` is the end of a line."""
    content = bytearray()
    while chunk := os.pread(descriptor, min(_MOST_BYTES, end - position - len(content)), position + len(content)):
        content += chunk
        if b"\n" in chunk:
            break
    return bytes(content[: content.rfind(b"\n") + 1])


def search(folder: Path, name: str, wanted: str, *, first: int, most: int) -> Found:
    """Lines with a text in them, in any case, from line `first` on. Raises FileNotFoundError."""
    needle = wanted.casefold()
    until = time.monotonic() + SEARCH_SECONDS
    matches: list[Match] = []
    with reader.opened(folder, name) as (descriptor, status):
        index = index_of(descriptor, status)
        position, number = index.position(descriptor, first), min(first, index.lines)
        end = index.position(descriptor, index.lines)
        while position < end:
            content = _block(descriptor, position, end)
            for line in content.removesuffix(b"\n").split(b"\n"):
                text = reader.plain(line)
                if needle in text.casefold():
                    if len(matches) == most:
                        return Found(matches, complete=False, next_line=number)
                    matches.append(Match(number, text))
                number += 1
            position += len(content)
            if time.monotonic() > until and position < end:
                return Found(matches, complete=False, next_line=number)
    return Found(matches, complete=True, next_line=number)
