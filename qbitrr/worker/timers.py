"""Having the Arr look at its indexers' feeds and at its download clients, whatever else the worker does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr.worker.schedule import every

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.services import Services


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
