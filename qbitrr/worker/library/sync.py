"""Keeping the catalogue of a category in step with its Arr."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs, process
from qbitrr.clock import to_iso
from qbitrr.config.redact import redact_url
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import catalogue
from qbitrr.worker.library.fetch import full_sync, sync_changes
from qbitrr.worker.library.files import sync_files
from qbitrr.worker.library.fingerprint import compare, fingerprint_of

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.library.fetch import Profiles
    from qbitrr.worker.library.fingerprint import Parent

_log = logs.get(__name__)

FULL_SYNC_SECONDS = 6 * 3600.0
_MOST_CHANGED = 100
_MOST_PUSHED = 10_000
_FOLD_SECONDS = 1.0  # changes that the Arr pushes within that are read together
_SKEW_SECONDS = 120.0  # what is known of the Arr's clock is as old as its latest answer
_PUSHED_EVENTS_SECONDS = 55.0  # just below every other poll: while the Arr pushes, its history only fills gaps
_LIST_SHARE = 100.0  # the list is requested so seldom that the requests take a hundredth of the time
_LIST_SECONDS = (25.0, 900.0)  # from the end of one to the next; the first is just below the pause between two polls


class LibrarySync:
    """The catalogue of one category.

    Set `wake` for a full sync now, and `poll` to look for changes now. `pushed` is set when the Arr reported changes,
    `synced` when files may have changed. `reading` is locked while the library is read.
    """

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self.synced = asyncio.Event()
        self.pushed = asyncio.Event()
        self.poll = asyncio.Event()
        self._arr = context.config.arr
        self._client = context.services.arr
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._skips_full_sync = False
        self._since: float | None = None  # when the catalogue was in step with the Arr
        self._seen: set[int] = set()  # history events since then that were read
        self._fold: asyncio.TimerHandle | None = None
        self._changed: dict[int, Parent | None] = {}  # parents that the Arr reported, with their content if it sent it
        self._events_at = 0.0
        self._list_at = 0.0
        self._has_push = False
        self.reading = asyncio.Lock()

    # -- what the Arr reports -----------------------------------------------------------------------------------

    def on_change(self, parent: int, content: Parent | None = None) -> None:
        """Note that a movie, series or artist changed, or something that belongs to it."""
        if len(self._changed) >= _MOST_PUSHED:  # a full sync costs less
            self._changed.clear()
            self.wake.set()
        must_be_read = self._changed.get(parent, content) is None
        self._changed[parent] = None if must_be_read else content
        if self._fold is None:  # one import is many messages
            self._fold = asyncio.get_running_loop().call_later(_FOLD_SECONDS, self._end_fold)

    def _end_fold(self) -> None:
        self._fold = None
        self.pushed.set()

    def on_push(self, *, available: bool) -> None:
        """Note whether the Arr reports changes from now on. Those before are looked for."""
        self._has_push = available
        self.expect_changes()

    def expect_changes(self) -> None:
        """Note that something may have changed, without knowing what."""
        self._list_at = 0.0
        self.expect_events()

    def expect_events(self) -> None:
        """Note that something may have changed that the Arr's history names."""
        self._events_at = 0.0
        self.poll.set()

    # -- reading ------------------------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Read the whole library."""
        if self._skips_full_sync:
            self._skips_full_sync = False
            return
        async with self.reading:
            await self._sync()

    async def _sync(self) -> None:
        section, category, started_at = self._arr.section, self._arr.category, self._clock.wall()
        pushed, self._changed = self._changed, {}
        with self._report.operation("library", "health"):
            try:
                source = redact_url(self._arr.uri)
                changes = await full_sync(self._client, self._database, category, source, self._clock)
            except ServiceError as error:
                self._report.waits(
                    "library", section, str(error), needs_attention=isinstance(error, CredentialsRejectedError)
                )
                self._changed = pushed | self._changed
                raise
            self._report.goes_on("library", section)
            self._since, self._list_at = started_at, self._clock.monotonic() + _LIST_SECONDS[0]
            took = round(self._clock.wall() - started_at, 1)
            _log.info("library was synced", changed=changes.changed, removed=changes.removed, seconds=took)
            self.synced.set()
            await self._database.shrink()
            process.release_memory()

    async def load(self) -> None:
        """Skip the first full sync when an earlier process made one lately: changes since are in the Arr's history."""
        category, kind, now = self._arr.category, self._arr.kind, self._clock.wall()
        synced_at = await catalogue.synced_at(self._database, category)
        source = redact_url(self._arr.uri)
        if synced_at is None or not await catalogue.is_from(self._database, category, kind, source):
            return
        left = synced_at + FULL_SYNC_SECONDS - now
        if 0 < left <= FULL_SYNC_SECONDS:
            self._skips_full_sync, self._since = True, synced_at
            asyncio.get_running_loop().call_later(left, self.wake.set)

    async def read_changes(self) -> None:
        """Read what changed since the last time, by the Arr's history and sometimes its list."""
        async with self.reading:
            if self._since is None or self._clock.monotonic() < self._events_at:
                return
            with self._report.operation("changes", "health"):
                await self._by_history(self._since)
                self._events_at = self._clock.monotonic() + (_PUSHED_EVENTS_SECONDS if self._has_push else 0.0)
                if self._clock.monotonic() >= self._list_at:
                    await self._by_list()

    async def read_pushed(self) -> None:
        """Read what the Arr reported as changed."""
        async with self.reading:
            if self._since is None or not self._changed:
                return
            with self._report.operation("changes", "health"):
                pushed, self._changed = self._changed, {}
                try:
                    profiles = await self._client.quality_profiles()
                    await self._read(await self._without_unchanged(pushed, profiles), profiles)
                except BaseException:
                    self._changed = pushed | self._changed
                    raise

    async def _by_history(self, since: float) -> None:
        now = self._clock.wall()
        at_the_arr = since + self._client.clock_ahead_seconds - _SKEW_SECONDS
        events = await self._client.history_since(to_iso(at_the_arr) or "")
        unread = [event for event in events if event.id not in self._seen]
        parents = {parent for event in unread if (parent := event.movie_id or event.series_id or event.artist_id)}
        if parents:
            await self._read(dict.fromkeys(parents), await self._client.quality_profiles())
        self._since, self._seen = now, {event.id for event in events}

    async def _by_list(self) -> None:
        """Read what history lacks: what was added or deleted, monitored or not any more, or edited."""
        started = self._clock.monotonic()
        profiles = await self._client.quality_profiles()
        found = await compare(self._client, self._database, self._arr.category, profiles, _MOST_CHANGED + 1)
        took = self._clock.monotonic() - started
        shortest, longest = _LIST_SECONDS
        pause = longest if self._has_push else min(max(shortest, took * _LIST_SHARE), longest)
        await self._read(found, profiles)
        self._list_at = self._clock.monotonic() + pause

    async def _without_unchanged(self, pushed: dict[int, Parent | None], profiles: Profiles) -> dict[int, int | None]:
        """Leave out parents whose content is what is stored."""
        with_content = {number: parent for number, parent in pushed.items() if parent is not None}
        changed: dict[int, int | None] = {number: None for number in pushed if number not in with_content}
        stored = await catalogue.fingerprints(self._database, self._arr.category, self._arr.kind, list(with_content))
        for number, parent in with_content.items():
            if fingerprint_of(parent, profiles) != stored.get(number):
                changed[number] = None
        return changed

    async def _read(self, parents: dict[int, int | None], profiles: Profiles) -> None:
        if len(parents) > _MOST_CHANGED:  # a full sync costs less
            self.wake.set()
            return
        await sync_changes(self._client, self._database, self._arr.category, parents, profiles, self._clock)
        if parents:
            self.synced.set()

    async def read_files(self) -> None:
        """Read the tracks and the quality of files that changed; only Lidarr has lists of its own for them."""
        if self._arr.kind == "lidarr":
            with self._report.operation("files", "health"):
                await sync_files(self._client, self._database, self._arr.category, self.reading)
                await self._database.shrink()
                process.release_memory()

    async def release(self) -> None:
        """Mark items as released whose release date has passed."""
        await catalogue.release(self._database, self._arr.category, self._arr.kind, self._clock.wall())
