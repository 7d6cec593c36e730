"""How long an Arr wants to be left alone, so that a restart does not forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database


async def left(database: Database, category: str, clock: Clock) -> float:
    """How many seconds more; 0 when it does not, or not any more.

    Time counts only as far as both clocks agree on it: one may jump, the other begins anew with the machine.
    """
    row = await database.row("SELECT seconds, wall, monotonic FROM quiet_times WHERE category = ?", (category,))
    if row is None:
        return 0.0
    seconds, wall, monotonic = map(float, row)
    passed = max(0.0, min(clock.wall() - wall, clock.monotonic() - monotonic))
    seconds = max(0.0, seconds - passed)
    await begin(database, category, seconds, clock)  # else a clock that went back would count for nothing for long
    return seconds


async def begin(database: Database, category: str, seconds: float, clock: Clock) -> None:
    """It asked for so many seconds now."""
    sql = "INSERT OR REPLACE INTO quiet_times VALUES (?, ?, ?, ?)"
    await database.write(sql, (category, seconds, clock.wall(), clock.monotonic()))
