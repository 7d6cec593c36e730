"""Moves single files aside, back, and away for good, below one folder and never out of it.

Every folder on the way is opened without following a link, and has to be on the file system of the first. A file is
moved only as long as it is the one that was seen; nothing is ever replaced, copied or deleted besides. Blocking.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from qbitrr.rules.orphan_folders import ASIDE
from qbitrr.worker.orphans.walk import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from qbitrr.rules.orphans import FileFacts, Orphan

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
"""What a file system without hard links answers, and the kernel for files of others (protected_hardlinks)."""


class Outcome(StrEnum):
    """What the disk made of a step."""

    DONE = "done"
    CHANGED = "changed"
    OCCUPIED = "occupied"
    OTHER_DEVICE = "other_device"
    READ_ONLY = "read_only"
    DENIED = "denied"
    NO_SPACE = "no_space"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


PROBLEMS = {
    Outcome.CHANGED: "it changed, or is there no more",
    Outcome.OCCUPIED: "something else lies in its place",
    Outcome.OTHER_DEVICE: "it is on another file system than its folder, and nothing is copied",
    Outcome.READ_ONLY: "the disk is read-only",
    Outcome.DENIED: "the user of qbitrr may not do that there",
    Outcome.NO_SPACE: "the disk is full",
    Outcome.NO_ANSWER: "the disk does not answer",
    Outcome.FAILED: "the disk failed; the log has its error",
}
_BY_ERROR = {
    errno.ENOENT: Outcome.CHANGED,
    errno.ENOTDIR: Outcome.CHANGED,
    errno.ELOOP: Outcome.CHANGED,
    errno.ESTALE: Outcome.CHANGED,
    errno.EEXIST: Outcome.OCCUPIED,
    errno.EXDEV: Outcome.OTHER_DEVICE,
    errno.EROFS: Outcome.READ_ONLY,
    errno.EACCES: Outcome.DENIED,
    errno.EPERM: Outcome.DENIED,
    errno.ENOSPC: Outcome.NO_SPACE,
    errno.EDQUOT: Outcome.NO_SPACE,
}


def outcome_of(error: OSError) -> Outcome:
    """Name what the disk refused."""
    return _BY_ERROR.get(error.errno or 0, Outcome.FAILED)


def guarded(step: Callable[[], Outcome]) -> tuple[Outcome, str]:
    """Run a step; returns what came of it, with the error of the disk if there was one."""
    try:
        return step(), ""
    except OSError as error:
        return outcome_of(error), error.strerror or str(error)


def facts(folder: str, path: str) -> FileFacts | None:
    """Return the facts of a plain file; None when there is none. Raises OSError when that cannot be known."""
    try:
        with _parent(folder, path) as (parent, name):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return facts_of(status) if stat.S_ISREG(status.st_mode) else None


def move_aside(orphan: Orphan, kept: Collection[str]) -> Outcome:
    """Move a file to its place aside, and remove folders that became empty by that but `kept` ones. Raises OSError."""
    _, token, _ = orphan.aside.split("/")
    with _parent(orphan.folder, orphan.path) as (parent, name), _opened(orphan.folder) as root:
        found = _plain(parent, name)
        if found is None or found.changed_ns != orphan.file.changed_ns or not orphan.file.is_same(found):
            return Outcome.CHANGED
        with suppress(FileExistsError):
            os.mkdir(ASIDE, dir_fd=root)
        with _below(root, ASIDE) as aside:
            os.mkdir(token, dir_fd=aside)  # a new one, so that nothing is replaced
            try:
                with _below(aside, token) as place:
                    os.rename(name, name, src_dir_fd=parent, dst_dir_fd=place)
                    moved = _plain(place, name)
                    if moved is None or not orphan.file.is_same(moved):  # it was replaced in between
                        _rename_without_replacing(place, name, parent, name)
                        return Outcome.CHANGED
            finally:
                with suppress(OSError):
                    os.rmdir(token, dir_fd=aside)  # only when nothing came into it
    _remove_empty_parents(orphan.folder, orphan.path, kept)
    return Outcome.DONE


def restore(orphan: Orphan) -> Outcome:
    """Move a file back to where it was found, and go on where that was interrupted. Raises OSError."""
    _make_parents(orphan.folder, orphan.path)
    with (
        _parent(orphan.folder, orphan.aside) as (aside, name),
        _parent(orphan.folder, orphan.path) as (parent, own_name),
    ):
        found = _plain(aside, name)
        if found is None or not orphan.file.is_same(found):
            return Outcome.CHANGED
        in_place = _plain(parent, own_name)
        if in_place is not None and in_place.inode == found.inode:
            os.unlink(name, dir_fd=aside)
        else:
            _rename_without_replacing(aside, name, parent, own_name)
    _remove_empty_parents(orphan.folder, orphan.aside, ())
    return Outcome.DONE


def purge(orphan: Orphan) -> Outcome:
    """Delete a file that is aside. Raises OSError."""
    with _parent(orphan.folder, orphan.aside) as (aside, name):
        found = _plain(aside, name)
        if found is None or not orphan.file.is_same(found):
            return Outcome.CHANGED
        os.unlink(name, dir_fd=aside)
    _remove_empty_parents(orphan.folder, orphan.aside, ())
    return Outcome.DONE


def _rename_without_replacing(source: int, name: str, target: int, new_name: str) -> None:
    """Rename a file unless there is something in its new place. Raises FileExistsError then."""
    try:
        os.link(name, new_name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.stat(new_name, dir_fd=target, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    else:
        os.unlink(name, dir_fd=source)


def _plain(parent: int, name: str) -> FileFacts | None:
    """The facts of a plain file in an opened folder; None when there is none."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return facts_of(status) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _opened(folder: str) -> Iterator[int]:
    """Open the folder that is configured, which alone may be reached over a link."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _below(parent: int, name: str) -> Iterator[int]:
    """Open a folder in another one: no link, and on the same file system."""
    descriptor = os.open(name, _FOLDER, dir_fd=parent)
    try:
        if os.fstat(descriptor).st_dev != os.fstat(parent).st_dev:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _parent(folder: str, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder that a relative path is in; yields it with the name in it."""
    *folders, name = path.split("/")
    if not name or any(one in ("", ".", "..") for one in (*folders, name)):
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    with _opened(folder) as root:
        descriptor = os.dup(root)
        try:
            for one in folders:
                with _below(descriptor, one) as inner:
                    os.dup2(inner, descriptor, inheritable=False)
            yield descriptor, name
        finally:
            os.close(descriptor)


def _make_parents(folder: str, path: str) -> None:
    """Make the folders on a relative path again that are gone."""
    folders = path.split("/")[:-1]
    for number in range(1, len(folders) + 1):
        with _parent(folder, "/".join(folders[:number])) as (parent, name), suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)


def _remove_empty_parents(folder: str, path: str, kept: Collection[str]) -> None:
    """Remove the folders on a relative path that are empty, the innermost first; `kept` are absolute paths."""
    folders = path.split("/")[:-1]
    for number in range(len(folders), 0, -1):
        inner = "/".join(folders[:number])
        if f"{folder}/{inner}" in kept:
            return
        try:
            with _parent(folder, inner) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        except OSError:  # not empty, as a rule
            return
