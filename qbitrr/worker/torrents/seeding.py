"""Seeding of one worker's torrents: limits, trackers, whether they may be deleted, what has to be changed.

Which trackers a torrent has comes with the deltas. Their messages are asked for only where they make a difference, a
few torrents at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.facts import possible_seeding_seconds
from qbitrr.qbittorrent.tracker_status import TrackerStatus, is_private, tracker_status
from qbitrr.rules import seeding, trackers
from qbitrr.rules.adjustment import NONE, Adjustment, adjustment
from qbitrr.rules.hit_and_run import Announce, Clearance, clearance
from qbitrr.rules.states import INACTIVE
from qbitrr.worker.torrents.policy import Policies
from qbitrr.worker.torrents.seeding_time import SeedingTimes
from qbitrr.worker.torrents.strikes import gap_seconds
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

_ASKED_AT_ONCE = 20
_REFUSED_SECONDS = 1260.0  # until trackers are asked for again when one has refused the torrent
_IN_QUESTION_SECONDS = 6 * 3600.0  # when only their minimums keep the torrent from being deleted
_SWEEP_SECONDS = 86400.0  # before 5.2 the deltas do not show which torrents have trackers in trouble
_RETRY_SECONDS = 60.0


class SeedingStatus(NamedTuple):
    """Seeding of one torrent; `limits` is None while they depend on trackers that are not known."""

    limits: EffectiveLimits | None
    clearance: Clearance
    adjustment: Adjustment
    seeding_seconds: float


class _Privacy(NamedTuple):
    """Whether a torrent is private, by its trackers; None when they do not say. Only its metadata says that it is."""

    private: bool | None
    has_metadata: bool


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
        self._times = SeedingTimes(
            context.database, context.config.name, gap_seconds(context.config.settings.loop_sleep_seconds)
        )
        self._news: set[TorrentKey] = set()
        self._rids: dict[str, int] = {}
        self._private: dict[TorrentKey, _Privacy] = {}
        self._ask_at: dict[TorrentKey, float] = {}
        self._in_trouble: set[TorrentKey] = set()

    async def load(self) -> None:
        """Read back what an earlier process learned."""
        await self._refusals.load()
        await self._times.load()

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        self._refusals.forget(gone)
        self._times.forget(gone)
        self._in_trouble -= gone
        self._news -= gone
        for key in gone:
            self._private.pop(key, None)
            self._ask_at.pop(key, None)

    async def save(self) -> None:
        """Write down seeding times."""
        await self._times.save()

    async def close(self) -> None:
        """Write down seeding times up to now."""
        await self._times.save(at_least=1.0)

    def update(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Count seeding times after a poll; returns the torrents whose trackers were found to say something new."""
        now = self._clock.monotonic()
        for name, mirror in self._poll.mirrors.items():
            if mirror.rid == 0:
                self._times.lost(name)
            elif mirror.rid != self._rids.get(name):
                self._times.polled(name, now)
            self._rids[name] = mirror.rid
        for key in changed:
            torrent = self._poll.facts(key)
            if torrent is not None:
                self._times.observe(torrent)
        news, self._news = self._news, set()
        return news

    # -- what is known ------------------------------------------------------------------------------------------------

    def status(self, torrent: TorrentFacts) -> SeedingStatus:
        """Work out the seeding of a torrent by what is known. Has `ask_trackers` ask for what is missing."""
        key, seeding_policy = torrent.key, self._policy(torrent)
        found = self.status_under(torrent, seeding_policy)
        if seeding_policy.depends_on_trackers and key not in self._ask_at:
            announces = self._announces(torrent)
            if announces is None or self._matters(torrent, seeding_policy, found, announces):
                self._ask_at[key] = self._clock.monotonic()
        return found

    def status_under(self, torrent: TorrentFacts, seeding_policy: SeedingPolicy) -> SeedingStatus:
        """Work out the seeding of a torrent under a policy, by what is known."""
        seconds = self._seconds(torrent)
        if not seeding_policy.depends_on_trackers:
            limits = seeding_policy.limits_without_rows
            settings = seeding.settings_to_write(torrent.seeding, limits)
            return SeedingStatus(limits, _NO_MINIMUM, Adjustment(settings) if settings else NONE, seconds)
        announces = self._announces(torrent)
        if announces is None:
            return SeedingStatus(None, self._clearance(torrent, seeding_policy, None), NONE, seconds)
        limits = seeding_policy.limits_for(announces)
        change = self._adjustment(torrent, seeding_policy, limits, announces)
        return SeedingStatus(limits, self._clearance(torrent, seeding_policy, announces), change, seconds)

    def _announces(self, torrent: TorrentFacts) -> tuple[str, ...] | None:
        return self._poll.mirrors[torrent.instance].announces.of(torrent.infohash)

    def _seconds(self, torrent: TorrentFacts) -> float:
        """The seeding time that was observed; what an earlier version counted may be impossible."""
        return possible_seeding_seconds(self._times.seconds(torrent), torrent.added_at, self._clock.wall())

    def _policy(self, torrent: TorrentFacts) -> SeedingPolicy:
        category = self._ownership.category_of(torrent.key)
        return self._policies.seeding(torrent.instance, category)

    def _clearance(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, announces: tuple[str, ...] | None
    ) -> Clearance:
        known = None
        if announces is not None:
            known = tuple(Announce(url, self._refusals.unregistered(torrent, url)) for url in announces)
        return self._clearance_by(torrent, seeding_policy, known)

    def _clearance_by(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, announces: tuple[Announce, ...] | None
    ) -> Clearance:
        seen = torrent.seeding.seen_for(self._seconds(torrent))
        lost_data = torrent.completed_at is not None and not torrent.complete
        return clearance(seen, announces, seeding_policy.hit_and_run, once_complete=lost_data)

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
            private=self.is_private(torrent),
        )

    def _matters(
        self, torrent: TorrentFacts, seeding_policy: SeedingPolicy, found: SeedingStatus, announces: tuple[str, ...]
    ) -> bool:
        """Whether what the trackers of a torrent say makes a difference."""
        lacks_one = self.is_private(torrent) is None and trackers.to_add(seeding_policy.rows, announces, private=False)
        return bool(lacks_one) or self._is_in_question(torrent, found) or self._may_be_dead(torrent, seeding_policy)

    def _is_in_question(self, torrent: TorrentFacts, found: SeedingStatus) -> bool:
        """Whether it might be deleted, but for the minimums of its trackers."""
        if found.clearance.granted:
            return False
        seen = torrent.seeding.seen_for(found.seeding_seconds)
        over = found.limits is not None and seeding.progress(seen, found.limits).reached
        return over or torrent.state in INACTIVE or torrent.category == self._failed_category

    def _may_be_dead(self, torrent: TorrentFacts, seeding_policy: SeedingPolicy) -> bool:
        """Whether one of its trackers may be dead; since 5.2 a delta shows when one gets into trouble."""
        key = torrent.key
        row = self._poll.mirrors[torrent.instance].torrents.get(torrent.infohash)
        if not seeding_policy.removes_dead_trackers or row is None or not row.has_tracker_error:
            self._in_trouble.discard(key)
            return seeding_policy.removes_dead_trackers and row is not None and row.has_tracker_error is None
        is_new = key not in self._in_trouble
        self._in_trouble.add(key)
        return is_new

    def is_unregistered(self, torrent: TorrentFacts) -> bool:
        """Whether it is proven that none of a torrent's trackers knows it any more."""
        if not self._refusals.any_of(torrent):
            return False
        announces = self._poll.mirrors[torrent.instance].announces.of(torrent.infohash)
        if not announces:
            return False
        return all(self._refusals.unregistered(torrent, url) for url in announces)

    def is_private(self, torrent: TorrentFacts) -> bool | None:
        """Whether a torrent is private; None while that is not known."""
        if torrent.private is not None:
            return torrent.private
        known = self._private.get(torrent.key)
        return known.private if known is not None and known.has_metadata >= _has_metadata(torrent) else None

    def ask_whether_private(self, torrent: TorrentFacts) -> None:
        """Have `ask_trackers` find out whether a torrent is private, once before it has its metadata and once after."""
        known = self._private.get(torrent.key)
        if known is None or known.has_metadata < _has_metadata(torrent):
            self._ask_at[torrent.key] = self._clock.monotonic()

    # -- between passes -----------------------------------------------------------------------------------------------

    async def ask_trackers(self) -> None:
        """Ask for the trackers of some torrents where they make a difference."""
        now = self._clock.monotonic()
        due = sorted((at, key) for key, at in self._ask_at.items() if at <= now)[:_ASKED_AT_ONCE]
        for _, key in due:
            if await self._ask_of(key):
                self._news.add(key)
                self._poll.wake.set()

    async def _ask_of(self, key: TorrentKey) -> bool:
        torrent = self._poll.facts(key)
        if torrent is None:
            self._ask_at.pop(key, None)
            return False
        try:
            rows = await self._clients[key[0]].trackers(key[1])
        except GoneError:
            self._ask_at.pop(key, None)
            return False
        except ServiceError as error:
            self._ask_at[key] = self._clock.monotonic() + _RETRY_SECONDS
            _log.info("trackers were not read", instance=key[0], infohash=key[1], error=str(error))
            return False
        return await self.record(torrent, rows)

    async def record(self, torrent: TorrentFacts, rows: list[Tracker]) -> bool:
        """Record what trackers say; whether it is new."""
        key, mirror = torrent.key, self._poll.mirrors[torrent.instance]
        urls = tuple(row.url for row in rows if trackers.host_of(row.url))
        before = (mirror.announces.of(torrent.infohash), self._private.get(key))
        if before[0] is None or set(before[0]) != set(urls):
            mirror.announces.record(torrent.infohash, urls)
        self._private[key] = _Privacy(is_private(rows), _has_metadata(torrent))
        seeding_policy = self._policy(torrent)
        refusals_changed = await self._refusals.record(torrent, rows, seeding_policy.dead_messages, self._clock.wall())
        self._ask_at.pop(key, None)
        if self._refusals.open_for(torrent):
            self._ask_at[key] = self._clock.monotonic() + _REFUSED_SECONDS
        elif self._is_in_question(torrent, self.status(torrent)):
            self._ask_at[key] = self._clock.monotonic() + _IN_QUESTION_SECONDS
        elif seeding_policy.removes_dead_trackers:
            self._ask_at[key] = self._clock.monotonic() + _SWEEP_SECONDS
        return refusals_changed or before != (mirror.announces.of(torrent.infohash), self._private[key])

    # -- before a deletion --------------------------------------------------------------------------------------------

    async def final_clearance(self, torrent: TorrentFacts) -> Clearance:
        """Work out whether a torrent may be deleted, by its trackers as they are right before. Raises a ServiceError.

        The minimum of a tracker that refused the torrent, and works now, counts again.
        """
        seeding_policy = self._policy(torrent)
        if not seeding_policy.hit_and_run.any:
            return _NO_MINIMUM
        rows = await self._clients[torrent.instance].trackers(torrent.infohash)
        await self.record(torrent, rows)
        works = {row.url for row in rows if tracker_status(row.status, row.msg) is TrackerStatus.WORKS}
        announces = tuple(
            Announce(row.url, row.url not in works and self._refusals.unregistered(torrent, row.url))
            for row in rows
            if trackers.host_of(row.url)
        )
        return self._clearance_by(torrent, seeding_policy, announces)


def _has_metadata(torrent: TorrentFacts) -> bool:
    return torrent.size_bytes > 0


_NO_MINIMUM = Clearance(True, "no tracker asks for a minimum")
