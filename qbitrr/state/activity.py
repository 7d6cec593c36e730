"""The last search of each category: what the process list shows, also after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.state.database import Database


async def record(database: Database, category: str, summary: str, at: float) -> None:
    """Remember a search by a sentence and its time."""
    await database.write("INSERT OR REPLACE INTO activity VALUES (?, ?, ?)", (category, summary, at))


async def last(database: Database) -> dict[str, tuple[str, float]]:
    """The last search of every category: sentence and epoch seconds."""
    return {category: (summary, at) for category, summary, at in await database.rows("SELECT * FROM activity")}
