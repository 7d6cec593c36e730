"""Downloads as the Arr sees them: its queue, its history, its settings, and its polls of the download clients.

What several imports need at the same time is asked for once: at most one request of a kind runs, and one waits.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

from qbitrr.arr import facts
from qbitrr.clock import from_iso, to_iso
from qbitrr.errors import ServiceError
from qbitrr.worker.torrents.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.models import Command, DownloadClient, DownloadSettings, HistoryRecord
    from qbitrr.clock import Clock
    from qbitrr.rules.facts import QueueFacts
    from qbitrr.rules.paths import PathMapping

CLOCK_SKEW_SECONDS = 300.0  # between this machine, qBittorrent's and the Arr's
SETTINGS_SECONDS = 3600.0
_RECENT_SECONDS = CLOCK_SKEW_SECONDS + 60.0
_POLL_SECONDS = 60.0  # for which the end of a poll of the clients is awaited
_ASKED_SINGLY = 3  # histories; those of more downloads are read together
_NEWEST_SIZES = (1000, 5000)  # events that are read together
_AT_ONCE = 4
_FRESH_SECONDS = 0.1
_PAUSES = (0.03, 0.05, 0.1, 0.1, 0.2, 0.5, 1.0, 2.0)
_BACK_OFF = "DownloadClientStatusCheck"
_ABOUT_CLIENTS = ("DownloadClientCheck", _BACK_OFF)


class DownloadHistory(NamedTuple):
    """The events of one download since its torrent was added, and those of an earlier one with the same infohash."""

    since: list[HistoryRecord]
    before: list[HistoryRecord]


class Reading(NamedTuple):
    """The queue by download id, which is upper-case, and the events of the last minutes."""

    queue: Mapping[str, QueueFacts]
    recent: list[HistoryRecord]


class ArrSettings(NamedTuple):
    """What the user has set in the Arr about its downloads."""

    downloads: DownloadSettings
    clients: list[DownloadClient]
    mappings: tuple[PathMapping, ...]


class ArrDownloads:
    """The downloads of one Arr. `queue` is None unless it answered in full the last time; raises ServiceErrors."""

    def __init__(self, client: ArrClient, clock: Clock) -> None:
        self.queue: dict[str, QueueFacts] | None = None
        self.queue_read_at = -math.inf
        self.polled_at = -math.inf
        self.poll_clients = Shared(self._poll_clients, clock.monotonic)
        self.read_queue = Shared(self._read_queue, clock.monotonic)
        self._client = client
        self._clock = clock
        self._readings = Shared(self._read, clock.monotonic)
        self._histories = Shared(self._read_histories, clock.monotonic)
        self._settings = Shared(self._read_settings, clock.monotonic)
        self._known_settings: ArrSettings | None = None
        self._settings_read_at = -math.inf
        self._asked_for: dict[str, float] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Cancel what is under way."""
        for shared in (self.poll_clients, self.read_queue, self._readings, self._histories, self._settings):
            await shared.close()

    # -- commands -----------------------------------------------------------------------------------------------------

    async def _poll_clients(self) -> float | None:
        """Have the Arr poll its download clients; returns when it had (monotonic), None when that takes too long."""
        command = await self._client.refresh_downloads()
        if await self.ended(command.id, _POLL_SECONDS) is None:
            return None
        self.polled_at = self._clock.monotonic()
        return self.polled_at

    async def ended(self, command_id: int, seconds: float) -> Command | None:
        """Wait for the end of a command; None when it does not come. GoneError when the Arr does not know it."""
        deadline = self._clock.monotonic() + seconds
        attempt = 0
        while True:
            command = await self._client.command(command_id)
            if command.ended:
                return command
            if self._clock.monotonic() > deadline:
                return None
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1

    async def is_cancelled(self, command_id: int) -> bool:
        """Ask whether the user cancelled a command that waits: it stays `queued`, and is not listed any more."""
        return all(one.id != command_id for one in await self._client.commands())

    # -- queue and history --------------------------------------------------------------------------------------------

    async def _read_queue(self) -> Mapping[str, QueueFacts]:
        try:
            records = await self._client.queue()
        except ServiceError:
            self.queue = None
            raise
        self.queue = facts.queue_facts(records, self._client.kind)
        self.queue_read_at = self._clock.monotonic()
        return self.queue

    async def read(self) -> Reading:
        """Read queue and history, or return what was read a moment ago."""
        return await self._readings.since(self._clock.monotonic() - _FRESH_SECONDS)

    async def _read(self) -> Reading:
        queue = await self.read_queue()
        since = to_iso(self._clock.wall() + self._client.clock_ahead_seconds - _RECENT_SECONDS) or ""
        return Reading(queue, await self._client.history_since(since))

    async def history(self, infohash: str, added_at: float) -> list[HistoryRecord]:
        """Read the events of one download since its torrent was added."""
        return (await self.whole_history(infohash, added_at)).since

    async def whole_history(self, infohash: str, added_at: float) -> DownloadHistory:
        """Read the events of one download; of those before, there may be some only."""
        download_id, since = infohash.upper(), added_at - CLOCK_SKEW_SECONDS
        self._asked_for[download_id] = min(since, self._asked_for.get(download_id, since))
        history = DownloadHistory([], [])
        for record in (await self._histories()).get(download_id, ()):
            is_new = (from_iso(record.date) or 0.0) >= since
            (history.since if is_new else history.before).append(record)
        return history

    async def _read_histories(self) -> dict[str, list[HistoryRecord]]:
        """Read the events of all downloads that were asked for: of many of them in the history of all."""
        asked, self._asked_for = self._asked_for, {}
        found: dict[str, list[HistoryRecord]] = {}
        if len(asked) > _ASKED_SINGLY:
            found, complete_since = await self._newest(asked)
            asked = {download_id: since for download_id, since in asked.items() if since < complete_since}
        singly = await asyncio.gather(*map(self._history_of, asked))
        return found | dict(zip(asked, singly, strict=True))

    async def _history_of(self, download_id: str) -> list[HistoryRecord]:
        async with self._turn:
            return await self._client.history(download_id)

    async def _newest(self, asked: Mapping[str, float]) -> tuple[dict[str, list[HistoryRecord]], float]:
        """Read the newest events of all downloads; returns those asked for, and since when they are complete.

        All of them are of one page: of several, an event may be on none when others are deleted in between.
        """
        since, complete_since = min(asked.values()), math.inf
        records: list[HistoryRecord] = []
        for size in _NEWEST_SIZES:
            answer = await self._client.history_page(1, size)
            records = answer.records
            dates = (from_iso(record.date) or math.inf for record in records)
            is_whole = len(records) >= answer.total_records
            complete_since = -math.inf if is_whole else min(dates, default=math.inf)
            if complete_since < since:
                break
        found: dict[str, list[HistoryRecord]] = {download_id: [] for download_id in asked}
        for record in records:
            if record.download_id and (download_id := record.download_id.upper()) in found:
                found[download_id].append(record)
        return found, complete_since

    # -- settings -----------------------------------------------------------------------------------------------------

    async def settings(self, seconds: float = SETTINGS_SECONDS) -> ArrSettings:
        """Return the Arr's settings, which were read `seconds` ago at most."""
        known = self._known_settings
        if known is None or self._clock.monotonic() > self._settings_read_at + seconds:
            known = await self._settings()
        return known

    async def _read_settings(self) -> ArrSettings:
        client = self._client
        mappings = facts.path_mappings(await client.path_mappings())
        found = ArrSettings(await client.download_settings(), await client.download_clients(), mappings)
        self._known_settings, self._settings_read_at = found, self._clock.monotonic()
        return found

    async def trouble_with_clients(self) -> str:
        """Ask what the Arr finds wrong with its download clients; empty when nothing. It may be hours old."""
        return "; ".join(one.message or "" for one in await self._client.health() if one.source in _ABOUT_CLIENTS)

    async def backs_off(self) -> bool:
        """Ask whether the Arr does not poll some of its download clients for now, as they did not answer."""
        return any(one.source == _BACK_OFF for one in await self._client.health())
