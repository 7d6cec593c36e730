"""Seeding time of torrents, counted because what qBittorrent reports of it may be days old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules.facts import TorrentKey
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredSeedingTime

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.database import Database

_LEAST_GAP_SECONDS = 60.0
"""Between two polls of a client that are further apart than the gap nothing is counted."""
_SAVED_SECONDS = 600.0
"""The most that is lost with the process."""


class _Time(Struct, gc=False):
    """`seconds` up to `since` (monotonic), after which it grows with every poll of the client; None while it stands."""

    added_at: float
    seconds: float
    since: float | None = None
    saved: float = 0.0


class SeedingTimes:
    """The reported seeding time of each torrent, and how long it was seen to seed after that.

    qBittorrent 4.5.2, 5.1.0 and 5.3.0 update the seeding time of a torrent only when something happens to it, such as a
    peer that comes or goes; in between every answer has the old value. Time counts between two polls that the client
    answered, if the torrent was seeding at both. So the real time is never less. Moments are monotonic.
    """

    def __init__(self, database: Database, category: str, gap_seconds: float = _LEAST_GAP_SECONDS) -> None:
        self._gap_seconds = gap_seconds
        self._database = database
        self._category = category
        self._times: dict[TorrentKey, _Time] = {}
        self._polled_at: dict[str, float] = {}
        self._polled_before: dict[str, float] = {}

    async def load(self) -> None:
        """Read back what an earlier process counted."""
        for stored in await torrents.read(self._database, self._category, StoredSeedingTime):
            time = _Time(stored.added_at, stored.seconds, saved=stored.seconds)
            self._times[TorrentKey(stored.instance, stored.infohash)] = time

    def polled(self, instance: str, now: float) -> None:
        """Note that a client answered."""
        last = self._polled_at.get(instance)
        if last is not None and now - last > self._gap_seconds:
            self._halt(instance, last, on_from=now)
        if last is not None:
            self._polled_before[instance] = last
        self._polled_at[instance] = now

    def lost(self, instance: str) -> None:
        """Note that a client did not answer. When it does again all its torrents count as changed."""
        last = self._polled_at.pop(instance, None)
        self._polled_before.pop(instance, None)
        if last is not None:
            self._halt(instance, last, on_from=None)

    def _halt(self, instance: str, last: float, on_from: float | None) -> None:
        for (name, _), time in self._times.items():
            if name == instance and time.since is not None:
                time.seconds, time.since = self._until(time, last), on_from

    def observe(self, torrent: TorrentFacts) -> None:
        """Count a torrent that changed, as it was at the last poll of its client."""
        key, now = torrent.key, self._polled_at.get(torrent.instance)
        if now is None:
            return
        # since when it does not seed any more is not known: it may be since the poll before
        seen_until = now if torrent.seeding.counting else self._polled_before.get(torrent.instance)
        seconds = max(torrent.seeding.seconds, self._seconds(torrent, seen_until))
        known = self._times.get(key)
        saved = known.saved if known is not None and known.added_at == torrent.added_at else 0.0
        if torrent.complete:
            since = now if torrent.seeding.counting else None
            self._times[key] = _Time(torrent.added_at, seconds, since, saved)
        else:
            self._times.pop(key, None)

    def seconds(self, torrent: TorrentFacts) -> float:
        """The least seeding time of a torrent up to the last poll of its client; 0 when nothing is known."""
        return self._seconds(torrent, self._polled_at.get(torrent.instance))

    def _seconds(self, torrent: TorrentFacts, until: float | None) -> float:
        time = self._times.get(torrent.key)
        if time is None or time.added_at != torrent.added_at:
            return 0.0
        return self._until(time, until)

    @staticmethod
    def _until(time: _Time, last: float | None) -> float:
        if time.since is None or last is None:
            return time.seconds
        return time.seconds + max(0.0, last - time.since)

    async def save(self, *, at_least: float = _SAVED_SECONDS) -> None:
        """Write down what grew by so many seconds since the last time."""
        fresh = []
        for (instance, infohash), time in self._times.items():
            seconds = self._until(time, self._polled_at.get(instance))
            if seconds >= time.saved + at_least:
                time.saved = seconds
                fresh.append(StoredSeedingTime(instance, infohash, time.added_at, seconds))
        if fresh:
            await torrents.save(self._database, self._category, StoredSeedingTime, fresh)

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone & self._times.keys():
            del self._times[key]
