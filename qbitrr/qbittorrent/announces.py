"""Which announce URLs each torrent has, from `sync/maindata`, so that nobody has to ask torrent by torrent.

The answer lists the torrents of each URL, and in a delta the whole list of every URL whose torrents changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

if TYPE_CHECKING:
    from collections.abc import Collection

    from qbitrr.qbittorrent.models import MainData


class Announces:
    """The announce URLs of the torrents of one client that somebody keeps."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, ...]] = {}
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, infohash: str) -> tuple[str, ...] | None:
        """The announce URLs of a torrent; None when they are not known, as of one that came from another category."""
        return self._of.get(infohash)

    def learn(self, infohash: str, urls: tuple[str, ...]) -> None:
        """Take in what was asked for about one torrent."""
        self._of[infohash] = self._one(urls)

    def apply(self, data: MainData, kept: Collection[str], new: Collection[str]) -> set[str]:
        """Take in an answer; returns the torrents whose trackers changed.

        Only what is `kept` matters, and what is `new` to the client and may be kept soon.
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
            changed |= self._list(url, frozenset())
        for url, infohashes in (data.trackers or {}).items():
            changed |= self._list(url, frozenset(infohashes))
        return {infohash for infohash in changed if self._of[infohash] != before.get(infohash) and infohash in kept}

    def _list(self, url: str, infohashes: frozenset[str]) -> set[str]:
        """Take in all torrents of one URL; returns those for which that is new.

        A torrent of which nothing is known stays so: the other URLs that it may have are not told.
        """
        lost = {infohash for infohash, urls in self._of.items() if url in urls and infohash not in infohashes}
        for infohash in lost:
            self._of[infohash] = self._one(tuple(one for one in self._of[infohash] if one != url))
        won = {infohash for infohash in infohashes if infohash in self._of and url not in self._of[infohash]}
        for infohash in won:
            self._of[infohash] = self._one((*self._of[infohash], url))
        return lost | won

    def _one(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        """The same object for the same URLs, as thousands of torrents have them."""
        return self._shared.setdefault(urls, urls)
