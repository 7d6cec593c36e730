"""Lost-connection detector: several transfers of one client stalled within a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.states import DOWNLOADING, INACTIVE, UPLOADING

if TYPE_CHECKING:
    from collections.abc import Iterable

AT_ONCE_SECONDS = 60.0
ENDS_AFTER_SECONDS = 3600.0
"""A connection that is lost for longer is not what holds the downloads: they may have had one source."""
LEAST = 3
"""Fewer downloads that stall together prove nothing."""


class StallDetector:
    """Observer of the states of all torrents of one client; `stopped` until something flows again, or for an hour."""

    def __init__(self) -> None:
        self.stopped = False
        self._stopped_at = 0.0
        self._downloading: set[str] = set()
        self._uploading: set[str] = set()
        self._stalled_at: dict[str, float] = {}

    @property
    def nothing_flows(self) -> bool:
        """Whether no torrent is being transferred."""
        return not self._downloading and not self._uploading

    def observe(self, states: Iterable[tuple[str, str]], gone: Iterable[str], now: float) -> None:
        """Record the states in one answer as (infohash, state), and the torrents that are gone.

        `now` is in monotonic seconds. To be called for every answer, also one without changes.
        """
        for infohash, state in states:
            if state in INACTIVE and infohash in self._downloading:
                self._stalled_at[infohash] = now
            elif state not in INACTIVE:
                self._stalled_at.pop(infohash, None)
            _set_member(self._downloading, infohash, member=state == DOWNLOADING)
            _set_member(self._uploading, infohash, member=state == UPLOADING)
        for infohash in gone:
            self._downloading.discard(infohash)
            self._uploading.discard(infohash)
            self._stalled_at.pop(infohash, None)
        if self._downloading or self._uploading or not self._stalled_at:
            self.stopped = False
        elif self.stopped:
            if now >= self._stopped_at + ENDS_AFTER_SECONDS:
                self.stopped = False
                self._stalled_at.clear()
        else:
            together = sum(at > now - AT_ONCE_SECONDS for at in self._stalled_at.values())
            self.stopped, self._stopped_at = together >= LEAST, now


def _set_member(infohashes: set[str], infohash: str, *, member: bool) -> None:
    if member:
        infohashes.add(infohash)
    else:
        infohashes.discard(infohash)
