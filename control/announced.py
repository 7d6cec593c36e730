"""Announced: what was reported to the user and what is still to be sent, in a private file that outlives the daemon.

Both are in one file, written in one step: what counts as reported is sent or still there to be sent.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from control.message_text import Text  # noqa: TC001 - read by msgspec
from qbitrr import logs
from qbitrr.atomic_file import write_private

if TYPE_CHECKING:
    from pathlib import Path

_log = logs.get(__name__)


class Collected(Struct, omit_defaults=True):
    """The messages to one address.

    `waiting` come with the next one, to which `dropped` could not be added; the first of them came at `since`, in epoch
    seconds. `leaving` are the lines of the present one, which `attempts` did not bring there. While `is_unsure` an
    attempt is being made.
    """

    waiting: list[Text] = []
    dropped: int = 0
    since: float = 0.0
    leaving: list[Text] = []
    attempts: int = 0
    is_unsure: bool = False

    @property
    def lines(self) -> int:
        """How many lines are still to be sent."""
        return len(self.waiting) + len(self.leaving)


class Trouble(Struct, omit_defaults=True):
    """What was reported of one worker: the `kinds` of its present trouble, none when it is over.

    `ends` is how often it was over since it last ran for a day.
    """

    kinds: list[str] = []
    ends: int = 0


class Announced(Struct, omit_defaults=True):
    """What was reported, by its kind, and what is still to be sent, by the fingerprint of the address.

    change: number of the newest change of the ledger. breakers: why each tripped one did, by category.
    contradictions: kinds and texts by category. matters: what identifies those of the inbox. troubled: workers that are
    or were lately, by category. version: the newest one of qbitrr. None is not known yet.
    """

    change: int | None = None
    breakers: dict[str, str] = field(default_factory=dict)
    contradictions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    matters: list[tuple[str, ...]] | None = None
    troubled: dict[str, Trouble] = field(default_factory=dict)
    version: str = ""
    collected: dict[str, Collected] = field(default_factory=dict)


class AnnouncedFile:
    """The file `path`, and its content as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "notifications")  # one writer, in the order of the changes
        self.content, self._written = _read(path)
        self._is_failing = False

    async def save(self) -> None:
        """Write what changed. A failure is logged once: while it lasts, a crash has messages sent again."""
        await self._write(msgspec.json.encode(self.content))

    async def delete(self) -> None:
        """Delete the file, as nothing is to be reported."""
        await self._write(b"")

    async def _write(self, content: bytes) -> None:
        if content == self._written:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, _put, self._path, content)
        except OSError as error:
            if not self._is_failing:
                _log.error("notifications could not be written", file=str(self._path), error=str(error))
            self._is_failing = True
        else:
            self._written, self._is_failing = content, False

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()


def _put(path: Path, content: bytes) -> None:
    if content:
        write_private(path, content)
    else:
        path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[Announced, bytes]:
    """The content and its bytes; both empty when there is none, or none that can be read."""
    try:
        written = path.read_bytes()
        return msgspec.json.decode(written, type=Announced), written
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.warning("notifications could not be read", file=str(path), error=str(error), lost="what was not sent yet")
    return Announced(), b""
