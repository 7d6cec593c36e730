"""Downloads that wait for trackers out of reach. Their time stands: that nothing arrives proves nothing then.

A private torrent finds peers by its trackers only. Any other may find them by the DHT, so that for one without peers
the time stands for some hours, but not without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.tracker_status import is_private, out_of_reach
from qbitrr.rules.states import INACTIVE, STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.poll import Poll
    from qbitrr.worker.torrents.seeding import SeedingTracker

_log = logs.get(__name__)

_ASKED_AT_ONCE = 10
_AGAIN_SECONDS = 600.0
_RETRY_SECONDS = 60.0
_LONGEST_WITHOUT_PEERS_SECONDS = 6 * 3600.0


class _Answer(NamedTuple):
    """What the trackers of a torrent said; `since` when they are out of reach (monotonic), None when one is not."""

    since: float | None
    private: bool | None


class TrackerReach:
    """Which downloads wait for their trackers; `ask` finds it out, a few at a time."""

    def __init__(self, context: WorkerContext, poll: Poll, seeding: SeedingTracker) -> None:
        self._clients = context.services.qbittorrents
        self._clock = context.clock
        self._poll = poll
        self._seeding = seeding
        self._answers: dict[TorrentKey, _Answer] = {}
        self._ask_at: dict[TorrentKey, float] = {}
        self._news: set[TorrentKey] = set()

    def update(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Note which torrents have to be asked about; returns those of which something new was found out."""
        for key in changed:
            torrent = self._poll.facts(key)
            if torrent is not None and _in_doubt(torrent):
                self._ask_at.setdefault(key, self._clock.monotonic())
            else:
                self._ask_at.pop(key, None)
                self._answers.pop(key, None)
        news, self._news = self._news, set()
        return news

    def waits(self, torrent: TorrentFacts) -> bool:
        """Whether a download depends on trackers none of which is known to be in reach.

        One that is stopped asks none: when it is judged as before its quarantine, it is known to have reached one.
        """
        present = self._poll.facts(torrent.key)
        if not _in_doubt(torrent) or (present is not None and present.state in STOPPED):
            return False
        answer = self._answers.get(torrent.key)
        if answer is None:
            return self._poll.mirrors[torrent.instance].announces.of(torrent.infohash) != ()
        if answer.since is None:
            return False
        private = answer.private if torrent.private is None else torrent.private
        if private is not False:
            return True
        lasts = self._clock.monotonic() - answer.since
        return torrent.availability <= 0 and lasts < _LONGEST_WITHOUT_PEERS_SECONDS

    async def ask(self) -> None:
        """Ask for the trackers of some downloads in doubt."""
        now = self._clock.monotonic()
        for _, key in sorted((at, key) for key, at in self._ask_at.items() if at <= now)[:_ASKED_AT_ONCE]:
            await self._ask_of(key)

    async def _ask_of(self, key: TorrentKey) -> None:
        torrent = self._poll.facts(key)
        if torrent is None:
            self._ask_at.pop(key, None)
            return
        before = self.waits(torrent)
        try:
            rows = await self._clients[key.instance].trackers(key.infohash)
        except GoneError:
            self._ask_at.pop(key, None)
            return
        except ServiceError as error:
            self._ask_at[key] = self._clock.monotonic() + _RETRY_SECONDS
            _log.info("trackers were not read", instance=key.instance, infohash=key.infohash, error=str(error))
            return
        now, known = self._clock.monotonic(), self._answers.get(key)
        since = None
        if out_of_reach(rows):
            since = known.since if known is not None and known.since is not None else now
        self._answers[key] = _Answer(since, is_private(rows))
        self._ask_at[key] = now + _AGAIN_SECONDS
        is_new = await self._seeding.record(torrent, rows)
        if is_new or self.waits(torrent) != before:
            self._news.add(key)
            self._poll.wake.set()

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._ask_at.pop(key, None)
            self._answers.pop(key, None)
        self._news -= gone


def _in_doubt(torrent: TorrentFacts) -> bool:
    return torrent.state in INACTIVE and not torrent.tracker
