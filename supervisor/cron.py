"""Cron expressions: when something is due, in local time."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.clock import Clock

_log = logs.get(__name__)

_POLL_SECONDS = 30.0
_JITTER_SECONDS = 300.0  # not all installations ask the index in the same second


def due_after(cron: str, moment: float, zone: tzinfo | None = None) -> float:
    """The next time after `moment`, both in epoch seconds; `zone` is that of this machine when None.

    A time that daylight saving skips is due right after the gap, and one that occurs twice is due once.
    """
    from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415 - only where it is needed

    local = datetime.fromtimestamp(moment, zone).astimezone(zone)
    wall = croniter(cron, local.replace(tzinfo=None)).get_next(datetime)
    while True:
        aware = wall.replace(tzinfo=zone) if zone else wall.astimezone()
        due: float = aware.timestamp()
        if due > moment:
            return due
        wall = croniter(cron, wall).get_next(datetime)


async def keep(cron: Callable[[], str | None], act: Callable[[], Awaitable[bool]], clock: Clock) -> None:
    """Act whenever `cron` is due, until cancelled; None is never. An act that returns False is tried again soon.

    Checked every half minute, so that a clock that is set or another expression counts at once: what was scheduled by a
    clock that was ahead is scheduled again, unless it was done a short part of its period ago.
    """
    expression, due, latest = None, float("inf"), 0.0
    done_at = float("-inf")  # monotonic
    while True:
        now = clock.wall()
        was_set_back, latest = now < latest, now
        configured = cron()
        if configured != expression or was_set_back:
            expression = configured
            due = float("inf")
            if configured:
                due = due_after(configured, now)
                if was_set_back:
                    following = due_after(configured, due)
                    ago = clock.monotonic() - done_at
                    due = following if ago + due - now < (following - due) / 2 else due
                due += random.uniform(0, _JITTER_SECONDS)  # noqa: S311
                local = datetime.fromtimestamp(due).astimezone()
                _log.info("update check was scheduled", at=local.isoformat("T", "seconds"))
        elif now >= due and await act():
            expression, done_at = None, clock.monotonic()
        await asyncio.sleep(_POLL_SECONDS)
