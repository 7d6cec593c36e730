"""Superseded downloads of one Arr: its history is read page by page, and the Arr is asked about each suspect.

An hour passes between two readings, or seconds after an import of ours; each is one page unless more happened. What is
older than that is read in steps until it goes back to the oldest torrent.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.arr import facts, library
from qbitrr.arr.client import PAGE_SIZE
from qbitrr.clock import from_iso
from qbitrr.rules.supersession import (
    MOST_ITEMS,
    HistoryReading,
    Supersession,
    Witness,
    supersession,
    witnesses_of,
)
from qbitrr.state import file_events
from qbitrr.worker.torrents.arr_downloads import CLOCK_SKEW_SECONDS
from qbitrr.worker.torrents.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.arr.models import HistoryRecord
    from qbitrr.config.model.arr import TorrentRules
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.arr_downloads import ArrDownloads

_log = logs.get(__name__)

READ_SECONDS = 3600.0
_STEP_SECONDS = 60.0  # between two steps back in the history
_FOLD_SECONDS = 5.0  # imports within that are looked for together
_PAGES_AT_ONCE = 5
_FRESH_SECONDS = 10.0
MOST_CHECKS = 300
"""Of suspects within an hour; the others wait. A library that seems empty makes a suspect of every torrent."""
_HOUR_SECONDS = 3600.0


def superseded_downloads(context: WorkerContext, downloads: ArrDownloads | None) -> SupersededDownloads | None:
    """Make the list of suspects, unless `RemoveSuperseded` and `MakeRoom` are off or there is no Arr."""
    if downloads is None or _is_off(context.config.arr.torrent):
        return None
    return SupersededDownloads(context, downloads)


def _is_off(rules: TorrentRules) -> bool:
    return rules.remove_superseded == "off" and not rules.make_room.enabled


class SupersededDownloads:
    """Which downloads of a category are suspected to be superseded, in upper case, and what the Arr says of one."""

    def __init__(self, context: WorkerContext, downloads: ArrDownloads) -> None:
        self.suspects: frozenset[str] = frozenset()
        self.wake = asyncio.Event()
        self._category = context.config.name
        self._database = context.database
        self._clock = context.clock
        self._client = context.services.arr
        self._downloads = downloads
        self._with_deleted = context.config.arr.torrent.remove_superseded == "all"
        self._refresh = Shared(self._read, context.clock.monotonic)
        self._turn = asyncio.Lock()
        self._fold: asyncio.TimerHandle | None = None
        self._is_behind = False
        self._checked_at: deque[float] = deque(maxlen=MOST_CHECKS)  # monotonic
        self._changed: set[str] = set()

    async def load(self) -> None:
        """Find the suspects by what an earlier process read."""
        self.suspects = await self._suspects()

    async def _suspects(self) -> frozenset[str]:
        kind = self._client.kind.name
        return await file_events.suspects(self._database, self._category, kind, deleted=self._with_deleted)

    async def close(self) -> None:
        """Cancel what is under way."""
        if self._fold is not None:
            self._fold.cancel()
        await self._refresh.close()

    def expect_import(self) -> None:
        """Have the history read soon, as something was imported that may have replaced another download."""
        if self._fold is None:
            self._fold = asyncio.get_running_loop().call_later(_FOLD_SECONDS, self._end_fold)

    def _end_fold(self) -> None:
        self._fold = None
        self.wake.set()

    def seconds_until_next(self) -> float:
        """Return when to read again although nothing happened; infinite for the usual pause."""
        return _STEP_SECONDS if self._is_behind else math.inf

    def suspects_one(self, torrent: TorrentFacts) -> bool:
        """Whether the download of a torrent is suspected to be superseded."""
        return bool(self.suspects) and torrent.infohash.upper() in self.suspects

    def changes(self) -> set[str]:
        """Return the downloads that have become suspects, or are none any more, since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    # -- the history --------------------------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read what is new in the history, and some of what is older. Raises a ServiceError."""
        await self._refresh()

    async def _read(self) -> None:
        database, category = self._database, self._category
        reading = await file_events.reading(database, category)
        news = await self._news(reading)
        newest = _witnesses(news)
        if reading.witnesses and (confirmed := reading.confirmed_by(newest)) < reading.newest:
            _log.info("history lacks known events", section=self._client.section, since=confirmed)
            await file_events.drop_after(database, category, confirmed)
            reading = reading if confirmed else HistoryReading()
        if newest:
            reading = replace(reading, newest=newest[0].id, witnesses=witnesses_of(newest))
        await self._store(reading, news)
        await self._read_older(reading)
        await file_events.drop_old(database, category, self._clock.wall())
        found = await self._suspects()
        self._changed |= found ^ self.suspects
        self.suspects = found

    async def _news(self, reading: HistoryReading) -> list[HistoryRecord]:
        """Read the newest page, and those after it until one meets what is known, which is forgotten if none does."""
        found: list[HistoryRecord] = []
        for page in range(1, _PAGES_AT_ONCE + 1):
            records = (await self._client.history_page(page)).records
            found += records
            if len(records) < PAGE_SIZE or min(record.id for record in records) <= reading.newest or not reading.newest:
                break
        return found

    async def _read_older(self, reading: HistoryReading) -> None:
        """Go some pages back, until the oldest torrent was not there yet."""
        oldest = await file_events.oldest_torrent(self._database, self._category)
        self._is_behind = False
        if oldest is None:
            return
        page = reading.next_older
        for _ in range(_PAGES_AT_ONCE):
            if reading.reached <= oldest - CLOCK_SKEW_SECONDS:
                return
            records = (await self._client.history_page(page)).records
            reading = reading.with_older(page, _witnesses(records), is_last=len(records) < PAGE_SIZE)
            await self._store(reading, records)
            page += 1
        self._is_behind = reading.reached > oldest - CLOCK_SKEW_SECONDS

    async def _store(self, reading: HistoryReading, records: list[HistoryRecord]) -> None:
        events = facts.file_events(records, self._client.kind)
        await file_events.store(self._database, self._category, reading, events)

    # -- one download -------------------------------------------------------------------------------------------------

    def seconds_until_check(self) -> float:
        """Return for how many seconds no other suspect is to be checked."""
        if len(self._checked_at) < MOST_CHECKS:
            return 0.0
        return max(0.0, self._checked_at[0] + _HOUR_SECONDS - self._clock.monotonic())

    async def check(self, torrent: TorrentFacts) -> Supersession:
        """Find out whether the download of a torrent is superseded, by what the Arr says now. Raises a ServiceError."""
        download, since = torrent.infohash.upper(), torrent.added_at - CLOCK_SKEW_SECONDS
        self._checked_at.append(self._clock.monotonic())
        async with self._turn:  # whatever became suspect at the same time, the Arr is asked about one after the other
            await self._refresh.since(self._clock.monotonic() - _FRESH_SECONDS)
            known = await file_events.of_download(self._database, self._category, download)
            records = await self._downloads.history(torrent.infohash, torrent.added_at)
            mine = [*facts.file_events(records, self._client.kind), *(event for event in known if event.at >= since)]
            items = sorted({event.item for event in mine})
            if len(items) > MOST_ITEMS:
                return supersession(download, mine, {})
            files = {item: await library.files_of(self._client, item) for item in items}
            others = await file_events.of_items(self._database, self._category, items)
        return supersession(download, [*mine, *(event for event in others if event.download != download)], files)


def _witnesses(records: Iterable[HistoryRecord]) -> list[Witness]:
    """Describe events, the newest first; one without a time that can be read is none."""
    found = [Witness(one.id, at) for one in records if (at := from_iso(one.date)) is not None]
    return sorted(found, key=lambda one: one.id, reverse=True)
