"""Context of a torrent when it is judged: the Arr's queue, scores, strikes, content, standstill."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.arr.facts import grabbed_score
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.qbittorrent.facts import torrent_files
from qbitrr.rules.completion import ARRIVING_SECONDS
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import ItemScores, TorrentKey
from qbitrr.rules.imports import read_queue
from qbitrr.rules.speed import limit_on_all
from qbitrr.rules.states import DOWNLOADING, ERROR, MISSING_FILES
from qbitrr.rules.strikes import Observed, StrikeKind
from qbitrr.state import catalogue
from qbitrr.worker.disk import has_content, has_files, on_disk
from qbitrr.worker.torrents.internet import InternetCheck
from qbitrr.worker.torrents.policy import policy_of
from qbitrr.worker.torrents.strikes import StrikeTimers, gap_seconds
from qbitrr.worker.torrents.tracker_reach import TrackerReach

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.policy import SeedingPolicy
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.answers import RememberedAnswers
    from qbitrr.worker.torrents.arr_downloads import ArrDownloads
    from qbitrr.worker.torrents.chosen_seed import ChosenSeed
    from qbitrr.worker.torrents.history import TorrentHistory
    from qbitrr.worker.torrents.ownership import Ownership
    from qbitrr.worker.torrents.poll import Poll
    from qbitrr.worker.torrents.seeding import SeedingTracker
    from qbitrr.worker.torrents.superseded import SupersededDownloads

_log = logs.get(__name__)

_IDLE_QUEUE_SECONDS = 60.0  # without torrents the Arr's queue matters only to the process list
_PUSHED_QUEUE_SECONDS = 300.0  # while the Arr pushes every change of its queue
_LIVELY_SECONDS = 60.0  # for which each pass reads the queue after something of ours was complete or acted on
_SCORES_SECONDS = 60.0
_EARLY = 0.8  # of the usual pause: a pass that comes earlier does not read the queue again


class Observer:
    """The context that a pass judges torrents in."""

    def __init__(
        self,
        context: WorkerContext,
        poll: Poll,
        ownership: Ownership,
        seeding: SeedingTracker,
        history: TorrentHistory,
        answers: RememberedAnswers,
        downloads: ArrDownloads | None,
        superseded: SupersededDownloads | None,
        chosen_seed: ChosenSeed,
    ) -> None:
        settings = context.config.settings
        self._policy = policy_of(context.config)
        self._category = context.config.name
        self._arr = context.services.arr_client
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._clients = context.services.qbittorrents
        self._answers = answers
        self._poll = poll
        self._ownership = ownership
        self._seeding = seeding
        self._history = history
        self._timers = StrikeTimers(self._policy, gap_seconds(settings.loop_sleep_seconds))
        self.reach = TrackerReach(context, poll, seeding)
        self._internet = InternetCheck(
            settings.ping_urls, settings.no_internet_sleep_seconds, context.clock, poll.wake.set
        )
        self._downloads = downloads
        self._superseded = superseded
        self._chosen_seed = chosen_seed
        self._last_queue: Mapping[str, QueueFacts] | None = None  # that of the last pass
        self._queue_seconds = settings.loop_sleep_seconds * _EARLY
        self._queue_changed = True
        self._has_push = False
        self._lively_until = float("-inf")
        self._arriving_until = float("-inf")
        self._complete: set[TorrentKey] = set()
        self._grabbed: dict[tuple[TorrentKey, float], int | None] = {}
        self._scores: dict[int, ItemScores] = {}
        self._scores_read_at = float("-inf")
        self._rids: dict[str, int] = {}
        self._limits: dict[str, str] = {}
        self._with_content: set[TorrentKey] = set()
        self._news: set[TorrentKey] = set()

    async def load(self) -> None:
        """Read back what an earlier process counted."""
        await self._timers.load(self._database, self._category)

    async def save(self) -> None:
        """Write down the strikes."""
        await self._timers.save(self._database, self._category)

    async def close(self) -> None:
        """Write down the strikes, and cancel what is under way."""
        await self._internet.close()
        await self.save()

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        self._timers.forget(gone)
        self.reach.forget(gone)
        self._with_content -= gone
        self._complete -= gone
        self._news -= gone

    # -- once in a pass -----------------------------------------------------------------------------------------------

    async def update(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Bring everything up to date after a poll; returns the torrents whose context changed."""
        changed = set(changed)
        self._note_completions(changed)
        waiting = self.reach.update(changed)
        self._news |= waiting | self._update_strikes(changed | waiting)
        self._news |= self._seeding.update(changed)
        self._observe(listed := await self._read_queue())
        self._news |= listed | self._other_suspects() | self._chosen_seed.changes()
        news, self._news = self._news, set()
        return news

    def _other_suspects(self) -> set[TorrentKey]:
        """Find the torrents that have come to be suspected to be superseded, or are not any more."""
        changed = self._superseded.changes() if self._superseded is not None else set()
        return {key for key in self._poll.present() if key.infohash.upper() in changed} if changed else set()

    async def _read_queue(self) -> set[TorrentKey]:
        """Read the Arr's queue; returns the torrents whose records changed."""
        if self._arr is None or self._downloads is None:
            return set()
        if self._must_read_queue(self._downloads):
            self._queue_changed = False
            try:
                await self._downloads.read_queue()
            except ServiceError as error:
                self._queue_changed = True
                refused = isinstance(error, CredentialsRejectedError)
                self._report.waits("torrents", self._arr.section, str(error), needs_attention=refused)
            else:
                self._report.goes_on("torrents", self._arr.section)
        before, self._last_queue = self._last_queue, self._downloads.queue
        await self._read_scores(self._clock.monotonic(), new=before != self.queue)
        if (before is None) != (self.queue is None):
            return self._poll.present()
        if before == self.queue:
            return set()
        return {key for key in self._poll.present() if _in(before, key) != _in(self.queue, key)}

    def _must_read_queue(self, downloads: ArrDownloads) -> bool:
        """Whether this pass reads the queue. One that comes early for a completion asks the Arr for nothing."""
        now = self._clock.monotonic()
        if self._has_push and now >= self._lively_until:
            seconds = _PUSHED_QUEUE_SECONDS
        else:
            has_torrents = any(mirror.torrents for mirror in self._poll.mirrors.values())
            seconds = self._queue_seconds if has_torrents else _IDLE_QUEUE_SECONDS
        return self._queue_changed or now - downloads.queue_read_at >= seconds

    def _note_completions(self, changed: Iterable[TorrentKey]) -> None:
        """Stay close to the Arr's queue while something of ours was just completed."""
        for key in changed:
            torrent = self._poll.facts(key)
            if torrent is None or not torrent.complete:
                self._complete.discard(key)
            elif key not in self._complete:
                self._complete.add(key)
                self.expect_queue()

    async def _read_scores(self, now: float, *, new: bool) -> None:
        if not self._policy.enforces_custom_formats or not self.queue or self._arr is None:
            return
        await self._read_grabs()
        if new or now >= self._scores_read_at + _SCORES_SECONDS:
            self._scores_read_at = now
            items = {item for facts in self.queue.values() for item in facts.item_ids}
            found = await catalogue.scores(self._database, self._category, self._arr.kind.name, items)
            self._scores = {item: ItemScores(*stored) for item, stored in found.items()}

    async def _read_grabs(self) -> None:
        """Read the scores of what was grabbed since the last pass, in the Arr's history."""
        listed = {}
        for key in self._poll.present():
            torrent = self._poll.facts(key)
            if torrent is not None and not torrent.complete and self.queue_of(torrent) is not None:
                listed[key, torrent.added_at] = torrent
        self._grabbed = {one: score for one, score in self._grabbed.items() if one in listed}
        new = [one for one in listed if one not in self._grabbed]
        if self._downloads is None or not new:
            return
        try:
            histories = await asyncio.gather(
                *(self._downloads.history(key.infohash, added_at) for key, added_at in new)
            )
        except ServiceError as error:
            _log.warning("grabs were not read", error=str(error))
            return
        self._grabbed |= {one: grabbed_score(history) for one, history in zip(new, histories, strict=True)}

    def _update_strikes(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Start and stop timers after a poll; returns the torrents of clients whose standstill or limit changed."""
        affected: set[TorrentKey] = set()
        for name, mirror in self._poll.mirrors.items():
            if not self._poll.answers(name):
                self._rids.pop(name, None)
                self._timers.lost(name)
            elif mirror.rid != self._rids.get(name):
                self._rids[name] = mirror.rid
                again = self._timers.polled(name, self._clock.monotonic(), standstill=bool(self._standstill(name)))
                limit = limit_on_all(mirror.speed)
                if again:
                    affected |= {TorrentKey(name, infohash) for infohash in mirror.torrents}
                elif limit != self._limits.get(name):
                    affected |= {TorrentKey(name, h) for h, row in mirror.torrents.items() if row.state == DOWNLOADING}
                self._limits[name] = limit
        self._observe(affected.union(changed))
        return affected

    def _observe(self, keys: Iterable[TorrentKey]) -> None:
        for key in keys:
            torrent = self._poll.facts(key)
            if torrent is not None and self._ownership.is_mine(torrent):
                queue = None if self.queue is None else read_queue(self.queue_of(torrent), polled=False).state
                observed = Observed(torrent, self._poll.mirrors[key.instance].speed, queue)
                self._timers.observe(observed, waits=self.reach.waits(torrent))

    def _standstill(self, instance: str) -> str:
        """Why a client proves nothing about its downloads now; empty when it does."""
        mirror = self._poll.mirrors[instance]
        if not mirror.connected:
            return "qBittorrent has no connection to the internet"
        if mirror.stall_detector.stopped:
            return "all transfers of qBittorrent stopped at the same time"
        if mirror.stall_detector.nothing_flows and self._internet.reachable() is False:
            return "nothing flows, and there is no internet"
        return ""

    async def refresh_queue(self) -> None:
        """Read the Arr's queue before an action, unless that was done a moment ago. It is None when that fails."""
        if self._downloads is None:
            return
        if self._clock.monotonic() - self._downloads.queue_read_at >= self._queue_seconds:
            self._queue_changed = True
            self._news |= await self._read_queue()

    def ask_whether_private(self, torrent: TorrentFacts) -> None:
        """Have the trackers of a torrent asked whether it is private, as its verdict depends on it."""
        self._seeding.ask_whether_private(torrent)

    # -- between passes -----------------------------------------------------------------------------------------------

    def on_push(self, *, available: bool) -> None:
        """Note whether the Arr pushes changes of its queue from now on. Those before are read."""
        self._has_push = available
        self.queue_changed()

    def expect_queue(self) -> None:
        """Have each pass read the Arr's queue for a while, as something of ours is complete or being acted on."""
        self._lively_until = self._clock.monotonic() + _LIVELY_SECONDS

    def queue_changed(self) -> None:
        """Have a pass read the Arr's queue now, because the Arr pushed that it changed."""
        self._queue_changed = True
        self._poll.wake.set()

    def expect_download(self) -> None:
        """Have passes come now and for a moment, as the Arr pushed that it sent a release to a client."""
        self._arriving_until = self._clock.monotonic() + ARRIVING_SECONDS
        self._poll.wake.set()

    @property
    def awaits_download(self) -> bool:
        """Whether the Arr grabbed something a moment ago, which qBittorrent may not list yet."""
        return self._clock.monotonic() < self._arriving_until

    async def check_content(self) -> None:
        """Check whether the data of torrents with missing files, or in error, is there."""
        before, self._with_content = self._with_content, await self._find_content()
        if news := before ^ self._with_content:
            self._news |= news
            self._poll.wake.set()

    async def _find_content(self) -> set[TorrentKey]:
        found: set[TorrentKey] = set()
        for name, mirror in self._poll.mirrors.items():
            missing = [h for h, torrent in mirror.torrents.items() if torrent.state in (MISSING_FILES, ERROR)]
            for key in (TorrentKey(name, infohash) for infohash in missing):
                torrent = self._poll.facts(key)
                if torrent is not None and await self._has_content(torrent):
                    found.add(key)
        return found

    async def _has_content(self, torrent: TorrentFacts) -> bool:
        """Whether the data is on this machine: of a torrent that was complete all of its files in full."""
        if not await on_disk(False, has_content, torrent.content_path):
            return False
        if torrent.completed_at is None:
            return True
        try:
            files = torrent_files(await self._clients[torrent.instance].files(torrent.infohash))
        except ServiceError as error:
            _log.info("files were not listed", torrent=torrent.name, error=str(error))
            return False
        sizes = {file.path: file.size_bytes for file in files if file.priority}
        return bool(sizes) and await on_disk(False, has_files, torrent.save_path, sizes)

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def queue(self) -> Mapping[str, QueueFacts] | None:
        """The Arr's queue as it was read last; None unless it answered in full."""
        return self._downloads.queue if self._downloads is not None else None

    def queue_of(self, torrent: TorrentFacts) -> QueueFacts | None:
        """The records of a torrent in the Arr's queue."""
        return _in(self.queue, torrent.key)

    def context(self, torrent: TorrentFacts) -> RuleContext:
        """Collect everything that is known about the surroundings of one torrent."""
        key, queue = torrent.key, self.queue_of(torrent)
        status = self._seeding.status(torrent)
        return RuleContext(
            queue_known=self.queue is not None,
            queue=queue,
            standstill=self._standstill(torrent.instance),
            trackers_out_of_reach=self.reach.waits(torrent),
            unregistered=self._seeding.is_unregistered(torrent),
            suspected_superseded=self._superseded is not None and self._superseded.suspects_one(torrent),
            room=self._chosen_seed.choice_of(torrent),
            private=self._seeding.is_private(torrent),
            elsewhere=self._poll.is_elsewhere(key),
            stalled=self._timers.elapsed(key, StrikeKind.STALLED),
            slow=self._timers.elapsed(key, StrikeKind.SLOW),
            below_speed=self._timers.elapsed(key, StrikeKind.BELOW_SPEED),
            unavailable=self._timers.elapsed(key, StrikeKind.UNAVAILABLE),
            refused=self._timers.elapsed(key, StrikeKind.REFUSED),
            client_speed=self._poll.mirrors[torrent.instance].speed,
            scores=self._scores_of(queue),
            grabbed_score=self._grabbed.get((key, torrent.added_at)),
            answers=self._answers.of(torrent),
            import_answer=self._answers.imports.of(torrent),
            failed_grabs=self._history.failed_grabs(queue.item_ids) if queue else 0,
            content_is_there=key in self._with_content,
            history=self._history.of(torrent),
            seeding_seconds=status.seeding_seconds,
            limits=status.limits,
            clearance=status.clearance,
            adjustment=status.adjustment,
        )

    def context_under(self, torrent: TorrentFacts, policy: SeedingPolicy) -> RuleContext:
        """Collect the same under another seeding policy."""
        status = self._seeding.status_under(torrent, policy)
        return replace(
            self.context(torrent), limits=status.limits, clearance=status.clearance, adjustment=status.adjustment
        )

    def _scores_of(self, queue: QueueFacts | None) -> tuple[ItemScores, ...]:
        """The scores of all items of a download; empty when one is not known."""
        if queue is None or not self._scores:
            return ()
        known = [self._scores.get(item) for item in queue.item_ids]
        return tuple(known) if all(known) else ()  # type: ignore[arg-type]


def _in(queue: Mapping[str, QueueFacts] | None, key: TorrentKey) -> QueueFacts | None:
    return queue.get(key[1].upper()) if queue is not None else None
