"""Which downloads the free space guard has stopped, and what each qBittorrent has still to write to each disk."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from qbitrr.state.database import Database


def instances(path: Path) -> set[str]:
    """The qBittorrents on which downloads are held; before the daemon starts its workers. Raises StateError."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return {str(row[0]) for row in connection.execute("SELECT DISTINCT instance FROM holds")}
    except sqlite3.Error as error:
        raise StateError(f"{path.name} cannot be read: {error}") from error


async def held(database: Database, instance: str) -> dict[str, float]:
    """The infohashes that are held on a qBittorrent, each with when it was added."""
    return dict(await database.rows("SELECT infohash, added_at FROM holds WHERE instance = ?", (instance,)))


async def hold(database: Database, instance: str, torrents: Iterable[tuple[str, float]], now: float) -> None:
    """Remember torrents, each with when it was added, as held."""
    async with database.transaction() as transaction:
        rows = [(instance, infohash, added_at, now) for infohash, added_at in torrents]
        await transaction.execute_many("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", rows)


async def release(database: Database, instance: str, infohashes: Iterable[str]) -> None:
    """Forget that torrents are held."""
    async with database.transaction() as transaction:
        sql = "DELETE FROM holds WHERE instance = ? AND infohash = ?"
        await transaction.execute_many(sql, [(instance, infohash) for infohash in infohashes])


async def claim(database: Database, instance: str, bytes_by_disk: Mapping[str, int], now: float) -> None:
    """Tell the others what is still to be written to each disk; replaces what was told before."""
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM space_claims WHERE instance = ?", (instance,))
        rows = [(instance, disk, size, now) for disk, size in bytes_by_disk.items()]
        await transaction.execute_many("INSERT INTO space_claims VALUES (?, ?, ?, ?)", rows)


async def claims(database: Database, others: Collection[str], since: float) -> dict[str, int]:
    """What these qBittorrents have still to write to each disk, as they told since then."""
    marks = ", ".join("?" * len(others))
    sql = f"SELECT disk, sum(bytes) FROM space_claims WHERE at >= ? AND instance IN ({marks}) GROUP BY disk"
    return dict(await database.rows(sql, (since, *others)))
