"""The statements of a page alone, by SQLite without anything around it: what its answer cannot be faster than."""

from __future__ import annotations

import sqlite3
import statistics
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from qbitrr.state.database import Database, Row, open_reader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    Reading = Callable[[Database], Awaitable[object]]


class _Noted:
    """A database that notes its queries."""

    def __init__(self, database: Database) -> None:
        self.queries: list[tuple[str, Sequence[Any]]] = []
        self._database = database

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self.queries.append((sql, parameters))
        return await self._database.rows(sql, parameters)


async def median_seconds(path: Path, readings: Sequence[Reading]) -> float:
    """The median of what the queries of each reading take, each once."""
    noted = []
    async with open_reader(path) as database:
        for reading in readings:
            one = _Noted(database)
            await reading(cast("Database", one))
            noted.append(one.queries)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return statistics.median([_seconds(connection, queries) for queries in noted])


def _seconds(connection: sqlite3.Connection, queries: Sequence[tuple[str, Sequence[Any]]]) -> float:
    started = time.perf_counter()
    for sql, parameters in queries:
        connection.execute(sql, parameters).fetchall()
    return time.perf_counter() - started
