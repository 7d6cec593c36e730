"""Whether the destructive actions of a category wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qbitrr.state.database import Database


class StoredBreaker(NamedTuple):
    """`because` says why it tripped, None while it has not; actions count that began after `counted_since`."""

    because: str | None
    counted_since: float


async def read(database: Database, category: str) -> StoredBreaker:
    """The breaker of a category."""
    row = await database.row("SELECT because, counted_since FROM breakers WHERE category = ?", (category,))
    return StoredBreaker(*row) if row else StoredBreaker(None, 0.0)


async def write(database: Database, category: str, because: str | None, counted_since: float) -> None:
    """Remember that it tripped, or that a person decided."""
    await database.write("INSERT OR REPLACE INTO breakers VALUES (?, ?, ?)", (category, because, counted_since))


async def tripped(database: Database) -> dict[str, str]:
    """Why, by category, for all breakers that are tripped now."""
    rows = await database.rows("SELECT category, because FROM breakers WHERE because IS NOT NULL")
    return dict(rows)
