"""One daemon for one data folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.atomic_file import write_private
from qbitrr.config.environment import DATA_PATH
from qbitrr.errors import ConfigError, DataFolderBusyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FILE = "qbitrr.lock"


def holder(folder: Path) -> int | None:
    """The process that holds the folder; None when there is none."""
    try:
        descriptor = os.open(folder / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 32).decode(errors="replace").strip()
        return int(text) if text.isdecimal() else None
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the kernel lets it go however the process ends.

    Raises DataFolderBusyError that names the process which holds it.
    """
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            text = f"another qbitrr (process {holder}) uses {folder}; stop it, or choose another with --data-dir"
            raise DataFolderBusyError(text) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


CONFIG_NAME = "config.toml"

# Docker and Podman leave these in every container that they start.
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def in_container(environ: Mapping[str, str], marks: tuple[Path, ...] = _CONTAINER_MARKS) -> bool:
    """Do we run in a container, by its own word or by the marks of its engine?"""
    return bool(environ.get("QBITRR_DOCKER_RUNNING")) or any(mark.exists() for mark in marks)


def data_folder(argument: Path | None, environ: Mapping[str, str], *, container: bool, working: Path) -> Path:
    """The data folder: `--data-dir`, the environment, `/config` in a container, `.config` in the working folder."""
    given = environ.get(DATA_PATH, "").strip()
    if argument is not None:
        chosen = argument
    elif given:
        chosen = Path(given)
    else:
        chosen = Path("/config") if container else Path(".config")
    return working / chosen.expanduser()


def create_data_folder(folder: Path) -> None:
    """Make the folder when it is missing; ConfigError names it when that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = f"Choose another with --data-dir or {DATA_PATH}."
        problem = Problem("data folder", f"{folder}: {error.strerror}", "a folder that can be written", hint)
        raise ConfigError([problem]) from None


def config_file(folder: Path, working: Path) -> Path:
    """`config.toml` in the data folder, whether it exists or not.

    When it does not and the working folder has one, that one is copied, readable for its owner only.
    """
    path, beside = folder / CONFIG_NAME, working / CONFIG_NAME
    if not path.exists() and beside.is_file():
        write_private(path, beside.read_bytes())
    return path
