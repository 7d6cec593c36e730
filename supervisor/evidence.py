"""Evidence: what is kept of a worker that ended abnormally: how, why, doing what, its stacks and last log lines.

One JSON file for each end, in a folder for each category; the newest twenty are kept. Secrets are removed first.
"""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from qbitrr import logs
from qbitrr.atomic_file import write_private
from supervisor.memory_kills import MemoryKills

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logs.get(__name__)

KILLED_FOR_MEMORY = "killed for memory"
KEPT = 20
LARGEST_BYTES = 1 << 20
_LOG_LINES = 200
_LOG_BYTES = 512 * 1024
_STACK_BYTES = 256 * 1024

Moment = datetime


class Ending(Struct, frozen=True, rename="camel"):
    """How a worker ended. `because` is why the supervisor or the kernel ended it, if known; `config` a fingerprint.

    `beat_seconds_ago` is None when there was no heartbeat; `peak_bytes` is the most memory that it ever had,
    `process_state` its state in the kernel while it hung.
    """

    category: str
    at: Moment
    pid: int
    how: str
    because: str | None
    phase: str
    ran_seconds: float
    operation: str | None
    progress: int
    errors: int
    beat_seconds_ago: float | None
    waiting_for: str | None
    last_error: str | None
    peak_bytes: int | None
    process_state: str | None
    config: str
    version: str
    stack: str = ""
    log: list[str] = []


class Evidence:
    """The bundles in a folder, and what the kernel says of ends. `redact` removes secrets from a text.

    Without log files `log_folder` is None.
    """

    def __init__(self, folder: Path, log_folder: Path | None, redact: Callable[[str], str]) -> None:
        self.redact = redact
        self.memory_kills = MemoryKills()
        self._folder = folder
        self._log_folder = log_folder

    async def keep(self, ending: Ending, stacks: int) -> None:
        """Write a bundle with the stacks from an open file. A failure is only logged."""
        try:
            await asyncio.to_thread(self._write, ending, stacks)
        except OSError as error:
            _log.error("evidence could not be written", category=ending.category, error=str(error))

    def _write(self, ending: Ending, stacks: int) -> None:
        stack = os.pread(stacks, _STACK_BYTES, 0).decode(errors="replace")
        folder = _folder_of(self._folder, ending.category)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = self._encode(replace(ending, stack=stack, log=self._last_lines(ending.category)))
        written = folder / f"{ending.at:%Y%m%dT%H%M%S.%f}-{ending.pid}.json"
        write_private(written, data)
        others = [path for path in _files(folder) if path != written]  # it stays whatever its name: clocks may be wrong
        for old in others[KEPT - 1 :]:
            old.unlink(missing_ok=True)

    def _last_lines(self, category: str) -> list[str]:
        if self._log_folder is None:
            return []
        try:
            with (self._log_folder / logs.file_name(category)).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
                return file.read(_LOG_BYTES).decode(errors="replace").splitlines()[-_LOG_LINES:]
        except FileNotFoundError:
            return []
        except OSError as error:  # which may be why it ended
            return [f"the log cannot be read: {error}"]

    def _encode(self, ending: Ending) -> bytes:
        """JSON without secrets. Beyond the limit the oldest lines are dropped, then the deepest frames."""
        redacted = replace(
            ending,
            because=ending.because and self.redact(ending.because),
            last_error=ending.last_error and self.redact(ending.last_error),
            stack=self.redact(ending.stack),
            log=[self.redact(line) for line in ending.log],
        )
        while len(data := msgspec.json.encode(redacted)) > LARGEST_BYTES:
            if redacted.log:
                redacted = replace(redacted, log=redacted.log[len(redacted.log) // 2 + 1 :])
            else:
                redacted = replace(redacted, stack=redacted.stack[: len(redacted.stack) // 2])
        return data


def read(folder: Path, category: str, most: int = KEPT) -> list[Ending]:
    """The newest bundles of a category, newest first, without files that cannot be read. Blocking."""
    found = (_decoded(path) for path in _files(_folder_of(folder, category))[:most])
    return [ending for ending in found if ending]


def _decoded(path: Path) -> Ending | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Ending)
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("evidence could not be read", file=path.name, error=str(error))
        return None


def _folder_of(folder: Path, category: str) -> Path:
    return folder / logs.file_name(category).removesuffix(".log")


def _files(folder: Path) -> list[Path]:
    """Newest first, by their names."""
    return sorted(folder.glob("*.json"), reverse=True)


def report(folder: Path, category: str | None) -> str:
    """Of a category, the newest bundle in full and a line for each other; of all, a line for each. Blocking."""
    if category is not None:
        found = read(folder, category)
        return "\n".join([*(line for newest in found[:1] for line in _in_full(newest)), *map(_in_short, found[1:])])
    of_all = (_decoded(path) for path in folder.glob("*/*.json"))
    endings = sorted((ending for ending in of_all if ending), key=lambda ending: ending.at, reverse=True)
    return "\n".join(map(_in_short, endings))


def _in_short(ending: Ending) -> str:
    because = f": {ending.because}" if ending.because else ""
    return f"{ending.at:%Y-%m-%d %H:%M:%S}Z  {ending.category}  {ending.how}{because}"


def _in_full(ending: Ending) -> list[str]:
    facts = {name: value for name, value in msgspec.to_builtins(ending).items() if name not in ("stack", "log")}
    lines = [f"{name}: {value}" for name, value in facts.items() if value is not None]
    return [*lines, "", "stack:", ending.stack.rstrip(), "", "log:", *ending.log, ""]


def how_it_ended(code: int | None) -> str:
    """An exit code, or the negative number of a signal, in words; None is unknown."""
    if code is None:
        return "unknown"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def moment(epoch_seconds: float) -> Moment:
    """A time of the wall clock as bundles have it."""
    return datetime.fromtimestamp(epoch_seconds, UTC)


def process_state(pid: int) -> str | None:
    """State of a process and where it waits, such as `T (stopped), do_signal_stop`; None when it is gone."""
    folder = Path(f"/proc/{pid}")
    try:
        status = (folder / "status").read_text()
        waits_in = (folder / "wchan").read_text()
    except OSError:
        return None
    state = next((line.partition(":")[2].strip() for line in status.splitlines() if line.startswith("State:")), "?")
    return f"{state}, {waits_in}" if waits_in not in ("", "0") else state
