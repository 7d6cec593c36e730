"""Times during which a qBittorrent answered a worker: what happened outside of them was not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr.rules.side_by_side import UNSEEN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.state.database import Database

SAVE_SECONDS = UNSEEN_SECONDS / 2
"""Between two writes: a period goes on when the one after it comes in time."""
MOST_PERIODS = 500


class WatchPeriod(NamedTuple):
    """A time without a longer gap, in epoch seconds."""

    category: str
    instance: str
    since: float
    until: float


async def extend(database: Database, category: str, answered_at: Mapping[str, float]) -> None:
    """Store when each qBittorrent last answered; after a longer gap a new period starts. Never goes back in time."""
    rows = [(category, instance, at) for instance, at in answered_at.items()]
    async with database.transaction() as transaction:
        await transaction.execute_many(
            f"""UPDATE watch_periods SET until = ?3
                WHERE category = ?1 AND instance = ?2 AND until BETWEEN ?3 - {UNSEEN_SECONDS} AND ?3""",
            rows,
        )
        await transaction.execute_many(
            """INSERT INTO watch_periods (category, instance, since, until) SELECT ?1, ?2, ?3, ?3
               WHERE NOT EXISTS (SELECT 1 FROM watch_periods WHERE category = ?1 AND instance = ?2 AND until >= ?3)""",
            rows,
        )


async def last(database: Database, category: str) -> dict[str, float]:
    """Read when each qBittorrent last answered the worker of a category."""
    sql = "SELECT instance, max(until) FROM watch_periods WHERE category = ? GROUP BY instance"
    return dict(await database.rows(sql, (category,)))


async def since(database: Database, moment: float) -> list[WatchPeriod]:
    """Read the newest periods that reach beyond a time, the newest first; at most `MOST_PERIODS`."""
    sql = """SELECT category, instance, since, until FROM watch_periods
             WHERE until > ? ORDER BY until DESC, id DESC LIMIT ?"""
    return [WatchPeriod._make(row) for row in await database.rows(sql, (moment, MOST_PERIODS))]
