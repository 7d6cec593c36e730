"""What is remembered of each torrent besides its verdict: where it belongs, and whether its files were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database


class StoredTorrent(Struct, frozen=True, gc=False):
    """One torrent of a category; `added_at` tells it from an earlier one with the same infohash."""

    instance: str
    infohash: str
    added_at: float
    home: str
    files_seen: str = ""


async def of_category(database: Database, category: str) -> list[StoredTorrent]:
    """All torrents that are remembered for a category."""
    sql = "SELECT instance, infohash, added_at, home, files_seen FROM torrents WHERE category = ?"
    return [StoredTorrent(*row) for row in await database.rows(sql, (category,))]


async def remember(database: Database, category: str, torrents: Iterable[StoredTorrent]) -> None:
    """Write down torrents and where they belong. That its files were seen stays while it is the same torrent."""
    rows = [(category, t.instance, t.infohash, t.added_at, t.home) for t in torrents]
    sql = """INSERT INTO torrents VALUES (?, ?, ?, ?, ?, '')
             ON CONFLICT (category, instance, infohash) DO UPDATE SET
             files_seen = CASE WHEN added_at = excluded.added_at THEN files_seen ELSE '' END,
             added_at = excluded.added_at, home = excluded.home"""
    async with database.transaction() as transaction:
        await transaction.execute_many(sql, rows)


async def saw_files(database: Database, category: str, seen: Iterable[tuple[str, str, float, str]]) -> None:
    """Write down by which rules files were seen: instance, infohash, when the torrent was added, mark of the rules."""
    rows = [(mark, category, instance, infohash, added_at) for instance, infohash, added_at, mark in seen]
    sql = """UPDATE torrents SET files_seen = ?
             WHERE category = ? AND instance = ? AND infohash = ? AND added_at = ?"""
    async with database.transaction() as transaction:
        await transaction.execute_many(sql, rows)


async def forget(database: Database, category: str, torrents: Iterable[tuple[str, str]]) -> None:
    """Drop torrents, given as (instance, infohash), that are no longer there."""
    keys = [(category, instance, infohash) for instance, infohash in torrents]
    async with database.transaction() as transaction:
        for table in ("torrents", "clocks"):
            sql = f"DELETE FROM {table} WHERE category = ? AND instance = ? AND infohash = ?"
            await transaction.execute_many(sql, keys)
