"""Mirror of the torrents of some categories, kept up to date by the deltas of `sync/maindata`.

Only torrents whose category is accepted are kept, so that the mirror costs what the category holds and not what the
client holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import UNSET

from qbitrr.qbittorrent.announces import Announces
from qbitrr.qbittorrent.compat import state_name
from qbitrr.qbittorrent.models import COUNTERS, MainData, Torrent, TorrentDelta, changed_fields
from qbitrr.qbittorrent.stall_detector import StallDetector
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.states import SEEDING, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qbitrr.qbittorrent.models import ServerState


class Changes(NamedTuple):
    """Changes by one answer, by infohash. Of `unknown` torrents the delta has too few fields to keep them.

    `counted` seed as before, and only their counters went on.
    """

    changed: set[str]
    removed: set[str]
    unknown: set[str]
    counted: set[str]


class Mirror:
    """Torrents of one qBittorrent in the categories that `accepts`; `rid` is the number of the last answer.

    `departed` are those that the last answer removed, as they were seen last, or are in another category.
    """

    def __init__(self, accepts: Callable[[str], bool]) -> None:
        self._accepts = accepts
        self.rid = 0
        self.torrents: dict[str, Torrent] = {}
        self.departed: dict[str, Torrent] = {}
        self._unreadable: set[str] = set()
        self.connection_status = ""
        self.stall_detector = StallDetector()
        self.queueing = False
        self.free_bytes: int | None = None
        self.speed = ClientSpeed()
        self.upload_rate: int | None = None
        self.announces = Announces()

    @property
    def connected(self) -> bool:
        """Whether the client reports a connection to the internet; unknown counts as none."""
        return self.connection_status not in ("", "disconnected")

    def apply(self, data: MainData, now: float = 0.0) -> Changes:
        """Apply one answer at `now` (monotonic seconds). Torrents that left the categories count as removed.

        One whose row was unreadable keeps its place with the state `unknown`, until its whole row was read again.
        """
        self._observe_states(data, now)
        if data.full_update:
            gone = self.torrents.keys() - data.torrents.keys() - data.unreadable
            self._unreadable.clear()
        else:
            gone = self.torrents.keys() & set(data.torrents_removed)
        changes = Changes(set(), set(gone), set(), set())
        for infohash, delta in data.torrents.items():
            self._apply_one(infohash, delta, changes, whole=data.full_update)
        self.departed = {infohash: self.torrents.pop(infohash) for infohash in changes.removed}
        self._unreadable &= self.torrents.keys()
        for infohash in data.unreadable & self.torrents.keys():
            self._unreadable.add(infohash)
            self.torrents[infohash] = msgspec.structs.replace(self.torrents[infohash], state=UNKNOWN)
            changes.changed.add(infohash)
        self.rid = data.rid
        self._apply_state(data.server_state, whole=data.full_update)
        new = [infohash for infohash in changes.unknown if data.torrents[infohash].added_on is not UNSET]
        changes.changed.update(self.announces.apply(data, self.torrents.keys(), new))
        return changes

    def _apply_state(self, state: ServerState, *, whole: bool) -> None:
        if state.connection_status is not UNSET:
            self.connection_status = state.connection_status
        if state.queueing is not UNSET:
            self.queueing = state.queueing
        self.speed = ClientSpeed(
            self.speed.alternative if state.use_alt_speed_limits is UNSET else state.use_alt_speed_limits,
            self.speed.limit if state.dl_rate_limit is UNSET else state.dl_rate_limit,
            self.speed.total if state.dl_info_speed is UNSET else state.dl_info_speed,
        )
        if state.up_info_speed is not UNSET:
            self.upload_rate = state.up_info_speed
        if state.free_space_on_disk is not UNSET:
            # -1 is a save path that is not there. A client that has just started reports 0 until it has checked.
            free = state.free_space_on_disk
            unchecked = free < 0 or (free == 0 and (whole or self.free_bytes is None))
            self.free_bytes = None if unchecked else free

    def add(self, rows: Iterable[tuple[str, Torrent]]) -> set[str]:
        """Add whole torrents, of which a delta had too few fields; returns those in the categories."""
        added = {infohash: _renamed(torrent) for infohash, torrent in rows if self._accepts(torrent.category)}
        self.torrents |= added
        self._unreadable -= added.keys()
        return set(added)

    def reset(self) -> None:
        """Have the next answer replace everything, as after a lost session; what is known stays until then."""
        self.rid = 0

    def _observe_states(self, data: MainData, now: float) -> None:
        if data.full_update:
            self.stall_detector = StallDetector()
        states = ((infohash, delta.state) for infohash, delta in data.torrents.items() if delta.state is not UNSET)
        self.stall_detector.observe(states, data.torrents_removed, now)

    def _apply_one(self, infohash: str, delta: TorrentDelta, changes: Changes, *, whole: bool) -> None:
        present = self.torrents.get(infohash)
        if infohash in self._unreadable and not whole:
            changes.unknown.add(infohash)
            return
        if present is None and not whole:
            # A new torrent has all fields; an old one that changed its category only that one.
            if self._accepts("" if delta.category is UNSET else delta.category):
                changes.unknown.add(infohash)
            return
        fields = changed_fields(delta)
        before = Torrent() if whole or present is None else present
        after = _renamed(msgspec.structs.replace(before, **fields))
        if not self._accepts(after.category):
            if present is not None:
                self.torrents[infohash] = after
                changes.removed.add(infohash)
        elif after != present:
            self.torrents[infohash] = after
            seeds_on = present is not None and present.state in SEEDING and fields.keys() <= COUNTERS
            (changes.counted if seeds_on and not whole else changes.changed).add(infohash)


def _renamed(torrent: Torrent) -> Torrent:
    name = state_name(torrent.state)
    return torrent if name == torrent.state else msgspec.structs.replace(torrent, state=name)
