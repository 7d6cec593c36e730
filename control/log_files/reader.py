"""Reading and searching log files by line, without loading them.

Only a file that is listed can be read, so that no name leads out of the folder. Everything here blocks.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from control.log_files.line_index import CHUNK_BYTES, index_of
from control.log_files.time_search import position_at
from qbitrr.logs import MAIN_FILE, WEB_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_PART_BYTES = 1 << 20  # of lines that are returned at once, however many are requested
SEARCH_SECONDS = 2.0
_STRETCH_BYTES = 1 << 18
_SEARCH_BLOCK_BYTES = 1 << 20
_NAME = re.compile(r"(?P<base>.+\.log)(?:\.(?P<number>[0-9]{1,9}))?")
_FIRST = (MAIN_FILE, WEB_FILE)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Part:
    """Finished lines of a file. `lines` counts them, `total_lines` those of the whole file."""

    text: str
    lines: int
    total_lines: int
    inode: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Finished lines of a file by the position of their bytes; what follows starts at `end`."""

    text: str
    lines: int
    start: int
    end: int
    size: int


class Match(NamedTuple):
    """A line with its number, counted from 0."""

    line: int
    text: str


class SearchResult(NamedTuple):
    """The matches. Unless `complete`, a limit was reached, and `next_line` is where to continue."""

    matches: list[Match]
    complete: bool
    next_line: int


def names(folder: Path) -> list[str]:
    """List the log files of a folder: the daemon's, one for each category, and rotated ones at the end."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if _is_log(entry.name) and entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted(found, key=_order)


def read(folder: Path, name: str, *, first: int, most: int) -> Part:
    """Read at most `most` finished lines from line `first` on. Raises FileNotFoundError for what is not listed."""
    with opened(folder, name) as (descriptor, status):
        index = index_of(descriptor, status)
        start, end = index.position(descriptor, first), index.position(descriptor, first + most)
        content = _whole_lines(descriptor, start, end, LARGEST_PART_BYTES)
    return Part(plain(content), content.count(b"\n"), index.lines, status.st_ino)


def read_at(folder: Path, name: str, *, epoch_seconds: float, most: int) -> Stretch:
    """Read finished lines from the first that was written at a time or later. Raises FileNotFoundError.

    Few parts of the file are read, however long it is.
    """
    with opened(folder, name) as (descriptor, status):
        return _stretch(descriptor, status, position_at(descriptor, status.st_size, epoch_seconds), most)


def read_from(folder: Path, name: str, *, position: int, most: int) -> Stretch:
    """Read finished lines from a position on, which is `end` of what was read before. Raises FileNotFoundError."""
    with opened(folder, name) as (descriptor, status):
        return _stretch(descriptor, status, position, most)


def _stretch(descriptor: int, status: os.stat_result, start: int, most: int) -> Stretch:
    content = _whole_lines(descriptor, start, max(start, status.st_size), _STRETCH_BYTES)
    lines = content.split(b"\n")[:-1][:most]
    kept = b"".join(line + b"\n" for line in lines)
    return Stretch(plain(kept), len(lines), start, start + len(kept), status.st_size)


def search(folder: Path, name: str, text: str, *, first: int, most: int) -> SearchResult:
    """Find at most `most` lines that contain a text, in any case, from line `first` on. Raises FileNotFoundError."""
    folded = text.casefold()
    deadline = time.monotonic() + SEARCH_SECONDS
    matches: list[Match] = []
    with opened(folder, name) as (descriptor, status):
        index = index_of(descriptor, status)
        position, number = index.position(descriptor, first), min(first, index.lines)
        end = index.position(descriptor, index.lines)
        while position < end:
            content = _whole_lines(descriptor, position, end, _SEARCH_BLOCK_BYTES)
            for raw in content.removesuffix(b"\n").split(b"\n"):
                line = plain(raw)
                if folded in line.casefold():
                    if len(matches) == most:
                        return SearchResult(matches, complete=False, next_line=number)
                    matches.append(Match(number, line))
                number += 1
            position += len(content)
            if time.monotonic() > deadline and position < end:
                return SearchResult(matches, complete=False, next_line=number)
    return SearchResult(matches, complete=True, next_line=number)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a listed file, as descriptor and status. Raises FileNotFoundError for anything else."""
    if name not in names(folder):
        raise FileNotFoundError(name)
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(name)
        yield descriptor, status
    finally:
        os.close(descriptor)


def plain(content: bytes) -> str:
    """Decode a content, without colours."""
    return _ANSI.sub("", content.decode(errors="replace"))


def _is_log(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.isprintable()


def _order(name: str) -> tuple[bool, int, str, int]:
    """Sort present files before rotated ones, and those of the daemon first."""
    match = _NAME.fullmatch(name)
    assert match is not None
    base, number = match["base"], int(match["number"] or 0)
    rank = _FIRST.index(base) if base in _FIRST else len(_FIRST)
    return number > 0, rank, base, number


def _whole_lines(descriptor: int, start: int, end: int, most_bytes: int) -> bytes:
    """Read from `start` to `end`, both at the start of a line; stops after a line that exceeds `most_bytes`."""
    content = bytearray()
    while chunk := os.pread(descriptor, min(CHUNK_BYTES, end - start - len(content)), start + len(content)):
        content += chunk
        if len(content) >= most_bytes and b"\n" in chunk:
            break
    return bytes(content[: content.rfind(b"\n") + 1])
