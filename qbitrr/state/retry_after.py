"""Stored `Retry-After` of an Arr: how long it must get no command, so that a restart does not forget it.

`qbitrr.http.client` reads the header of any service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database


async def seconds_left(database: Database, category: str, clock: Clock) -> float:
    """Return the seconds until the Arr may be called again; 0 when it may be called now.

    Time counts only as far as both clocks agree: the wall clock may jump, the monotonic one starts with the machine.
    """
    row = await database.row("SELECT seconds, wall, monotonic FROM retry_after WHERE category = ?", (category,))
    if row is None:
        return 0.0
    seconds, wall, monotonic = map(float, row)
    passed = max(0.0, min(clock.wall() - wall, clock.monotonic() - monotonic))
    seconds = max(0.0, seconds - passed)
    await start(database, category, seconds, clock)  # else a clock that was set back keeps time from counting
    return seconds


async def start(database: Database, category: str, seconds: float, clock: Clock) -> None:
    """Store that the Arr asked for so many seconds from now."""
    sql = "INSERT OR REPLACE INTO retry_after VALUES (?, ?, ?, ?)"
    await database.write(sql, (category, seconds, clock.wall(), clock.monotonic()))
