"""The clocks of torrents in trouble, so that a restart neither loses a strike nor makes one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database


class StoredStrikes(Struct, frozen=True, gc=False):
    """One clock: `seconds` and `observations` as `qbitrr.rules.strikes` counts them."""

    instance: str
    infohash: str
    trouble: str
    added_at: float
    seconds: float
    observations: int
    mark: int


_COLUMNS = ", ".join(StoredStrikes.__struct_fields__)


async def of_category(database: Database, category: str) -> list[StoredStrikes]:
    """All clocks of a category."""
    rows = await database.rows(f"SELECT {_COLUMNS} FROM clocks WHERE category = ?", (category,))
    return [StoredStrikes(*row) for row in rows]


async def save(
    database: Database, category: str, clocks: Iterable[StoredStrikes], gone: Iterable[tuple[str, str, str]]
) -> None:
    """Write clocks down, and drop those that are no more, given as (instance, infohash, trouble)."""
    fields = StoredStrikes.__struct_fields__
    rows = [(category, *(getattr(clock, field) for field in fields)) for clock in clocks]
    marks = ", ".join("?" * (len(fields) + 1))
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "DELETE FROM clocks WHERE category = ? AND instance = ? AND infohash = ? AND trouble = ?",
            [(category, *key) for key in gone],
        )
        await transaction.execute_many(f"INSERT OR REPLACE INTO clocks (category, {_COLUMNS}) VALUES ({marks})", rows)
