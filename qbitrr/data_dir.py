"""DataDir: where one installation keeps its files, which folder that is, and the lock against a second daemon."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.atomic_file import give_to_folder_owner, write_private
from qbitrr.config import load_file
from qbitrr.config.environment import DATA_PATH
from qbitrr.config.example import write_first
from qbitrr.errors import ConfigError, DataFolderBusyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbitrr.config import Loaded

CONFIG_FILE = "config.toml"
STATE_FILE = "state.db"
BACKUP_FOLDER = "backups"
_LOCK_FILE = "qbitrr.lock"
_PRIVATE_FILES = (
    CONFIG_FILE,
    "state.*",
    "audit.db*",
    "sessions.json",
    "answer-links.json",
    "notifications.json",
    "update.json",
)
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))  # files that Docker and Podman leave in containers


@dataclass(frozen=True, slots=True)
class DataDir:
    """The data folder of one installation, and the place of everything in it."""

    folder: Path

    @property
    def config_file(self) -> Path:
        """`config.toml`."""
        return self.folder / CONFIG_FILE

    @property
    def config_history(self) -> Path:
        """Folder of the earlier versions of config.toml."""
        return self.folder / "config-history"

    @property
    def state_file(self) -> Path:
        """The SQLite file."""
        return self.folder / STATE_FILE

    @property
    def update_record(self) -> Path:
        """How far an update got."""
        return self.folder / "update.json"

    @property
    def audit_file(self) -> Path:
        """SQLite file of the changes that were asked for."""
        return self.folder / "audit.db"

    @property
    def sessions_file(self) -> Path:
        """The logins that are valid."""
        return self.folder / "sessions.json"

    @property
    def answer_links_file(self) -> Path:
        """The key of links in messages, and those that were used."""
        return self.folder / "answer-links.json"

    @property
    def notifications_file(self) -> Path:
        """What was reported to the user, and what is still to be sent."""
        return self.folder / "notifications.json"

    @property
    def control_socket(self) -> Path:
        """Unix socket of the running daemon, for its own user and root."""
        return self.folder / "control.sock"

    @property
    def evidence_folder(self) -> Path:
        """Folder of the reports on workers that ended abnormally."""
        return self.folder / "evidence"

    @property
    def quarantine_folder(self) -> Path:
        """Folder of the .torrent files of removed torrents, kept for an undo."""
        return self.folder / "quarantine"

    @property
    def log_folder(self) -> Path:
        """Folder of the log files."""
        return self.folder / "logs"

    def create(self) -> None:
        """Create the folder when it is missing, for its owner only. Raises ConfigError that names it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            hint = f"Choose another with --data-dir or {DATA_PATH}."
            problem = Problem("data folder", f"{self.folder}: {error.strerror}", "a folder that can be written", hint)
            raise ConfigError([problem]) from None

    def close_to_others(self) -> None:
        """Take the rights of other users from what is ours in the folder; the folder itself is the user's choice."""
        folders = (self.config_history, self.evidence_folder, self.log_folder, self.folder / BACKUP_FOLDER)
        files = (found for pattern in _PRIVATE_FILES for found in self.folder.glob(pattern))
        for path, mode in (*((one, 0o700) for one in folders), *((one, 0o600) for one in files)):
            if path.exists() and not path.is_symlink():
                with suppress(OSError):  # of another owner
                    path.chmod(mode)

    def adopt_config(self, working: Path) -> None:
        """Copy the `config.toml` of the working folder, readable for its owner only, unless there is one already."""
        beside = working / CONFIG_FILE
        if not self.config_file.exists() and beside.is_file():
            write_private(self.config_file, beside.read_bytes())

    def lock(self, inherited: int | None = None) -> int:
        """Lock the folder for this process; returns the descriptor, as long as which is open the folder is locked.

        `inherited` is the descriptor of this process from before a restart in place; that of another folder is closed.
        Raises DataFolderBusyError that names the process which has the lock.
        """
        if inherited is not None and not self._is_lock(inherited):
            os.close(inherited)
            inherited = None
        descriptor = inherited
        if descriptor is None:
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            give_to_folder_owner(self._lock_file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            pid = _read_pid(descriptor) or "unknown"
            os.close(descriptor)
            text = f"another qbitrr (process {pid}) uses {self.folder}; stop it, or choose another with --data-dir"
            raise DataFolderBusyError(text) from None
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder during the block. Raises DataFolderBusyError that names the process which has the lock."""
        descriptor = self.lock()
        try:
            yield
        finally:
            os.close(descriptor)

    def lock_holder(self) -> int | None:
        """The process that has locked the folder; None when there is none."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _read_pid(descriptor)
            return int(pid) if pid.isdecimal() else None
        else:
            return None
        finally:
            os.close(descriptor)

    @property
    def _lock_file(self) -> Path:
        return self.folder / _LOCK_FILE

    def _is_lock(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._lock_file.stat())
        except OSError:  # it is none, or the file was deleted
            return False


def _read_pid(lock: int) -> str:
    return os.pread(lock, 32, 0).decode(errors="replace").strip()


def choose_data_dir(argument: Path | None, environ: Mapping[str, str]) -> DataDir:
    """The data folder for this machine and working folder, see `data_folder`."""
    return DataDir(data_folder(argument, environ, container=in_container(environ), working=Path.cwd()))


def data_folder(argument: Path | None, environ: Mapping[str, str], *, container: bool, working: Path) -> Path:
    """Choose `--data-dir`, the environment, `/config` in a container, or `.config` in the working folder."""
    given = environ.get(DATA_PATH, "").strip()
    if argument is not None:
        chosen = argument
    elif given:
        chosen = Path(given)
    else:
        chosen = Path("/config") if container else Path(".config")
    return working / chosen.expanduser()


def in_container(environ: Mapping[str, str], marks: tuple[Path, ...] = _CONTAINER_MARKS) -> bool:
    """Whether this process runs in a container: the image says so, or the engine left its mark."""
    return bool(environ.get("QBITRR_DOCKER_RUNNING")) or any(mark.exists() for mark in marks)


def load_config(data_dir: DataDir, environ: Mapping[str, str]) -> Loaded:
    """Load the configuration of an installation; without one, write a first one. Raises ConfigError."""
    data_dir.create()
    data_dir.adopt_config(Path.cwd())
    if not data_dir.config_file.exists():
        write_first(data_dir.config_file)
    return load_file(data_dir.config_file, environ)
