"""Reading log files by line, without loading them.

Only what is listed can be read, so that no name leads out of the folder.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbitrr.logs import MAIN_FILE, WEB_FILE

if TYPE_CHECKING:
    from pathlib import Path

CHUNK_BYTES = 1 << 18
LARGEST_PART_BYTES = 16 << 20  # fewer lines than asked for are returned when they would be more
_NAME = re.compile(r"(?P<base>.+\.log)(?:\.(?P<number>[0-9]{1,9}))?")
_FIRST = (MAIN_FILE, WEB_FILE)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a file, and how many it has in all."""

    text: str
    lines: int
    total_lines: int
    inode: int


def names(folder: Path) -> list[str]:
    """The log files of a folder: the daemon's, one for each category, and rotated ones at the end."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if _is_log(entry.name) and entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted(found, key=_order)


def read(folder: Path, name: str, *, first: int, most: int) -> Part:
    """`most` lines at most, after the `first` ones. Raises FileNotFoundError for what is not listed.

    A last line without an end is not finished and does not count. Takes one pass over the file.
    """
    if name not in names(folder):
        raise FileNotFoundError(name)
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(name)
        begin, end, total = _span(descriptor, first, first + most)
        content = _whole_lines(descriptor, begin, end)
    finally:
        os.close(descriptor)
    text = _ANSI.sub("", content.decode(errors="replace"))
    return Part(text, content.count(b"\n"), total, status.st_ino)


def _is_log(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.isprintable()


def _order(name: str) -> tuple[bool, int, str, int]:
    """Files that are written to come first, of these the daemon's own."""
    match = _NAME.fullmatch(name)
    assert match is not None
    base, number = match["base"], int(match["number"] or 0)
    rank = _FIRST.index(base) if base in _FIRST else len(_FIRST)
    return number > 0, rank, base, number


def _span(descriptor: int, first: int, last: int) -> tuple[int, int, int]:
    """Where line `first` begins, where line `last` does (both counted from 0), and how many lines there are.

    A place behind the last finished line is taken as its end.
    """
    lines = position = finished = 0
    begin = 0 if first == 0 else None
    end = None
    while chunk := os.pread(descriptor, CHUNK_BYTES, position):
        count = chunk.count(b"\n")
        if begin is None and lines + count >= first:
            begin = position + _after(chunk, first - lines)
        if end is None and lines + count >= last:
            end = position + _after(chunk, last - lines)
        if count:
            finished = position + chunk.rindex(b"\n") + 1
        lines += count
        position += len(chunk)
    return finished if begin is None else begin, finished if end is None else end, lines


def _after(chunk: bytes, number: int) -> int:
    """The position after a number of line ends."""
    position = 0
    for _ in range(number):
        position = chunk.index(b"\n", position) + 1
    return position


def _whole_lines(descriptor: int, begin: int, end: int) -> bytes:
    """The bytes between, shortened to whole lines when they are too many."""
    content = bytearray()
    while chunk := os.pread(descriptor, min(CHUNK_BYTES, end - begin - len(content)), begin + len(content)):
        content += chunk
        if len(content) >= LARGEST_PART_BYTES and b"\n" in chunk:
            break
    return bytes(content[: content.rfind(b"\n") + 1])
