"""When an item was last searched for, and the token buckets that bound searching. Both survive restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database


async def record(database: Database, category: str, item_ids: Sequence[int], at: float) -> None:
    """Remember that items were searched for."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            """INSERT INTO searches (category, item_id, searched_at, times) VALUES (?, ?, ?, 1)
               ON CONFLICT DO UPDATE SET searched_at = excluded.searched_at, times = times + 1""",
            [(category, item_id, at) for item_id in item_ids],
        )


async def read_budget(database: Database, name: str) -> tuple[float, float] | None:
    """Tokens left and when they were counted, or None for a bucket never used."""
    row = await database.row("SELECT tokens, updated_at FROM budgets WHERE name = ?", (name,))
    return (row[0], row[1]) if row else None


async def write_budget(database: Database, name: str, tokens: float, at: float) -> None:
    """Remember the tokens left."""
    await database.write("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?)", (name, tokens, at))
