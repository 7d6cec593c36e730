"""Announce URLs of each torrent, from `sync/maindata`, which saves a request per torrent.

The answer lists the torrents of each URL; a delta has the whole list of every URL whose torrents changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

if TYPE_CHECKING:
    from collections.abc import Collection

    from qbitrr.qbittorrent.models import MainData


_MOST_UNUSED = 200
"""Combinations of URLs that are remembered although no torrent has them any more."""


class Announces:
    """Announce URLs of those torrents of one client that a mirror keeps."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, ...]] = {}
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, infohash: str) -> tuple[str, ...] | None:
        """Return the URLs of a torrent; None while they are not known, as of one that came from another category."""
        return self._of.get(infohash)

    def record(self, infohash: str, urls: tuple[str, ...]) -> None:
        """Record the URLs of one torrent, which were asked for."""
        self._of[infohash] = self._interned(urls)

    def apply(self, data: MainData, kept: Collection[str], new: Collection[str]) -> set[str]:
        """Apply an answer; returns the torrents whose trackers changed.

        Only torrents that are `kept` matter, and those `new` to the client, which may be kept soon.
        """
        before = dict(self._of) if data.trackers or data.trackers_removed or data.full_update else self._of
        if data.full_update:
            self._of = dict.fromkeys(kept, ()) if data.trackers is not UNSET else {}
        for infohash in [*data.torrents_removed, *(self._of.keys() - kept if len(self._of) > len(kept) else ())]:
            self._of.pop(infohash, None)
        for infohash in new:
            self._of.setdefault(infohash, ())
        changed: set[str] = set()
        for url in data.trackers_removed:
            changed |= self._record_url(url, frozenset())
        for url, infohashes in (data.trackers or {}).items():
            changed |= self._record_url(url, frozenset(infohashes))
        if len(self._shared) > len(self._of) + _MOST_UNUSED:
            self._shared = {urls: urls for urls in self._of.values()}
        return {infohash for infohash in changed if self._of[infohash] != before.get(infohash) and infohash in kept}

    def _record_url(self, url: str, infohashes: frozenset[str]) -> set[str]:
        """Record all torrents of one URL; returns those for which that is new.

        A torrent without known URLs stays so: the answer does not list its other URLs.
        """
        lost = {infohash for infohash, urls in self._of.items() if url in urls and infohash not in infohashes}
        for infohash in lost:
            self._of[infohash] = self._interned(tuple(one for one in self._of[infohash] if one != url))
        gained = {infohash for infohash in infohashes if infohash in self._of and url not in self._of[infohash]}
        for infohash in gained:
            self._of[infohash] = self._interned((*self._of[infohash], url))
        return lost | gained

    def _interned(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        """Return the same object for the same URLs, which thousands of torrents share."""
        return self._shared.setdefault(urls, urls)
