"""When something is due by a cron expression, in local time."""

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

_LOOK_SECONDS = 30.0
_JITTER_SECONDS = 300.0  # not all installations ask at the same second


def due_after(cron: str, moment: float, zone: tzinfo | None = None) -> float:
    """The next time after `moment`, both in epoch seconds; `zone` is this machine's when None.

    A time that the clock skips in spring comes when it goes on, and one that it shows twice in autumn comes once.
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
    """Act whenever it is due, for ever; None: never. When it cannot be done now (False), it is tried again soon.

    Looked at every half minute, so that a clock that is set and an expression that changes count at once.
    """
    expression, due = None, float("inf")
    while True:
        now = clock.wall()
        wanted = cron()
        if wanted != expression:
            expression = wanted
            due = due_after(wanted, now) + random.uniform(0, _JITTER_SECONDS) if wanted else float("inf")  # noqa: S311
            if wanted:
                _log.info(
                    "update check was scheduled", at=datetime.fromtimestamp(due).astimezone().isoformat("T", "seconds")
                )
        elif now >= due and await act():
            expression = None
        await asyncio.sleep(_LOOK_SECONDS)
