"""Downloads that wait for space, and categories in which no seed goes for it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database


_KNOWN_SECONDS = 60.0
_CLOCK_SECONDS = 5.0


class SpaceNeed(Struct, frozen=True):
    """What a paused download lacks on a file system. `position` is its place among those that wait.

    `at` (epoch seconds) is when that was measured, `added_at` when the torrent was added.
    """

    instance: str
    infohash: str
    added_at: float
    disk: str
    position: int
    lacks_bytes: int
    free_bytes: int
    at: float

    def is_known(self, now: float) -> bool:
        """Whether it was measured within a minute; a clock may have been ahead by some seconds."""
        return -_CLOCK_SECONDS <= now - self.at <= _KNOWN_SECONDS


_COLUMNS = ", ".join(SpaceNeed.__struct_fields__)


async def publish(database: Database, instance: str, needs: Sequence[SpaceNeed]) -> None:
    """Store what the downloads of a qBittorrent lack, in place of what was stored before."""
    marks = ", ".join("?" * len(SpaceNeed.__struct_fields__))
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM space_needs WHERE instance = ?", (instance,))
        rows = [tuple(getattr(need, name) for name in SpaceNeed.__struct_fields__) for need in needs]
        await transaction.execute_many(f"INSERT OR REPLACE INTO space_needs ({_COLUMNS}) VALUES ({marks})", rows)


async def needs(database: Database) -> list[SpaceNeed]:
    """Read what all downloads lack, in the order in which they wait."""
    sql = f"SELECT {_COLUMNS} FROM space_needs ORDER BY position, instance, infohash, disk"
    return [SpaceNeed(*row) for row in await database.rows(sql)]


async def stopped(database: Database, category: str) -> str | None:
    """Read why no seed of a category goes for space any more; None when they may."""
    row = await database.row("SELECT because FROM room_stops WHERE category = ?", (category,))
    return str(row[0]) if row else None


async def stop(database: Database, category: str, because: str, now: float) -> None:
    """Store why no seed of a category goes for space any more."""
    await database.write("INSERT OR REPLACE INTO room_stops VALUES (?, ?, ?)", (category, because, now))


async def allow(database: Database, category: str) -> None:
    """Store that seeds of a category may go again."""
    if await stopped(database, category) is not None:
        await database.write("DELETE FROM room_stops WHERE category = ?", (category,))
