"""Searches that were due while Shadow was on, and not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from qbitrr.state.database import Database

MOST_READ = 20_000


class ShadowSearch(Struct, frozen=True):
    """One search: when it would have been sent (epoch seconds), for which items of the library, and why."""

    category: str
    at: float
    title: str
    because: str
    items: tuple[int, ...]


async def record(database: Database, search: ShadowSearch) -> None:
    """Store a search."""
    items = msgspec.json.encode(search.items).decode()
    await database.write(
        "INSERT INTO shadow_searches (category, at, title, because, items) VALUES (?, ?, ?, ?, ?)",
        (search.category, search.at, search.title, search.because, items),
    )


async def between(database: Database, since: float, until: float, category: str = "") -> list[ShadowSearch]:
    """Read the newest searches from a time on and before another, of a category or of all, the newest first."""
    of_category, values = (" AND category = ?", [category]) if category else ("", [])
    rows = await database.rows(
        f"""SELECT category, at, title, because, items FROM shadow_searches
            WHERE at >= ? AND at < ?{of_category} ORDER BY at DESC, id DESC LIMIT ?""",
        (since, until, *values, MOST_READ),
    )
    return [
        ShadowSearch(found_in, at, title, because, msgspec.json.decode(items, type=tuple[int, ...]))
        for found_in, at, title, because, items in rows
    ]
