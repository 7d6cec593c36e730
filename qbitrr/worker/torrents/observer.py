"""What a worker sees around its torrents: the Arr's queue, the clocks, the scores, the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.facts import queue_facts
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import ItemScores, TorrentKey
from qbitrr.rules.states import MISSING_FILES
from qbitrr.rules.strikes import StrikeKind
from qbitrr.state import scores
from qbitrr.worker.disk import has_content, on_disk
from qbitrr.worker.torrents.strikes import StrikeTimers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.clock import Clock
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.history import History
    from qbitrr.rules.policy import Policy
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services
    from qbitrr.worker.torrents.internet import InternetCheck
    from qbitrr.worker.torrents.ownership import Ownership
    from qbitrr.worker.torrents.poll import Poll
    from qbitrr.worker.torrents.seeding import SeedingTracker

_IDLE_QUEUE_SECONDS = 60.0  # without torrents the Arr's queue matters to nobody but the process list
_SCORES_SECONDS = 60.0


class Observer:
    """The snapshot that a pass judges by. `queue` is None while the Arr did not answer in full."""

    def __init__(
        self,
        config: WorkerConfig,
        services: Services,
        database: Database,
        report: Report,
        clock: Clock,
        poll: Poll,
        ownership: Ownership,
        policy: Policy,
        *,
        seeding: SeedingTracker,
        internet: InternetCheck,
    ) -> None:
        self.queue: dict[str, QueueFacts] | None = None
        self.clocks = StrikeTimers(policy)
        self._category = config.name
        self._arr = services.arr_client
        self._seeding = seeding
        self._internet = internet
        self._database = database
        self._report = report
        self._clock = clock
        self._poll = poll
        self._ownership = ownership
        self._policy = policy
        self._queue_read_at = float("-inf")
        self._scores: dict[int, ItemScores] = {}
        self._scores_read_at = float("-inf")
        self._rids: dict[str, int] = {}
        self._there: set[TorrentKey] = set()

    async def begin(self) -> None:
        """Read back what an earlier process counted."""
        await self.clocks.begin(self._database, self._category)

    def queue_changed(self) -> None:
        """The Arr tells that its queue is another: it is read at the next look."""
        self._queue_read_at = float("-inf")

    # -- looking ------------------------------------------------------------------------------------------------

    async def read_queue(self) -> set[TorrentKey]:
        """Take a snapshot of the Arr's queue; returns the torrents about which it says something new."""
        if self._arr is None:
            return set()
        now = self._clock.monotonic()
        keys = self._poll.present()
        if not keys and now < self._queue_read_at + _IDLE_QUEUE_SECONDS:
            return set()
        before = self.queue
        try:
            self.queue = queue_facts(await self._arr.queue(), self._arr.kind)
        except ServiceError as error:
            self.queue = None
            held = isinstance(error, CredentialsRejectedError)
            self._report.waits("torrents", self._arr.section, str(error), held=held)
        else:
            self._queue_read_at = now
            self._report.goes_on("torrents", self._arr.section)
        await self._read_scores(now, new=before != self.queue)
        if (before is None) != (self.queue is None):
            return keys
        if before == self.queue:
            return set()
        return {key for key in keys if _in(before, key) != _in(self.queue, key)}

    async def _read_scores(self, now: float, *, new: bool) -> None:
        if not self._policy.enforces_custom_formats or not self.queue or self._arr is None:
            return
        if new or now >= self._scores_read_at + _SCORES_SECONDS:
            self._scores_read_at = now
            items = {item for facts in self.queue.values() for item in facts.item_ids}
            found = await scores.of_items(self._database, self._category, self._arr.kind.name, items)
            self._scores = {item: ItemScores(*stored) for item, stored in found.items()}

    def watch_clocks(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Start and stop clocks by what was just seen; returns the torrents whose clocks stand or run anew."""
        anew: set[TorrentKey] = set()
        for name, mirror in self._poll.mirrors.items():
            if not self._poll.answers(name):
                self._rids.pop(name, None)
                self.clocks.lose(name)
            elif mirror.rid != self._rids.get(name):
                self._rids[name] = mirror.rid
                if self.clocks.look(name, self._clock.monotonic(), standstill=bool(self.standstill(name))):
                    anew |= {TorrentKey(name, infohash) for infohash in mirror.torrents}
        for key in anew.union(changed):
            torrent = self._poll.mirrors[key[0]].torrents.get(key[1])
            if torrent is not None:
                facts = torrent_facts(*key, torrent)
                if self._ownership.is_mine(facts):
                    self.clocks.observe(facts)
        return anew

    def standstill(self, instance: str) -> str:
        """Why nothing says anything about the downloads of a client now; empty when all is well."""
        mirror = self._poll.mirrors[instance]
        if not mirror.connected:
            return "qBittorrent has no connection to the internet"
        if mirror.stall_detector.stopped:
            return "all transfers of qBittorrent stopped at the same time"
        if mirror.stall_detector.nothing_flows and self._internet.there() is False:
            return "nothing flows, and there is no internet"
        return ""

    async def look_for_content(self) -> set[TorrentKey]:
        """Look whether missing files are back; returns the torrents about which that is new."""
        before, there = self._there, set[TorrentKey]()
        for name, mirror in self._poll.mirrors.items():
            missing = {h: t.content_path for h, t in mirror.torrents.items() if t.state == MISSING_FILES}
            for infohash, path in missing.items():
                is_there: bool = await on_disk(False, has_content, path)
                if is_there:
                    there.add(TorrentKey(name, infohash))
        self._there = there
        return before ^ there

    def forget(self, gone: set[TorrentKey]) -> None:
        """Torrents that are gone."""
        self.clocks.forget(gone)
        self._there -= gone

    async def save(self) -> None:
        """Keep the clocks."""
        await self.clocks.save(self._database, self._category)

    # -- telling ------------------------------------------------------------------------------------------------

    def about(self, key: TorrentKey) -> QueueFacts | None:
        """What the Arr's queue says of a torrent."""
        return _in(self.queue, key)

    def of(self, torrent: TorrentFacts, history: History, failed_grabs: int) -> RuleContext:
        """Everything that is known around one torrent."""
        key = torrent.key
        queue = self.about(key)
        status = self._seeding.status(torrent)
        return RuleContext(
            queue_known=self.queue is not None,
            queue=queue,
            standstill=self.standstill(torrent.instance),
            elsewhere=sum(torrent.infohash in mirror.torrents for mirror in self._poll.mirrors.values()) > 1,
            stalled=self.clocks.seen(key, StrikeKind.STALLED),
            slow=self.clocks.seen(key, StrikeKind.SLOW),
            unavailable=self.clocks.seen(key, StrikeKind.UNAVAILABLE),
            scores=self._scores_of(queue),
            failed_grabs=failed_grabs,
            content_is_there=key in self._there,
            history=history,
            seeding_seconds=status.seeding_seconds,
            limits=status.limits,
            clearance=status.clearance,
            adjustment=status.adjustment,
        )

    def _scores_of(self, queue: QueueFacts | None) -> tuple[ItemScores, ...]:
        """The scores of all items of a download; none at all when one is not known."""
        if queue is None or not self._scores:
            return ()
        known = [self._scores.get(item) for item in queue.item_ids]
        return tuple(known) if all(known) else ()  # type: ignore[arg-type]


def _in(queue: dict[str, QueueFacts] | None, key: TorrentKey) -> QueueFacts | None:
    return queue.get(key[1].upper()) if queue is not None else None
