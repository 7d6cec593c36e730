"""Doing something again and again on the worker's loop, each task at its own pace."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import ServiceError, ThrottledError
from qbitrr.state.integrity import is_damage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.services import Services

_log = logs.get(__name__)
_PAUSE_SECONDS = 1.0
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)


async def every(
    name: str, seconds: float, work: Callable[[], Awaitable[None]], wake: asyncio.Event, failures: Callable[[], None]
) -> None:
    """Do `work` for ever: at once, then `seconds` after it ended or when `wake` is set, but with a pause of a second.

    The border of a worker's task: what goes wrong is logged with its cause, counted by `failures`, and tried again
    after a growing delay. Only damage of the state file ends it.
    """
    failed = 0
    while True:
        wake.clear()
        delay = seconds
        try:
            await work()
        except ServiceError as error:
            failed += 1
            asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
            delay = max(_RETRY.seconds(failed), asked_for)
            _log.warning("task was interrupted", task=name, error=str(error))
        except Exception as error:
            if is_damage(error):  # nothing that is done from here on can be trusted to be kept
                raise
            failed += 1
            delay = _RETRY.seconds(failed)
            failures()
            _log.exception("task failed", task=name)
        else:
            failed = 0
        await _wait(wake, delay)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or until woken; however often that happens, not less than the pause."""
    await asyncio.sleep(min(seconds, _PAUSE_SECONDS))
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds - _PAUSE_SECONDS)):
            await wake.wait()


async def timers(config: WorkerConfig, services: Services, failures: Callable[[], None]) -> None:
    """`RssSyncTimer` and `RefreshDownloadsTimer`, for ever; nothing is sent in shadow."""
    arr, client = config.arr, services.arr

    async def sync_rss() -> None:
        await client.sync_rss()

    async def refresh_downloads() -> None:
        await client.refresh_downloads()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.Event().wait(), name="timers")
        if not config.shadow:
            tasks.create_task(_from_now_on("rss", arr.rss_sync_seconds, sync_rss, failures))
            tasks.create_task(_from_now_on("refresh", arr.refresh_downloads_seconds, refresh_downloads, failures))


async def _from_now_on(
    name: str, seconds: float, work: Callable[[], Awaitable[None]], failures: Callable[[], None]
) -> None:
    """The first time only after `seconds`: a worker that is restarted again and again must not ask each time."""
    if seconds > 0:
        await asyncio.sleep(seconds)
        await every(name, seconds, work, asyncio.Event(), failures)
