"""Downloads that the free space guard has paused, and what each qBittorrent has still to write to each disk."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from qbitrr.state.database import Database


def instances_with_paused(path: Path) -> set[str]:
    """List the qBittorrents with paused downloads. Blocking: read before workers start. Raises StateError."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return {str(row[0]) for row in connection.execute("SELECT DISTINCT instance FROM paused_downloads")}
    except sqlite3.Error as error:
        raise StateError(f"{path.name} cannot be read: {error}") from error


async def paused(database: Database, instance: str) -> dict[str, float]:
    """Read the infohashes that are paused on a qBittorrent, each with when it was added."""
    sql = "SELECT infohash, added_at FROM paused_downloads WHERE instance = ?"
    return dict(await database.rows(sql, (instance,)))


async def paused_counts(database: Database) -> dict[str, tuple[int, float]]:
    """Count what is paused on each qBittorrent, with since when there has been something (epoch seconds)."""
    sql = "SELECT instance, count(*), min(at) FROM paused_downloads GROUP BY instance"
    return {row[0]: (row[1], row[2]) for row in await database.rows(sql)}


async def record_paused(database: Database, instance: str, torrents: Iterable[tuple[str, float]], now: float) -> None:
    """Store torrents, each with when it was added, as paused."""
    async with database.transaction() as transaction:
        rows = [(instance, infohash, added_at, now) for infohash, added_at in torrents]
        await transaction.execute_many("INSERT OR REPLACE INTO paused_downloads VALUES (?, ?, ?, ?)", rows)


async def record_resumed(database: Database, instance: str, infohashes: Iterable[str]) -> None:
    """Drop torrents that are not paused any more."""
    async with database.transaction() as transaction:
        sql = "DELETE FROM paused_downloads WHERE instance = ? AND infohash = ?"
        await transaction.execute_many(sql, [(instance, infohash) for infohash in infohashes])


async def claim(database: Database, instance: str, bytes_by_disk: Mapping[str, int], now: float) -> None:
    """Publish to other workers what is still to be written to each disk, in place of the claim before."""
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM space_claims WHERE instance = ?", (instance,))
        rows = [(instance, disk, size, now) for disk, size in bytes_by_disk.items()]
        await transaction.execute_many("INSERT INTO space_claims VALUES (?, ?, ?, ?)", rows)


async def claims(database: Database, others: Collection[str], since: float) -> dict[str, int]:
    """Sum the bytes that these qBittorrents have still to write to each disk, by their claims since then."""
    places = ", ".join("?" * len(others))
    sql = f"SELECT disk, sum(bytes) FROM space_claims WHERE at >= ? AND instance IN ({places}) GROUP BY disk"
    return dict(await database.rows(sql, (since, *others)))
