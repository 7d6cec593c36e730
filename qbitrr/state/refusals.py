"""What trackers said against torrents, so that a restart does not forget how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database


class StoredRefusals(NamedTuple):
    """Refusals in a row of one tracker for one torrent; times are epoch seconds."""

    instance: str
    infohash: str
    host: str
    kind: str
    added_at: float
    times: int
    first_at: float
    last_at: float


async def of_category(database: Database, category: str) -> list[StoredRefusals]:
    """All that are remembered for a category."""
    sql = "SELECT instance, infohash, host, kind, added_at, times, first_at, last_at FROM refusals WHERE category = ?"
    return [StoredRefusals(*row) for row in await database.rows(sql, (category,))]


async def replace(
    database: Database, category: str, torrent: tuple[str, str], refusals: Iterable[StoredRefusals]
) -> None:
    """Remember these, and no others, of one torrent, given as (instance, infohash)."""
    async with database.transaction() as transaction:
        sql = "DELETE FROM refusals WHERE category = ? AND instance = ? AND infohash = ?"
        await transaction.execute_many(sql, [(category, *torrent)])
        rows = [(category, *stored) for stored in refusals]
        await transaction.execute_many("INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


async def forget(database: Database, category: str, torrents: Iterable[tuple[str, str]]) -> None:
    """Drop torrents, given as (instance, infohash), that are no longer there."""
    sql = "DELETE FROM refusals WHERE category = ? AND instance = ? AND infohash = ?"
    async with database.transaction() as transaction:
        await transaction.execute_many(sql, [(category, *torrent) for torrent in torrents])
