"""What is known of the seeding of one worker's torrents: limits, trackers, what is owed to them, what is to change.

Which trackers a torrent has comes with the deltas. What they say is asked for only where it makes a difference, a few
torrents at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.qbittorrent.tracker_status import TrackerStatus, tracker_status
from qbitrr.rules import seeding, trackers
from qbitrr.rules.adjustment import NONE, Adjustment, adjustment
from qbitrr.rules.hit_and_run import Announce, Clearance, clearance
from qbitrr.rules.states import INACTIVE
from qbitrr.worker.torrents.policy import Policies
from qbitrr.worker.torrents.seeding_time import SeedingTimes
from qbitrr.worker.torrents.tracker_refusals import TrackerRefusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qbitrr.clock import Clock
    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.qbittorrent.mirror import Mirror
    from qbitrr.qbittorrent.models import Tracker
    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.policy import SeedingPolicy
    from qbitrr.rules.seeding import EffectiveLimits
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.torrents.ownership import Ownership

_log = logs.get(__name__)

_AT_ONCE = 20
_AGAIN_SECONDS = 1260.0  # until a tracker that refused a torrent is asked again
_SWEEP_SECONDS = 86400.0  # before 5.2 qBittorrent does not tell which torrents have trackers in trouble
_QUESTION_SECONDS = 6 * 3600.0  # of a torrent that could go, were it not for what is owed to its trackers
_SILENT_SECONDS = 60.0
_DHT = "** [DHT] **"


class SeedingStatus(NamedTuple):
    """How it stands with the seeding of one torrent; `limits` is None while its trackers have to be known first."""

    limits: EffectiveLimits | None
    clearance: Clearance
    adjustment: Adjustment
    seeding_seconds: float


class SeedingTracker:
    """Answers for torrents as they are told to it; `look` asks for what it does not know."""

    def __init__(
        self,
        config: WorkerConfig,
        clients: Mapping[str, QbittorrentClient],
        mirrors: Mapping[str, Mirror],
        ownership: Ownership,
        database: Database,
        clock: Clock,
    ) -> None:
        self._policies = Policies(config)
        self._failed_category = config.settings.failed_category
        self._clients = clients
        self._mirrors = mirrors
        self._ownership = ownership
        self._clock = clock
        self._refusals = TrackerRefusals(database, config.name)
        self._times = SeedingTimes(database, config.name)
        self._rids: dict[str, int] = {}
        self._private: dict[TorrentKey, bool] = {}
        self._look_at: dict[TorrentKey, float] = {}
        self._in_trouble: set[TorrentKey] = set()

    async def begin(self) -> None:
        """Read back what an earlier process heard."""
        await self._refusals.begin()
        await self._times.begin()

    async def forget(self, gone: set[TorrentKey]) -> None:
        """Torrents that are no longer there."""
        await self._refusals.forget(gone)
        await self._times.forget(gone)
        self._in_trouble -= gone
        for key in gone:
            self._private.pop(key, None)
            self._look_at.pop(key, None)

    async def save(self) -> None:
        """Keep what would take long to see again."""
        await self._times.save()

    async def close(self) -> None:
        """Keep what was seen up to now."""
        await self._times.save(at_least=1.0)

    def watch(self, changed: Iterable[TorrentKey]) -> None:
        """Note which clients have answered since the last time, and take in torrents that changed."""
        now = self._clock.monotonic()
        for name, mirror in self._mirrors.items():
            if mirror.rid == 0:
                self._times.lose(name)
            elif mirror.rid != self._rids.get(name):
                self._times.look(name, now)
            self._rids[name] = mirror.rid
        for key in changed:
            torrent = self._present(key)
            if torrent is not None:
                self._times.observe(torrent)

    # -- telling ------------------------------------------------------------------------------------------------

    def status(self, torrent: TorrentFacts) -> SeedingStatus:
        """How it stands with a torrent, by what is known now. Notes what would have to be asked for."""
        key = torrent.key
        seeding_policy, seconds = self._regime(torrent), self._times.seconds(torrent)
        if not seeding_policy.depends_on_trackers:
            limits = seeding.limits_for(seeding_policy.limits, ())
            change = Adjustment(seeding.settings_to_write(torrent.seeding, limits))
            return SeedingStatus(limits, _NOTHING_OWED, change, seconds)
        announces = self._mirrors[torrent.instance].announces.of(torrent.infohash)
        if announces is None:
            self._look_at.setdefault(key, self._clock.monotonic())
            return SeedingStatus(None, self._clearance(torrent, seeding_policy, None), NONE, seconds)
        limits = seeding.limits_for(seeding_policy.limits, trackers.matching(seeding_policy.rows, announces))
        change = self._adjustment(torrent, seeding_policy, limits, announces)
        found = SeedingStatus(limits, self._clearance(torrent, seeding_policy, announces), change, seconds)
        if key not in self._look_at and self._is_of_interest(torrent, seeding_policy, found, announces):
            self._look_at[key] = self._clock.monotonic()
        return found

    def _regime(self, torrent: TorrentFacts) -> SeedingPolicy:
        home = self._ownership.home(torrent.key)
        return self._policies.seeding(torrent.instance, home)

    def _clearance(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, announces: tuple[str, ...] | None
    ) -> Clearance:
        told = None
        if announces is not None:
            told = tuple(Announce(url, self._refusals.gone(torrent, url)) for url in announces)
        return self._gate_for(torrent, told, seeding_policy)

    def _gate_for(
        self, torrent: TorrentFacts, told: tuple[Announce, ...] | None, seeding_policy: SeedingPolicy
    ) -> Clearance:
        seen = torrent.seeding.seen_for(self._times.seconds(torrent))
        lost_data = torrent.completed_at is not None and not torrent.complete
        return clearance(seen, told, seeding_policy.hit_and_run, once_complete=lost_data)

    def _adjustment(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, limits: EffectiveLimits, announces: tuple[str, ...]
    ) -> Adjustment:
        dead = self._refusals.dead(torrent, announces) if seeding_policy.removes_dead_trackers else ()
        return adjustment(
            torrent.seeding,
            torrent.tags,
            limits,
            seeding_policy.rows,
            announces,
            dead,
            private=self._is_private(torrent),
        )

    def _is_private(self, torrent: TorrentFacts) -> bool | None:
        if torrent.private is not None:
            return torrent.private
        return self._private.get(torrent.key)

    def _is_of_interest(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, found: SeedingStatus, announces: tuple[str, ...]
    ) -> bool:
        """Whether what the trackers of a torrent say may change anything."""
        lacks_one = self._is_private(torrent) is None and trackers.to_add(seeding_policy.rows, announces, private=False)
        return bool(lacks_one) or self._is_in_question(torrent, found) or self._may_be_dead(torrent, seeding_policy)

    def _is_in_question(self, torrent: TorrentFacts, found: SeedingStatus) -> bool:
        """Whether it may be that it could go, were it not for what is owed to its trackers."""
        if found.clearance.granted:
            return False
        seen = torrent.seeding.seen_for(found.seeding_seconds)
        over = found.limits is not None and seeding.progress(seen, found.limits).reached
        return over or torrent.state in INACTIVE or torrent.category == self._failed_category

    def _may_be_dead(self, torrent: TorrentFacts, seeding_policy: SeedingPolicy) -> bool:
        """Whether a tracker of it may be dead; since 5.2 qBittorrent tells when one gets into trouble."""
        key = torrent.key
        told = self._mirrors[torrent.instance].torrents.get(torrent.infohash)
        if not seeding_policy.removes_dead_trackers or told is None or not told.has_tracker_error:
            self._in_trouble.discard(key)
            return seeding_policy.removes_dead_trackers and told is not None and told.has_tracker_error is None
        is_new = key not in self._in_trouble
        self._in_trouble.add(key)
        return is_new

    # -- asking -------------------------------------------------------------------------------------------------

    async def look(self) -> set[TorrentKey]:
        """Ask for the trackers of some torrents; returns those about which that is news."""
        now = self._clock.monotonic()
        due = sorted((at, key) for key, at in self._look_at.items() if at <= now)[:_AT_ONCE]
        return {key for _, key in due if await self._look_at_one(key)}

    async def _look_at_one(self, key: TorrentKey) -> bool:
        torrent = self._present(key)
        if torrent is None:
            self._look_at.pop(key, None)
            return False
        try:
            rows = await self._clients[key[0]].trackers(key[1])
        except GoneError:
            self._look_at.pop(key, None)
            return False
        except ServiceError as error:
            self._look_at[key] = self._clock.monotonic() + _SILENT_SECONDS
            _log.info("trackers could not be asked for", instance=key[0], infohash=key[1], error=str(error))
            return False
        return await self._take_in(torrent, rows)

    async def _take_in(self, torrent: TorrentFacts, rows: list[Tracker]) -> bool:
        key, mirror = torrent.key, self._mirrors[torrent.instance]
        urls = tuple(row.url for row in rows if trackers.host_of(row.url))
        before = (mirror.announces.of(torrent.infohash), self._private.get(key))
        if before[0] is None or set(before[0]) != set(urls):
            mirror.announces.record(torrent.infohash, urls)
        # it says so at the place of the DHT, in the language of its page; otherwise it says nothing there
        self._private[key] = any(row.url == _DHT and row.msg for row in rows)
        seeding_policy = self._regime(torrent)
        heard = await self._refusals.hear(torrent, rows, seeding_policy.dead_messages, self._clock.wall())
        self._look_at.pop(key, None)
        if self._refusals.open_for(torrent):
            self._look_at[key] = self._clock.monotonic() + _AGAIN_SECONDS
        elif self._is_in_question(torrent, self.status(torrent)):
            self._look_at[key] = self._clock.monotonic() + _QUESTION_SECONDS
        elif seeding_policy.removes_dead_trackers:
            self._look_at[key] = self._clock.monotonic() + _SWEEP_SECONDS
        return heard or before != (mirror.announces.of(torrent.infohash), self._private[key])

    def _present(self, key: TorrentKey) -> TorrentFacts | None:
        torrent = self._mirrors[key[0]].torrents.get(key[1])
        return torrent_facts(*key, torrent) if torrent else None

    # -- the last word ------------------------------------------------------------------------------------------

    async def may_be_deleted(self, torrent: TorrentFacts) -> Clearance:
        """Ask its qBittorrent for the trackers of a torrent, right before it is deleted. Raises a ServiceError.

        A tracker that was believed not to know it, and works now, counts.
        """
        seeding_policy = self._regime(torrent)
        if not seeding_policy.hit_and_run.any:
            return _NOTHING_OWED
        rows = await self._clients[torrent.instance].trackers(torrent.infohash)
        await self._take_in(torrent, rows)
        works = {row.url for row in rows if tracker_status(row.status, row.msg) is TrackerStatus.WORKS}
        told = tuple(
            Announce(row.url, row.url not in works and self._refusals.gone(torrent, row.url))
            for row in rows
            if trackers.host_of(row.url)
        )
        return self._gate_for(torrent, told, seeding_policy)


_NOTHING_OWED = Clearance(True, "no tracker asks for a minimum")
