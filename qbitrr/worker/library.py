"""The task that keeps the catalogue of the category."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.config.redact import redact_url
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import catalogue
from qbitrr.worker import memory
from qbitrr.worker.sync import full_sync, sync_tracks

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)


class Library:
    """The catalogue of the category. `wake` asks for a full sync now; `synced` is set after each."""

    def __init__(
        self, config: WorkerConfig, services: Services, database: Database, report: Report, clock: Clock
    ) -> None:
        self.wake = asyncio.Event()
        self.synced = asyncio.Event()
        self._arr = config.arr
        self._client = services.arr
        self._database = database
        self._report = report
        self._clock = clock

    async def sync(self) -> None:
        """Read everything from the Arr."""
        section, category = self._arr.section, self._arr.category
        with self._report.operation("library", "health"):
            try:
                source = redact_url(self._arr.uri)
                changes = await full_sync(self._client, self._database, category, source, self._clock)
            except ServiceError as error:
                self._report.waits("library", section, str(error), held=isinstance(error, CredentialsRejectedError))
                raise
            self._report.goes_on("library", section)
            _log.info("library was synced", changed=changes.changed, removed=changes.removed)
            self.synced.set()
            await self._database.shrink()
            memory.give_back()

    async def tracks(self) -> None:
        """Read the tracks that changed; only Lidarr has any. Slow on purpose: nobody waits for them."""
        if self._arr.kind == "lidarr":
            with self._report.operation("tracks", "health"):
                await sync_tracks(self._client, self._database, self._arr.category)
                await self._database.shrink()
                memory.give_back()

    async def release(self) -> None:
        """Mark what has been released by time passing."""
        await catalogue.release(self._database, self._arr.category, self._arr.kind, self._clock.wall())
