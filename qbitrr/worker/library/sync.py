"""The task that keeps the catalogue of the category."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs, process
from qbitrr.clock import to_iso
from qbitrr.config.redact import redact_url
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import catalogue
from qbitrr.worker.library.fetch import full_sync, sync_changes, sync_tracks
from qbitrr.worker.library.fingerprint import compare, mark_of

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.library.fetch import Profiles
    from qbitrr.worker.library.fingerprint import Parent

_log = logs.get(__name__)

FULL_SYNC_SECONDS = 6 * 3600.0
_MOST_CHANGED = 100
_MOST_TOLD = 10_000
_SKEW_SECONDS = 120.0  # the Arr's clock may be behind ours
_LIST_SHARE = 100.0  # the list of the Arr is asked for so seldom that it takes a hundredth of the time
_LIST_SECONDS = (25.0, 900.0)  # from the end of one to the next; the first is just below the pause between two polls


class LibrarySync:
    """The catalogue of the category. `wake` asks for a full sync now; `synced` is set after what may concern tracks.

    `told` is set when the Arr has told of changes, `look` asks to look for some now. `turn` is held while the Arr is
    read.
    """

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self.synced = asyncio.Event()
        self.told = asyncio.Event()
        self.look = asyncio.Event()
        self._arr = context.config.arr
        self._client = context.services.arr
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._spared = False
        self._since: float | None = None  # when the catalogue was what the Arr has
        self._seen: set[int] = set()  # events since then that were dealt with
        self._changed: dict[int, Parent | None] = {}  # what the Arr has told of, as it is now when it said that
        self._list_at = 0.0
        self._listens = False
        self.turn = asyncio.Lock()

    # -- what is told -------------------------------------------------------------------------------------------

    def hear(self, parent: int, content: Parent | None = None) -> None:
        """The Arr tells that a movie, series or artist changed, or something that belongs to it."""
        if len(self._changed) >= _MOST_TOLD:  # a full sync costs less
            self._changed.clear()
            self.wake.set()
        known_to_change = self._changed.get(parent, content) is None
        self._changed[parent] = None if known_to_change else content
        self.told.set()

    def listen(self, *, now: bool) -> None:
        """Whether the Arr tells of changes from now on. What it did not tell before is looked for."""
        self._listens = now
        self.expect()

    def expect(self) -> None:
        """Something may have changed, and nobody knows what."""
        self._list_at = 0.0
        self.look.set()

    # -- reading ------------------------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Read everything from the Arr."""
        if self._spared:
            self._spared = False
            return
        async with self.turn:
            await self._sync()

    async def _sync(self) -> None:
        section, category, begun_at = self._arr.section, self._arr.category, self._clock.wall()
        told, self._changed = self._changed, {}
        with self._report.operation("library", "health"):
            try:
                source = redact_url(self._arr.uri)
                changes = await full_sync(self._client, self._database, category, source, self._clock)
            except ServiceError as error:
                self._report.waits(
                    "library", section, str(error), needs_attention=isinstance(error, CredentialsRejectedError)
                )
                self._changed = told | self._changed
                raise
            self._report.goes_on("library", section)
            self._since, self._list_at = begun_at, self._clock.monotonic() + _LIST_SECONDS[0]
            _log.info("library was synced", changed=changes.changed, removed=changes.removed)
            self.synced.set()
            await self._database.shrink()
            process.release_memory()

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
        """Read what has changed since the last time, as the Arr's history and now and then its list say."""
        async with self.turn:
            if self._since is None:
                return
            with self._report.operation("changes", "health"):
                await self._by_history(self._since)
                if self._clock.monotonic() >= self._list_at:
                    await self._by_list()

    async def what_was_told(self) -> None:
        """Read what the Arr told of."""
        async with self.turn:
            if self._since is None or not self._changed:
                return
            with self._report.operation("changes", "health"):
                told, self._changed = self._changed, {}
                try:
                    profiles = await self._client.quality_profiles()
                    await self._read(await self._without_the_same(told, profiles), profiles)
                except BaseException:
                    self._changed = told | self._changed
                    raise

    async def _by_history(self, since: float) -> None:
        now = self._clock.wall()
        events = await self._client.history_since(to_iso(since - _SKEW_SECONDS) or "")
        news = [event for event in events if event.id not in self._seen]
        parents = {parent for event in news if (parent := event.movie_id or event.series_id or event.artist_id)}
        if parents:
            await self._read(dict.fromkeys(parents), await self._client.quality_profiles())
        self._since, self._seen = now, {event.id for event in events}

    async def _by_list(self) -> None:
        """What history does not tell: what was added or deleted, monitored or not any more, or edited."""
        began = self._clock.monotonic()
        profiles = await self._client.quality_profiles()
        found = await compare(self._client, self._database, self._arr.category, profiles, _MOST_CHANGED + 1)
        took = self._clock.monotonic() - began
        shortest, longest = _LIST_SECONDS
        pause = longest if self._listens else min(max(shortest, took * _LIST_SHARE), longest)
        await self._read(found, profiles)
        self._list_at = self._clock.monotonic() + pause

    async def _without_the_same(self, told: dict[int, Parent | None], profiles: Profiles) -> dict[int, int | None]:
        """Parents whose content was told as it is stored have not changed."""
        with_content = {number: parent for number, parent in told.items() if parent is not None}
        changed: dict[int, int | None] = {number: None for number in told if number not in with_content}
        stored = await catalogue.marks(self._database, self._arr.category, self._arr.kind, list(with_content))
        for number, parent in with_content.items():
            if mark_of(parent, profiles) != stored.get(number):
                changed[number] = None
        return changed

    async def _read(self, parents: dict[int, int | None], profiles: Profiles) -> None:
        if len(parents) > _MOST_CHANGED:  # a full sync costs less
            self.wake.set()
            return
        await sync_changes(self._client, self._database, self._arr.category, parents, profiles, self._clock)
        if parents:
            self.synced.set()

    async def tracks(self) -> None:
        """Read the tracks that changed; only Lidarr has any. Slow on purpose: nobody waits for them."""
        if self._arr.kind == "lidarr":
            with self._report.operation("tracks", "health"):
                await sync_tracks(self._client, self._database, self._arr.category)
                await self._database.shrink()
                process.release_memory()

    async def release(self) -> None:
        """Mark what has been released by time passing."""
        await catalogue.release(self._database, self._arr.category, self._arr.kind, self._clock.wall())
