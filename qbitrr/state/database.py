"""Connections to the state file: pragmas, transactions, writers and readers."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiosqlite

from qbitrr.errors import StateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

Row = tuple[Any, ...]

BUSY_SECONDS = 15.0  # the longest another process may hold the write lock before an error is reported

_CACHE_KIB = 1024
_LARGE_CACHE_KIB = 8192

# WAL lets the control plane read while workers write; NORMAL loses no committed row when a process dies.
_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = FILE",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
    "PRAGMA journal_size_limit = 16777216",
)
# one without the right to write could neither recover what a killed process left nor, as the last one, empty the log
_READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA cache_size = -2048")


class Database:
    """One connection, shared by the tasks of a process; transactions run one at a time.

    `on_write` is called after every write, with its error or None.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.on_write: Callable[[sqlite3.Error | None], None] = _ignore
        self.writes = 0
        """Writes that ended, also in vain: what only this process writes is as it was read while this stays."""
        self._connection = connection
        self._lock = asyncio.Lock()

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Read all rows of a query."""
        return list(await self._connection.execute_fetchall(sql, parameters))  # type: ignore[arg-type]

    async def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Read the first row of a query, or None."""
        rows = await self.rows(sql, parameters)
        return rows[0] if rows else None

    async def data_version(self) -> int:
        """Read a number that changes whenever another connection has committed (PRAGMA data_version)."""
        row = await self.row("PRAGMA data_version")
        assert row is not None
        return int(row[0])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Write everything inside, or nothing. Keep it short: other processes wait meanwhile."""
        async with self._lock, self._reported(), self._between("BEGIN IMMEDIATE"):
            yield Transaction(self._connection)

    @asynccontextmanager
    async def _between(self, begin: str) -> AsyncIterator[None]:
        try:
            await self._connection.execute_fetchall(begin)
            yield
            await self._connection.execute_fetchall("COMMIT")
        except BaseException:
            # also after a cancellation: statements in the queue of the connection's thread run before this one
            with suppress(sqlite3.OperationalError):  # no transaction was open
                await self._connection.execute_fetchall("ROLLBACK")
            raise

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement in a transaction of its own; returns the number of rows it changed."""
        async with self._lock, self._reported():
            return await _run(self._connection, sql, parameters)

    @asynccontextmanager
    async def _reported(self) -> AsyncIterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:  # a constraint of the schema: the file works
            raise
        except sqlite3.Error as error:
            self.on_write(error)
            raise
        finally:
            self.writes += 1
        self.on_write(None)

    async def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row of a temporary table, in one transaction, which makes no other process wait."""
        async with self._lock, self._between("BEGIN"):
            cursor = await self._connection.executemany(sql, rows)
            await cursor.close()

    @asynccontextmanager
    async def large_cache(self) -> AsyncIterator[None]:
        """Keep more pages in memory inside: rows of a whole library go to random places of the indexes."""
        await self.rows(f"PRAGMA cache_size = -{_LARGE_CACHE_KIB}")
        try:
            yield
        finally:
            await self.rows(f"PRAGMA cache_size = -{_CACHE_KIB}")
            await self.shrink()

    async def shrink(self) -> None:
        """Release the memory of SQLite's caches."""
        await self._connection.execute_fetchall("PRAGMA shrink_memory")

    async def close(self) -> None:
        """Close the connection and end its thread."""
        await self._connection.close()


def _ignore(_error: sqlite3.Error | None) -> None:
    """Ignore the result of a write, as long as `on_write` is not set."""


class Transaction:
    """Statements inside of `Database.transaction`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; returns the number of rows it changed."""
        return await _run(self._connection, sql, parameters)

    async def insert(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run an INSERT; returns the id of the new row."""
        cursor = await self._connection.execute(sql, parameters)
        row_id = cursor.lastrowid or 0
        await cursor.close()
        return row_id

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        cursor = await self._connection.executemany(sql, rows)
        await cursor.close()

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Read all rows of a query."""
        return list(await self._connection.execute_fetchall(sql, parameters))  # type: ignore[arg-type]


async def _run(connection: aiosqlite.Connection, sql: str, parameters: Sequence[Any]) -> int:
    cursor = await connection.execute(sql, parameters)
    count = cursor.rowcount
    await cursor.close()
    return count


@asynccontextmanager
async def open_writer(path: Path) -> AsyncIterator[Database]:
    """Open the state file for a worker. Raises StateError when it cannot be opened."""
    async with _open(f"file:{_quoted(path)}?mode=rw", _WRITER_PRAGMAS) as database:
        yield database


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[Database]:
    """Open the state file for who only reads it. Raises StateError."""
    async with _open(f"file:{_quoted(path)}?mode=rw", _READER_PRAGMAS) as database:
        yield database


@asynccontextmanager
async def open_for_command(path: Path) -> AsyncIterator[Database]:
    """Open the state file for a command that reads it, whether a daemon runs, was stopped or was killed.

    Raises StateError, also for what goes wrong inside.
    """
    try:
        path.open("rb").close()
    except OSError as error:  # SQLite does not say which one
        raise StateError(f"{path} cannot be read: {error.strerror}") from error
    try:
        async with open_reader(path) as database:
            if await database.row("SELECT 1 FROM sqlite_schema") is None:
                raise StateError(f"{path} has nothing in it yet: the daemon ended before it was made")
            yield database
    except sqlite3.Error as error:
        raise StateError(f"{path} cannot be read{_because(error)}: {error}") from error


def _because(error: sqlite3.Error) -> str:
    """Why a file that can be opened cannot be read, where SQLite's words do not help."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return " without the right to write to its folder; run the command as the user of the daemon"
    return ""


@asynccontextmanager
async def _open(uri: str, pragmas: Sequence[str]) -> AsyncIterator[Database]:
    try:
        connection = await aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    except sqlite3.Error as error:
        raise StateError(f"the state file cannot be opened: {error}") from error
    try:
        for pragma in pragmas:
            await connection.execute_fetchall(pragma)
        yield Database(connection)
    finally:
        await connection.close()


def _quoted(path: Path) -> str:
    """Quote a path for an SQLite URI."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
