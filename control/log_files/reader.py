"""Reading log files by line, without loading them.

Only what is listed can be read, so that no name leads out of the folder.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.log_files.line_index import index_of
from qbitrr.logs import MAIN_FILE, WEB_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
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

    A last line without an end is not finished and does not count. Only what was appended since the last time is
    looked through.
    """
    with opened(folder, name) as (descriptor, status):
        index = index_of(descriptor, status)
        begin, end = index.position(descriptor, first), index.position(descriptor, first + most)
        content = _whole_lines(descriptor, begin, end)
    return Part(plain(content), content.count(b"\n"), index.lines, status.st_ino)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """A listed file, as descriptor and status. Raises FileNotFoundError for anything else."""
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
    """Text without colours."""
    return _ANSI.sub("", content.decode(errors="replace"))


def _is_log(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.isprintable()


def _order(name: str) -> tuple[bool, int, str, int]:
    """Files that are written to come first, of these the daemon's own."""
    match = _NAME.fullmatch(name)
    assert match is not None
    base, number = match["base"], int(match["number"] or 0)
    rank = _FIRST.index(base) if base in _FIRST else len(_FIRST)
    return number > 0, rank, base, number


def _whole_lines(descriptor: int, begin: int, end: int) -> bytes:
    """The bytes between, shortened to whole lines when they are too many."""
    content = bytearray()
    while chunk := os.pread(descriptor, min(CHUNK_BYTES, end - begin - len(content)), begin + len(content)):
        content += chunk
        if len(content) >= LARGEST_PART_BYTES and b"\n" in chunk:
            break
    return bytes(content[: content.rfind(b"\n") + 1])
