"""Atomic writing of a private file: whole or not at all, and readable for its owner only."""

from __future__ import annotations

import codecs
import errno
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from qbitrr.errors import ConflictError

_MODE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step that survives a crash. Raises OSError.

    A symbolic link stays a link, and its target is replaced. The owner of an existing file is kept, and a new one gets
    that of its folder, where the system allows it.
    """
    _write(path, content, None)


def create_private(path: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises FileExistsError, also for a link, and OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with ExitStack() as unfinished:
        unfinished.callback(path.unlink, missing_ok=True)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it has been opened
            _give(file.fileno(), path.parent)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.pop_all()
    _sync_folder(path.parent)


def replace_private(path: Path, before: bytes, content: bytes) -> None:
    """Write a file as `write_private` does, unless another program has changed it from what it was `before`.

    Raises ConflictError, OSError. A byte order mark does not count.
    """
    _write(path, content, before)


def give_to_folder_owner(path: Path) -> None:
    """Give a new file or folder the owner of the folder it is in, where the system allows it.

    What root writes into the folder of a service has to be open to its user.
    """
    _give(path, path.parent)


def _give(to_own: Path | int, like: Path) -> None:
    with suppress(OSError):  # not root, or an owner that is not of this user namespace
        present = like.stat()
        os.chown(to_own, present.st_uid, present.st_gid)


def _write(path: Path, content: bytes, before: bytes | None) -> None:
    target = Path(os.path.realpath(path))
    with (
        ExitStack() as unfinished,
        NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as temporary,
    ):
        unfinished.callback(Path(temporary.name).unlink, missing_ok=True)
        os.fchmod(temporary.fileno(), _MODE)
        _give(temporary.fileno(), target if target.exists() else target.parent)
        temporary.write(content)
        temporary.flush()
        os.fsync(temporary.fileno())
        if before is not None:
            _check_unchanged(target, before)  # as late as can be
        _put_in_place(Path(temporary.name), target, content)
        unfinished.pop_all()
    _sync_folder(target.parent)


def _check_unchanged(target: Path, before: bytes) -> None:
    try:
        present: bytes | None = target.read_bytes()
    except FileNotFoundError:
        present = None
    if present is None or present.removeprefix(codecs.BOM_UTF8) != before:
        raise ConflictError(f"{target.name} was changed by another program meanwhile; read it again")


def _put_in_place(temporary: Path, target: Path, content: bytes) -> None:
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        # a single file mounted into a container cannot be replaced, only rewritten
        with target.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
