"""Tripped breakers: whether the destructive actions of a category await approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qbitrr.state.database import Database


class StoredBreaker(NamedTuple):
    """`because` is why it tripped, None while it has not; actions count that were planned after `counted_since`."""

    because: str | None
    counted_since: float


async def read(database: Database, category: str) -> StoredBreaker:
    """Read the breaker of a category."""
    row = await database.row("SELECT because, counted_since FROM breakers WHERE category = ?", (category,))
    return StoredBreaker(*row) if row else StoredBreaker(None, 0.0)


async def write(database: Database, category: str, because: str | None, counted_since: float) -> None:
    """Store that it tripped, or that the user decided."""
    await database.write("INSERT OR REPLACE INTO breakers VALUES (?, ?, ?)", (category, because, counted_since))


async def tripped(database: Database) -> dict[str, str]:
    """Return why each tripped breaker tripped, by category."""
    rows = await database.rows("SELECT category, because FROM breakers WHERE because IS NOT NULL")
    return dict(rows)
