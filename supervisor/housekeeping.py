"""Housekeeping: backups by the hour, and what is dropped with age."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.state import backup, retention
from qbitrr.update import switch
from supervisor import old_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qbitrr.clock import Clock
    from qbitrr.data_dir import DataDir
    from supervisor.config_reload import ConfigReload

_log = logs.get(__name__)

_POLL_SECONDS = 600.0
_DAY_SECONDS = 86400.0
_PAUSE_SECONDS = 0.05  # between two transactions, for the workers that wait to write


async def keep_backups(data_dir: DataDir, clock: Clock) -> None:
    """Back the state file up every hour, until cancelled. The copy from before an update goes with the next backup.

    Raises StateError or OSError when a backup cannot be made: the task is counted as failing, and tried again.
    """
    while True:
        if await asyncio.to_thread(backup.back_up_when_due, data_dir.state_file, clock.wall()):
            await asyncio.to_thread(switch.delete_state_copy, data_dir)
        await asyncio.sleep(_POLL_SECONDS)


def age_clock(clock: Clock) -> Callable[[], float]:
    """A wall clock (epoch seconds) by which nothing ages when the real one is set ahead from now on."""
    started_wall, started_at = clock.wall(), clock.monotonic()
    return lambda: min(clock.wall(), started_wall + clock.monotonic() - started_at)


async def drop_with_age(config_reload: ConfigReload, now: Callable[[], float]) -> None:
    """Drop decisions that are older than `DecisionsKeptDays`, and what absent categories left, once a day.

    Runs until cancelled. Raises StateError when decisions cannot be dropped, as `keep_backups` does.
    """
    while True:
        kept_days = config_reload.loaded.config.settings.decisions_kept_days
        if kept_days:
            await drop_old_decisions(config_reload.data_dir.state_file, now() - kept_days * _DAY_SECONDS)
        await asyncio.sleep(_DAY_SECONDS)
        await config_reload.drop_absent()


async def delete_old_files(config_reload: ConfigReload, now: Callable[[], float]) -> None:
    """Delete old files once a day, until cancelled. Raises OSError when one cannot be, as `keep_backups` does."""
    while True:
        quarantine_seconds = config_reload.loaded.config.settings.quarantine_seconds
        categories = config_reload.categories
        await asyncio.to_thread(old_files.delete_old, config_reload.data_dir, categories, now(), quarantine_seconds)
        await asyncio.sleep(_DAY_SECONDS)


async def drop_old_decisions(state_file: Path, before: float) -> int:
    """Drop decisions whose last change is older than a time (epoch seconds); returns how many. Raises StateError."""
    dropped = 0
    for table, ids in (await asyncio.to_thread(retention.old_decisions, state_file, before)).items():
        for start in range(0, len(ids), retention.AT_ONCE):
            some = ids[start : start + retention.AT_ONCE]
            await asyncio.to_thread(retention.drop_decisions, state_file, table, some)
            dropped += len(some)
            await asyncio.sleep(_PAUSE_SECONDS)
    if dropped:
        await asyncio.to_thread(retention.return_pages, state_file)
        _log.info("old decisions were dropped", number=dropped)
    return dropped
