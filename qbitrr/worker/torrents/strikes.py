"""The clocks of the category's torrents in trouble: running, standing, kept in the state file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.strikes import NOT_SEEN, Course, Elapsed, StrikeKind, course
from qbitrr.state import clocks

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.state.database import Database

_BLIND_SECONDS = 60.0
"""Between two looks at a client that are further apart nobody knows what went on."""


class _Clock(Struct, gc=False):
    """What has been counted, and since when it runs: the moment and the look at which it was started."""

    added_at: float
    mark: int
    seconds: float = 0.0
    observations: int = 0
    running_since: float | None = None
    running_since_look: int = 0


class _Looks(NamedTuple):
    """How often a client was looked at, and when at last (monotonic)."""

    number: int
    at: float


class StrikeTimers:
    """All clocks of one category. Times are monotonic seconds."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._clocks: dict[tuple[TorrentKey, StrikeKind], _Clock] = {}
        self._looks: dict[str, _Looks] = {}
        self._standing: set[str] = set()
        self._unsaved: set[tuple[TorrentKey, StrikeKind]] = set()

    async def load(self, database: Database, category: str) -> None:
        """Read back what an earlier process counted."""
        for stored in await clocks.of_category(database, category):
            clock = _Clock(stored.added_at, stored.mark, stored.seconds, stored.observations)
            self._clocks[TorrentKey(stored.instance, stored.infohash), StrikeKind(stored.trouble)] = clock

    def look(self, instance: str, now: float, *, standstill: bool) -> bool:
        """Note that a client was looked at; returns whether its torrents have to be observed anew.

        While nothing can be said of its torrents (`standstill`) their clocks stand.
        """
        before = self._looks.get(instance, _Looks(0, now))
        blind = now - before.at > _BLIND_SECONDS
        stands = instance in self._standing
        if (standstill and not stands) or blind:
            self._stop(instance)
        self._looks[instance] = _Looks(before.number + 1, now)
        if standstill:
            self._standing.add(instance)
        else:
            self._standing.discard(instance)
        return before.number == 0 or blind or stands != standstill

    def lose(self, instance: str) -> None:
        """A client did not answer: its clocks stand since the last look."""
        self._stop(instance)
        self._standing.add(instance)

    def observe(self, torrent: TorrentFacts) -> None:
        """Start, stop or reset the clocks of a torrent that changed, or whose client was just looked at again."""
        key = torrent.key
        for trouble in StrikeKind:
            self._observe(key, trouble, torrent)

    def _observe(self, key: TorrentKey, trouble: StrikeKind, torrent: TorrentFacts) -> None:
        clock = self._clocks.get((key, trouble))
        if clock is not None and clock.added_at != torrent.added_at:
            self._drop(key, trouble)
            clock = None
        runs = course(trouble, torrent, self._policy, clock.mark if clock else None)
        if runs is Course.RESET and clock is not None:
            self._drop(key, trouble)
            clock = None
            runs = course(trouble, torrent, self._policy, None)
        if runs is not Course.RUN or key[0] in self._standing:
            if clock is not None and key[0] not in self._standing:
                clock.running_since_look += 1  # the last look saw it without the trouble
            self._halt(key, trouble, clock)
        elif clock is None or clock.running_since is None:
            looks = self._looks.get(key[0])
            if looks is not None:
                clock = clock or _Clock(torrent.added_at, torrent.left_bytes)
                clock.running_since, clock.running_since_look = looks.at, looks.number - 1
                self._clocks[key, trouble] = clock

    def _drop(self, key: TorrentKey, trouble: StrikeKind) -> None:
        del self._clocks[key, trouble]
        self._unsaved.add((key, trouble))

    def seen(self, key: TorrentKey, trouble: StrikeKind) -> Elapsed:
        """What a clock shows now."""
        clock = self._clocks.get((key, trouble))
        return NOT_SEEN if clock is None else self._shown(key[0], clock)

    def forget(self, gone: set[TorrentKey]) -> None:
        """Torrents that are no longer there; the state file forgets them with everything else of theirs."""
        for place in [place for place in self._clocks if place[0] in gone]:
            del self._clocks[place]
        self._unsaved = {place for place in self._unsaved if place[0] not in gone}

    async def save(self, database: Database, category: str) -> None:
        """Write down all that ran or changed since the last time."""
        running = {place for place, clock in self._clocks.items() if clock.running_since is not None}
        places = running | self._unsaved
        if not places:
            return
        self._unsaved = set()  # what changes meanwhile is for the next time
        kept = [self._stored(place) for place in places if place in self._clocks]
        gone = [(*key, trouble.value) for key, trouble in places if (key, trouble) not in self._clocks]
        try:
            await clocks.save(database, category, kept, gone)
        except BaseException:
            self._unsaved |= places
            raise

    def _stored(self, place: tuple[TorrentKey, StrikeKind]) -> clocks.StoredStrikes:
        (instance, infohash), trouble = place
        clock = self._clocks[place]
        shown = self._shown(instance, clock)
        return clocks.StoredStrikes(
            instance, infohash, trouble.value, clock.added_at, shown.seconds, shown.observations, clock.mark
        )

    def _shown(self, instance: str, clock: _Clock) -> Elapsed:
        if clock.running_since is None:
            return Elapsed(clock.seconds, clock.observations)
        looks = self._looks[instance]
        return Elapsed(
            clock.seconds + max(0.0, looks.at - clock.running_since),
            clock.observations + looks.number - clock.running_since_look,
        )

    def _stop(self, instance: str) -> None:
        for (key, trouble), clock in self._clocks.items():
            if key[0] == instance:
                self._halt(key, trouble, clock)

    def _halt(self, key: TorrentKey, trouble: StrikeKind, clock: _Clock | None) -> None:
        if clock is not None and clock.running_since is not None:
            shown = self._shown(key[0], clock)
            clock.seconds, clock.observations, clock.running_since = shown.seconds, shown.observations, None
            self._unsaved.add((key, trouble))
