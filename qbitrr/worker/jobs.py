"""Jobs on the worker's loop, each at its own pace."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import ServiceError, ThrottledError
from qbitrr.state.integrity import is_damage
from qbitrr.ticks import until_tick

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logs.get(__name__)
_PAUSE_SECONDS = 1.0
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is repeated: `seconds` after each end, when `wake` is set, or earlier when `early` says so."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: bool = True
    """Whether the first time is now, not only after `seconds`."""
    early: Callable[[], float] = lambda: math.inf
    """Seconds until there is reason to work, asked after each time that succeeded."""


async def every(job: Job, failures: Callable[[], None]) -> None:
    """Run a job until cancelled, never twice within a second unless `early` asks for it.

    The border of a worker's task: what goes wrong is logged with its cause, counted by `failures`, and tried again
    after a growing delay. Only damage of the state file ends it.
    """
    if not job.at_once:
        await asyncio.sleep(job.seconds)
    failed = 0
    while True:
        job.wake.clear()
        delay = job.seconds
        try:
            await job.work()
        except ServiceError as error:
            failed += 1
            asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
            delay = max(_RETRY.seconds(failed), asked_for)
            _log.warning("task was interrupted", task=job.name, error=str(error))
        except Exception as error:
            if is_damage(error):  # nothing that is done from here on can be trusted to be kept
                raise
            failed += 1
            delay = _RETRY.seconds(failed)
            failures()
            _log.exception("task failed", task=job.name)
        else:
            failed = 0
            delay = min(delay, job.early())
        await _wait(job.wake, delay)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    """Wait for about `seconds`, or until woken; however often that happens, not less than the pause."""
    time = asyncio.get_running_loop().time
    earliest = time() + min(seconds, _PAUSE_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds if seconds < _PAUSE_SECONDS else until_tick(time(), seconds)):
            await wake.wait()
    if (left := earliest - time()) > 0:
        await asyncio.sleep(left)
