"""What is known of the seeding of one worker's torrents: limits, trackers, what is owed to them, what is to change.

Which trackers a torrent has comes with the deltas. What they say is asked for only where it makes a difference, a few
torrents at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.tracker_status import TrackerStatus, tracker_status
from qbitrr.rules import seeding, trackers
from qbitrr.rules.adjustment import NONE, Adjustment, adjustment
from qbitrr.rules.hit_and_run import Announce, Clearance, clearance
from qbitrr.rules.states import INACTIVE
from qbitrr.worker.torrents.policy import Policies
from qbitrr.worker.torrents.seeding_time import SeedingTimes
from qbitrr.worker.torrents.tracker_refusals import TrackerRefusals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.qbittorrent.models import Tracker
    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.policy import SeedingPolicy
    from qbitrr.rules.seeding import EffectiveLimits
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.ownership import Ownership
    from qbitrr.worker.torrents.poll import Poll

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
    """The seeding status of every torrent; `ask_trackers` finds out what the deltas do not say."""

    def __init__(self, context: WorkerContext, poll: Poll, ownership: Ownership) -> None:
        self._policies = Policies(context.config)
        self._failed_category = context.config.settings.failed_category
        self._clients = context.services.qbittorrents
        self._clock = context.clock
        self._poll = poll
        self._ownership = ownership
        self._refusals = TrackerRefusals(context.database, context.config.name)
        self._times = SeedingTimes(context.database, context.config.name)
        self._news: set[TorrentKey] = set()
        self._rids: dict[str, int] = {}
        self._private: dict[TorrentKey, bool] = {}
        self._look_at: dict[TorrentKey, float] = {}
        self._in_trouble: set[TorrentKey] = set()

    async def load(self) -> None:
        """Read back what an earlier process learned."""
        await self._refusals.load()
        await self._times.load()

    async def forget(self, gone: set[TorrentKey]) -> None:
        """Torrents that are no longer there."""
        await self._refusals.forget(gone)
        await self._times.forget(gone)
        self._in_trouble -= gone
        self._news -= gone
        for key in gone:
            self._private.pop(key, None)
            self._look_at.pop(key, None)

    async def save(self) -> None:
        """Keep what would take long to see again."""
        await self._times.save()

    async def close(self) -> None:
        """Keep what was seen up to now."""
        await self._times.save(at_least=1.0)

    def update(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Bring the seeding times up to date after a poll; returns torrents of which trackers said something new."""
        now = self._clock.monotonic()
        for name, mirror in self._poll.mirrors.items():
            if mirror.rid == 0:
                self._times.lose(name)
            elif mirror.rid != self._rids.get(name):
                self._times.look(name, now)
            self._rids[name] = mirror.rid
        for key in changed:
            torrent = self._poll.facts(key)
            if torrent is not None:
                self._times.observe(torrent)
        news, self._news = self._news, set()
        return news

    # -- what is known ----------------------------------------------------------------------------------------------

    def status(self, torrent: TorrentFacts) -> SeedingStatus:
        """How it stands with a torrent, by what is known now. Notes what would have to be asked for."""
        key = torrent.key
        seeding_policy, seconds = self._regime(torrent), self._times.seconds(torrent)
        if not seeding_policy.depends_on_trackers:
            limits = seeding.limits_for(seeding_policy.limits, ())
            change = Adjustment(seeding.settings_to_write(torrent.seeding, limits))
            return SeedingStatus(limits, _NOTHING_OWED, change, seconds)
        announces = self._poll.mirrors[torrent.instance].announces.of(torrent.infohash)
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
        category = self._ownership.category_of(torrent.key)
        return self._policies.seeding(torrent.instance, category)

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
        told = self._poll.mirrors[torrent.instance].torrents.get(torrent.infohash)
        if not seeding_policy.removes_dead_trackers or told is None or not told.has_tracker_error:
            self._in_trouble.discard(key)
            return seeding_policy.removes_dead_trackers and told is not None and told.has_tracker_error is None
        is_new = key not in self._in_trouble
        self._in_trouble.add(key)
        return is_new

    # -- asking -------------------------------------------------------------------------------------------------

    async def ask_trackers(self) -> None:
        """Ask for the trackers of some torrents of which they are not known and make a difference."""
        now = self._clock.monotonic()
        due = sorted((at, key) for key, at in self._look_at.items() if at <= now)[:_AT_ONCE]
        for _, key in due:
            if await self._ask_of(key):
                self._news.add(key)
                self._poll.wake.set()

    async def _ask_of(self, key: TorrentKey) -> bool:
        torrent = self._poll.facts(key)
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
        key, mirror = torrent.key, self._poll.mirrors[torrent.instance]
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

    # -- before a deletion ------------------------------------------------------------------------------------------

    async def final_clearance(self, torrent: TorrentFacts) -> Clearance:
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
