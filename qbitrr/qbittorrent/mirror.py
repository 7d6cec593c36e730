"""A copy of the torrents of some categories, kept up to date by the deltas of `sync/maindata`.

Only torrents that `wanted` accepts by category are kept, so the copy costs what the category holds and not what
the client holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import UNSET

from qbitrr.qbittorrent.announces import Announces
from qbitrr.qbittorrent.compat import state_name
from qbitrr.qbittorrent.models import MainData, Torrent, changed_fields
from qbitrr.qbittorrent.stall_detector import StallDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qbitrr.qbittorrent.models import ServerState


class Changes(NamedTuple):
    """What one answer changed, by infohash. Of `unknown` torrents a delta told too little to keep them."""

    changed: set[str]
    removed: set[str]
    unknown: set[str]


class Mirror:
    """The torrents of one qBittorrent that belong to somebody; `rid` is the number of the last answer."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self.rid = 0
        self.torrents: dict[str, Torrent] = {}
        self.connection_status = ""
        self.pulse = StallDetector()
        self.queueing = False
        self.free_bytes: int | None = None
        self.announces = Announces()

    @property
    def connected(self) -> bool:
        """Whether the client says it has a connection to the internet; unknown counts as none."""
        return self.connection_status not in ("", "disconnected")

    def apply(self, data: MainData, now: float = 0.0) -> Changes:
        """Take in one answer at `now` (monotonic). Torrents that left the wanted categories count as removed."""
        self._feel_pulse(data, now)
        if data.full_update:
            gone = self.torrents.keys() - data.torrents.keys()
        else:
            gone = self.torrents.keys() & set(data.torrents_removed)
        changes = Changes(set(), set(gone), set())
        for infohash, delta in data.torrents.items():
            self._apply_one(infohash, delta, changes, whole=data.full_update)
        for infohash in changes.removed:
            del self.torrents[infohash]
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
        if state.free_space_on_disk is not UNSET:
            # A client that has just started says 0 until it has looked, which must not pass for a full disk.
            not_looked_yet = state.free_space_on_disk <= 0 and (whole or self.free_bytes is None)
            self.free_bytes = None if not_looked_yet else max(0, state.free_space_on_disk)

    def add(self, rows: Iterable[tuple[str, Torrent]]) -> set[str]:
        """Take in whole torrents that a delta could not tell about; returns those that belong here."""
        added = {infohash: _renamed(torrent) for infohash, torrent in rows if self._wanted(torrent.category)}
        self.torrents |= added
        return set(added)

    def forget(self) -> None:
        """Ask for everything next time, as after a lost session; what is known stays until then."""
        self.rid = 0

    def _feel_pulse(self, data: MainData, now: float) -> None:
        if data.full_update:
            self.pulse = StallDetector()
        told = ((infohash, delta.state) for infohash, delta in data.torrents.items() if delta.state is not UNSET)
        self.pulse.feel(told, data.torrents_removed, now)

    def _apply_one(self, infohash: str, delta: object, changes: Changes, *, whole: bool) -> None:
        fields = changed_fields(delta)
        present = self.torrents.get(infohash)
        if present is None and not whole:
            # A new torrent arrives with all fields; an old one that changed category with that field only.
            if self._wanted(fields.get("category", "")):
                changes.unknown.add(infohash)
            return
        before = Torrent() if whole or present is None else present
        after = _renamed(msgspec.structs.replace(before, **fields))
        if not self._wanted(after.category):
            if present is not None:
                changes.removed.add(infohash)
        elif after != present:
            self.torrents[infohash] = after
            changes.changed.add(infohash)


def _renamed(torrent: Torrent) -> Torrent:
    name = state_name(torrent.state)
    return torrent if name == torrent.state else msgspec.structs.replace(torrent, state=name)
