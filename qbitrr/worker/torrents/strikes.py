"""Timers of torrents in trouble: running or standing, kept over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from qbitrr import logs
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.strikes import NOT_SEEN, Course, Elapsed, StrikeKind, course
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredStrikes

if TYPE_CHECKING:
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.strikes import Observed
    from qbitrr.state.database import Database

_log = logs.get(__name__)
_LEAST_GAP_SECONDS = 60.0


def gap_seconds(loop_sleep_seconds: float) -> float:
    """Compute how far apart two polls of a client may be for the time between them to count."""
    return max(_LEAST_GAP_SECONDS, 2.0 * loop_sleep_seconds)


class _Timer(Struct, gc=False):
    """What was counted, and since when it runs: the moment and the poll at which it was started."""

    added_at: float
    mark: int
    seconds: float = 0.0
    observations: int = 0
    running_since: float | None = None
    running_since_poll: int = 0


class _Polls(NamedTuple):
    """How often a client was polled, and when last (monotonic)."""

    number: int
    at: float


class StrikeTimers:
    """All timers of one category. Times are monotonic seconds."""

    def __init__(self, policy: Policy, gap_seconds: float = _LEAST_GAP_SECONDS) -> None:
        self._policy = policy
        self._gap_seconds = gap_seconds
        self._timers: dict[tuple[TorrentKey, StrikeKind], _Timer] = {}
        self._polls: dict[str, _Polls] = {}
        self._standing: set[str] = set()
        self._unsaved: set[tuple[TorrentKey, StrikeKind]] = set()

    async def load(self, database: Database, category: str) -> None:
        """Read back what an earlier process counted; of a kind of another version nothing."""
        for stored in await torrents.read(database, category, StoredStrikes):
            try:
                kind = StrikeKind(stored.kind)
            except ValueError as error:
                _log.info("strike of another version was dropped", error=str(error))
                continue
            timer = _Timer(stored.added_at, stored.left_bytes, stored.seconds, stored.observations)
            self._timers[TorrentKey(stored.instance, stored.infohash), kind] = timer

    def polled(self, instance: str, now: float, *, standstill: bool) -> bool:
        """Note that a client answered; returns whether all its torrents have to be observed again.

        While it proves nothing about its torrents (`standstill`) their timers stand.
        """
        before = self._polls.get(instance, _Polls(0, now))
        gap = now - before.at > self._gap_seconds
        stands = instance in self._standing
        if (standstill and not stands) or gap:
            self._stop(instance)
        self._polls[instance] = _Polls(before.number + 1, now)
        if standstill:
            self._standing.add(instance)
        else:
            self._standing.discard(instance)
        return before.number == 0 or gap or stands != standstill

    def lost(self, instance: str) -> None:
        """Note that a client did not answer: its timers stand since the last poll."""
        self._stop(instance)
        self._standing.add(instance)

    def observe(self, observed: Observed, *, waits: bool = False) -> None:
        """Start, stop or reset the timers of a torrent that changed, or whose client answered again.

        None runs while the torrent `waits` for something that proves nothing about it.
        """
        for kind in StrikeKind:
            self._observe(kind, observed, waits=waits)

    def _observe(self, kind: StrikeKind, observed: Observed, *, waits: bool) -> None:
        torrent, key = observed.torrent, observed.torrent.key
        timer = self._timers.get((key, kind))
        if timer is not None and timer.added_at != torrent.added_at:
            self._drop(key, kind)
            timer = None
        runs = course(kind, observed, self._policy, timer.mark if timer else None)
        if runs is Course.RESET and timer is not None:
            self._drop(key, kind)
            timer = None
            runs = course(kind, observed, self._policy, None)
        if waits or runs is not Course.RUN or key[0] in self._standing:
            if timer is not None and key[0] not in self._standing:
                timer.running_since_poll += 1  # the last poll showed it without the trouble
            self._halt(key, kind, timer)
        elif timer is None or timer.running_since is None:
            polls = self._polls.get(key[0])
            if polls is not None:
                timer = timer or _Timer(torrent.added_at, torrent.left_bytes)
                timer.running_since, timer.running_since_poll = polls.at, polls.number - 1
                self._timers[key, kind] = timer

    def _drop(self, key: TorrentKey, kind: StrikeKind) -> None:
        del self._timers[key, kind]
        self._unsaved.add((key, kind))

    def elapsed(self, key: TorrentKey, kind: StrikeKind) -> Elapsed:
        """What a timer shows now."""
        timer = self._timers.get((key, kind))
        return NOT_SEEN if timer is None else self._shown(key[0], timer)

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there; the state file forgets them with everything else of theirs."""
        for slot in [slot for slot in self._timers if slot[0] in gone]:
            del self._timers[slot]
        self._unsaved = {slot for slot in self._unsaved if slot[0] not in gone}

    async def save(self, database: Database, category: str) -> None:
        """Write down all that ran or changed since the last time."""
        running = {slot for slot, timer in self._timers.items() if timer.running_since is not None}
        slots = running | self._unsaved
        if not slots:
            return
        self._unsaved = set()  # what changes meanwhile is for the next time
        kept = [self._stored(slot) for slot in slots if slot in self._timers]
        gone = [(*key, kind.value) for key, kind in slots if (key, kind) not in self._timers]
        try:
            await torrents.save(database, category, StoredStrikes, kept, gone)
        except BaseException:
            self._unsaved |= slots
            raise

    def _stored(self, slot: tuple[TorrentKey, StrikeKind]) -> StoredStrikes:
        (instance, infohash), kind = slot
        timer = self._timers[slot]
        shown = self._shown(instance, timer)
        return StoredStrikes(
            instance, infohash, kind.value, timer.added_at, shown.seconds, shown.observations, timer.mark
        )

    def _shown(self, instance: str, timer: _Timer) -> Elapsed:
        if timer.running_since is None:
            return Elapsed(timer.seconds, timer.observations)
        polls = self._polls[instance]
        return Elapsed(
            timer.seconds + max(0.0, polls.at - timer.running_since),
            timer.observations + polls.number - timer.running_since_poll,
        )

    def _stop(self, instance: str) -> None:
        for (key, kind), timer in self._timers.items():
            if key[0] == instance:
                self._halt(key, kind, timer)

    def _halt(self, key: TorrentKey, kind: StrikeKind, timer: _Timer | None) -> None:
        if timer is not None and timer.running_since is not None:
            shown = self._shown(key[0], timer)
            timer.seconds, timer.observations, timer.running_since = shown.seconds, shown.observations, None
            self._unsaved.add((key, kind))
