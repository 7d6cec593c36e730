"""For how long torrents were seen to seed, so that a restart does not forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database


class StoredSeedingTime(NamedTuple):
    """The seeding time of one torrent, in seconds; `added_at` tells it from an earlier one with the same infohash."""

    instance: str
    infohash: str
    added_at: float
    seconds: float


async def of_category(database: Database, category: str) -> list[StoredSeedingTime]:
    """All that are remembered for a category."""
    sql = "SELECT instance, infohash, added_at, seconds FROM seeding_times WHERE category = ?"
    return [StoredSeedingTime(*row) for row in await database.rows(sql, (category,))]


async def save(database: Database, category: str, times: Iterable[StoredSeedingTime]) -> None:
    """Write down times in place of what was remembered of these torrents."""
    rows = [(category, *time) for time in times]
    async with database.transaction() as transaction:
        await transaction.execute_many("INSERT OR REPLACE INTO seeding_times VALUES (?, ?, ?, ?, ?)", rows)


async def forget(database: Database, category: str, torrents: Iterable[tuple[str, str]]) -> None:
    """Drop torrents, given as (instance, infohash), that are no longer there."""
    sql = "DELETE FROM seeding_times WHERE category = ? AND instance = ? AND infohash = ?"
    async with database.transaction() as transaction:
        await transaction.execute_many(sql, [(category, *torrent) for torrent in torrents])
