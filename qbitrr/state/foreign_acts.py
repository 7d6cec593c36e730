"""What others did in an Arr, as `qbitrr.worker.other_tools` saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from qbitrr.rules.other_tools import ForeignAct, ForeignKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database

MOST_SEARCHES = 20_000


async def record(database: Database, category: str, acts: Sequence[ForeignAct]) -> None:
    """Store what was seen since the last time."""
    if not acts:
        return
    rows = [
        (category, one.kind, one.at, one.infohash, one.name, msgspec.json.encode(one.items).decode()) for one in acts
    ]
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "INSERT INTO foreign_acts (category, kind, at, infohash, name, items) VALUES (?, ?, ?, ?, ?, ?)", rows
        )


async def searches(database: Database, since: float, until: float) -> list[tuple[str, ForeignAct]]:
    """Read the newest searches of others from a time on and before another, with their categories, newest first."""
    rows = await database.rows(
        f"""SELECT category, at, name, items FROM foreign_acts
            WHERE kind = '{ForeignKind.SEARCH}' AND at >= ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?""",
        (since, until, MOST_SEARCHES),
    )
    return [
        (category, ForeignAct(ForeignKind.SEARCH, name, at, items=msgspec.json.decode(items, type=tuple[int, ...])))
        for category, at, name, items in rows
    ]
