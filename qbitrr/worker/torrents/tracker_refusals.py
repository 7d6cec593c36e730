"""Refusals of torrents by trackers: counted over restarts, and believed when they persist."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qbitrr.qbittorrent.tracker_status import TrackerStatus, is_dead, tracker_status
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.tracker_refusals import Refusals, refused_again
from qbitrr.rules.trackers import host_of
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredRefusals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from qbitrr.qbittorrent.models import Tracker
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.database import Database

UNREGISTERED, LISTED = "unregistered", "listed"


class TrackerRefusals:
    """Refusals of one category's torrents. A tracker is identified by its host."""

    def __init__(self, database: Database, category: str) -> None:
        self._database = database
        self._category = category
        self._of: defaultdict[TorrentKey, dict[tuple[str, str], Refusals]] = defaultdict(dict)
        self._added_at: dict[TorrentKey, float] = {}

    async def load(self) -> None:
        """Read back what an earlier process recorded."""
        for one in await torrents.read(self._database, self._category, StoredRefusals):
            key = TorrentKey(one.instance, one.infohash)
            self._of[key][one.host, one.kind] = Refusals(one.times, one.first_at, one.last_at)
            self._added_at[key] = one.added_at

    def any_of(self, torrent: TorrentFacts) -> bool:
        """Whether a tracker refused the torrent, proven or not."""
        return bool(self._known(torrent))

    def unregistered(self, torrent: TorrentFacts, announce: str) -> bool:
        """Whether it is proven that a tracker no longer has the torrent."""
        return self._proven(torrent, announce, (UNREGISTERED,))

    def dead(self, torrent: TorrentFacts, announces: Iterable[str]) -> tuple[str, ...]:
        """The trackers that are proven to be dead for the torrent."""
        return tuple(one for one in announces if self._proven(torrent, one, (UNREGISTERED, LISTED)))

    def open_for(self, torrent: TorrentFacts) -> bool:
        """Whether a refusal of the torrent is not proven yet."""
        return any(not one.proven for one in self._known(torrent).values())

    async def record(self, torrent: TorrentFacts, rows: Iterable[Tracker], listed: Collection[str], now: float) -> bool:
        """Count what the trackers of a torrent say at `now` (epoch seconds); whether anything changed.

        A tracker that works again clears its refusals. Silence and any other message change nothing.
        """
        before = dict(self._known(torrent))
        after = dict(before)
        by_host: defaultdict[str, list[Tracker]] = defaultdict(list)
        for row in rows:
            if host := host_of(row.url):
                by_host[host].append(row)
        for host, some in by_host.items():
            statuses = {tracker_status(row.status, row.msg) for row in some}
            refuses = {
                UNREGISTERED: TrackerStatus.UNREGISTERED in statuses,
                LISTED: any(is_dead(row.status, row.msg, listed) for row in some),
            }
            for kind, does in refuses.items():
                if TrackerStatus.WORKS in statuses:
                    after.pop((host, kind), None)
                elif does:
                    after[host, kind] = refused_again(after.get((host, kind)), now)
        if after == before:
            return False
        key = torrent.key
        dropped = [(*key, *one) for one in self._of[key].keys() - after.keys()]
        self._of[key], self._added_at[key] = after, torrent.added_at
        stored = [
            StoredRefusals(*key, host, kind, torrent.added_at, one.times, one.first_at, one.last_at)
            for (host, kind), one in after.items()
        ]
        await torrents.save(self._database, self._category, StoredRefusals, stored, dropped)
        return True

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone & self._of.keys():
            del self._of[key], self._added_at[key]

    def _proven(self, torrent: TorrentFacts, announce: str, kinds: tuple[str, ...]) -> bool:
        known, host = self._known(torrent), host_of(announce)
        return any((one := known.get((host, kind))) is not None and one.proven for kind in kinds)

    def _known(self, torrent: TorrentFacts) -> dict[tuple[str, str], Refusals]:
        key = torrent.key
        if key not in self._of or self._added_at.get(key) != torrent.added_at:
            return {}
        return self._of[key]
