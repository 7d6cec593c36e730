"""Atomic writing of a private file: whole or not at all, and readable for its owner only."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

_MODE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step that survives a crash. Raises OSError.

    A symbolic link stays a link, and its target is replaced. The owner of an existing file is kept where the system
    allows it.
    """
    target = Path(os.path.realpath(path))
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as temporary:
        try:
            os.fchmod(temporary.fileno(), _MODE)
            with suppress(FileNotFoundError, PermissionError):
                present = target.stat()
                os.fchown(temporary.fileno(), present.st_uid, present.st_gid)
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
            _put_in_place(Path(temporary.name), target, content)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
    _sync_folder(target.parent)


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
