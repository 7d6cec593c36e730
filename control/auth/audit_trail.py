"""Audit trail: who asked for which change, from where, how they proved who they are, and how it ended.

A file of its own beside the state file: that one is written by workers only, and a copy of it that is restored must not
take entries back. An entry is written before the change is made. When it cannot be written, the change is made all the
same, as the log has it too: a full disk must not keep anyone from stopping a removal.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qbitrr import logs
from qbitrr.errors import QbitrrError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from control.auth.roles import Author
    from qbitrr.clock import Clock

_log = logs.get(__name__)

KEPT = {True: 10_000, False: 1_000}
"""Entries that are kept, of trusted authors and of all others, who must not be able to push those out."""
_MOST_CHARACTERS = 2_000  # of a subject
_BUSY_SECONDS = 2.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,                  -- epoch seconds
    caller TEXT NOT NULL,
    address TEXT NOT NULL,
    proof TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    action TEXT NOT NULL,              -- method and path
    subject TEXT NOT NULL,             -- what of it, such as the names of keys; never a value
    outcome TEXT                       -- "done" or the code of the error; null until it ended
) STRICT;
CREATE INDEX IF NOT EXISTS audit_trusted ON audit (trusted, id);
"""
T = TypeVar("T")


class AuditEntry(NamedTuple):
    """One change that was asked for; `outcome` is None for one that has not ended, or whose end is not known."""

    id: int
    at: float
    caller: str
    address: str
    proof: str
    action: str
    subject: str
    outcome: str | None


class UserAnswer(NamedTuple):
    """What was answered about one torrent, and accepted: `about` is the id of an action, or an infohash."""

    at: float
    about: str
    answer: str


class AuditTrail:
    """The newest entries, in the SQLite file `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "audit")  # one writer, in the order of the requests

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()

    @asynccontextmanager
    async def entry(self, author: Author, action: str, subject: str = "") -> AsyncIterator[None]:
        """Record a change that is made within the block, and how it ends."""
        text = subject[:_MOST_CHARACTERS]
        fields = {"caller": str(author.caller), "address": author.address, "proof": author.proof, "action": action}
        number = await self._run(partial(_add, (self._clock.wall(), *fields.values(), text), author.trusted), 0)
        outcome = QbitrrError.code
        try:
            yield
            outcome = "done"
        except QbitrrError as error:
            outcome = error.code
            raise
        finally:
            _log.info("change was requested", **fields, subject=text, outcome=outcome)
            # also when the client has disconnected meanwhile
            await asyncio.shield(self._run(partial(_close, number, outcome), None))

    async def newest(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Read the newest entries, those before an id."""
        return await self._run(partial(_read, limit, before), [])

    async def answers(self) -> list[UserAnswer]:
        """Read what was answered about single torrents, the oldest first."""
        return await self._run(_answers, [])

    async def _run(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._with_connection, work)
        except (sqlite3.Error, OSError) as error:
            _log.error("audit trail could not be used", file=str(self._path), error=str(error))
            return otherwise

    def _with_connection(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._once(work)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:  # damaged
            aside = self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            _log.error("audit trail was damaged", damage=str(error), set_aside=str(aside))
            return self._once(work)

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._path.touch(0o600)
        with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection, connection:
            connection.executescript(_SCHEMA)
            return work(connection)


def _add(values: tuple[object, ...], trusted: bool, connection: sqlite3.Connection) -> int:
    number = connection.execute(
        "INSERT INTO audit (at, caller, address, proof, action, subject, trusted) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*values, trusted),
    ).lastrowid
    connection.execute(
        "DELETE FROM audit WHERE trusted = :trusted AND id <="
        " (SELECT id FROM audit WHERE trusted = :trusted ORDER BY id DESC LIMIT 1 OFFSET :kept)",
        {"trusted": trusted, "kept": KEPT[trusted]},
    )
    return number or 0


def _close(number: int, outcome: str, connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE audit SET outcome = ? WHERE id = ?", (outcome, number))


def _read(limit: int, before: int | None, connection: sqlite3.Connection) -> list[AuditEntry]:
    rows = connection.execute(
        "SELECT id, at, caller, address, proof, action, subject, outcome FROM audit"
        " WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :limit",
        {"before": before, "limit": limit},
    )
    return [AuditEntry(*row) for row in rows]


_OF_ACTION = re.compile(r"/actions/([0-9]+)/(undo|answer)$")


def _answers(connection: sqlite3.Connection) -> list[UserAnswer]:
    rows = connection.execute(
        "SELECT at, action, subject FROM audit"
        " WHERE outcome = 'done' AND (action LIKE '%/undo' OR action LIKE '%/answer') ORDER BY id"
    )
    return [UserAnswer(at, *found) for at, action, subject in rows if (found := _answered(action, subject))]


def _answered(action: str, subject: str) -> tuple[str, str] | None:
    """Return the action or the torrent that a change was about, and the answer; None for one about something else."""
    parts = subject.split(", ")
    if found := _OF_ACTION.search(action):
        return found[1], "undo" if found[2] == "undo" else parts[0]
    if action.endswith("/orphans/answer"):
        return None
    match parts:
        case [answer, infohash, *_] if action.endswith("/imports/answer"):
            return infohash.lower(), answer
        case ["undo" | "do" | "leave" as answer, number, *_]:  # by a link in a message, as the next
            return number, answer
        case ["import" | "blocklist" | "leave_import" as answer, *_, infohash, _]:
            return infohash, answer.removesuffix("_import")
    return None
