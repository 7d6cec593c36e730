"""The task that keeps the catalogue of the category."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.clock import to_iso
from qbitrr.config.redact import redact_url
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import catalogue
from qbitrr.worker import memory
from qbitrr.worker.sync import full_sync, sync_changes, sync_tracks

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)

FULL_SYNC_SECONDS = 6 * 3600.0
_MOST_CHANGED = 100
_SKEW_SECONDS = 120.0  # the Arr's clock may be behind ours


class Library:
    """The catalogue of the category. `wake` asks for a full sync now; `synced` is set after each.

    `turn` is held while the Arr is read.
    """

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
        self._spared = False
        self._since: float | None = None  # when the catalogue was what the Arr has
        self._seen: set[int] = set()  # events since then that were dealt with
        self.turn = asyncio.Lock()

    async def sync(self) -> None:
        """Read everything from the Arr."""
        if self._spared:
            self._spared = False
            return
        async with self.turn:
            await self._sync()

    async def _sync(self) -> None:
        section, category, begun_at = self._arr.section, self._arr.category, self._clock.wall()
        with self._report.operation("library", "health"):
            try:
                source = redact_url(self._arr.uri)
                changes = await full_sync(self._client, self._database, category, source, self._clock)
            except ServiceError as error:
                self._report.waits("library", section, str(error), held=isinstance(error, CredentialsRejectedError))
                raise
            self._report.goes_on("library", section)
            self._since = begun_at
            _log.info("library was synced", changed=changes.changed, removed=changes.removed)
            self.synced.set()
            await self._database.shrink()
            memory.give_back()

    async def begin(self) -> None:
        """Spare a full sync when an earlier process made one lately: what changed since is in the Arr's history."""
        category, kind, now = self._arr.category, self._arr.kind, self._clock.wall()
        synced_at = await catalogue.synced_at(self._database, category)
        source = redact_url(self._arr.uri)
        if synced_at is None or not await catalogue.is_from(self._database, category, kind, source):
            return
        left = synced_at + FULL_SYNC_SECONDS - now
        if 0 < left <= FULL_SYNC_SECONDS:
            self._spared, self._since = True, synced_at
            asyncio.get_running_loop().call_later(left, self.wake.set)

    async def changes(self) -> None:
        """Read what the Arr's history says has changed since the last time."""
        async with self.turn:
            if self._since is None:
                return
            with self._report.operation("changes", "health"):
                now = self._clock.wall()
                events = await self._client.history_since(to_iso(self._since - _SKEW_SECONDS) or "")
                news = [event for event in events if event.id not in self._seen]
                parents = {parent for event in news if (parent := event.movie_id or event.series_id or event.artist_id)}
                if len(parents) > _MOST_CHANGED:  # a full sync costs less
                    self.wake.set()
                else:
                    await sync_changes(self._client, self._database, self._arr.category, parents, self._clock)
                self._since, self._seen = now, {event.id for event in events}

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
