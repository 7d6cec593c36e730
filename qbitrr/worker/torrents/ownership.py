"""Which torrents belong to the worker: those of its category, and those of them that a person put aside.

A torrent in FailedCategory or RecheckCategory is in nobody's category. It belongs to the worker that remembers it, or
whose Arr knows the download.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.ownership import owner
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredTorrent

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig


class Ownership:
    """What is remembered of the torrents of one category."""

    def __init__(self, config: WorkerConfig, database: Database) -> None:
        self._config = config
        self._category = config.name
        self._database = database
        self._known: dict[TorrentKey, StoredTorrent] = {}
        self._unsaved: set[TorrentKey] = set()
        self._aside = {config.settings.failed_category, config.settings.recheck_category}

    async def begin(self) -> None:
        """Read back what an earlier process remembered."""
        stored = await torrents.of_category(self._database, self._category)
        self._known = {TorrentKey(t.instance, t.infohash): t for t in stored}

    def of_interest(self, category: str) -> bool:
        """Whether torrents of a category in qBittorrent may be the worker's."""
        return category in self._aside or self._is_own(category)

    def is_mine(self, torrent: TorrentFacts) -> bool:
        """Whether a torrent is the worker's."""
        return self._is_own(torrent.category) or (torrent.category in self._aside and self._remembers(torrent))

    def strays(self, present: Iterable[TorrentFacts]) -> list[TorrentFacts]:
        """Torrents that were put aside and that this worker does not remember."""
        return [torrent for torrent in present if torrent.category in self._aside and not self._remembers(torrent)]

    def adopt(self, torrent: TorrentFacts) -> None:
        """Remember a torrent that was put aside, because the Arr knows it."""
        self._remember(torrent, self._category)

    def see(self, torrent: TorrentFacts) -> None:
        """Remember a torrent in the category it is in."""
        known = self._known.get(torrent.key)
        is_known = known is not None and (known.home, known.added_at) == (torrent.category, torrent.added_at)
        if not is_known and self._is_own(torrent.category):
            self._remember(torrent, torrent.category)

    def home(self, key: TorrentKey) -> str:
        """The category that a torrent belongs to in qBittorrent."""
        known = self._known.get(key)
        return known.home if known else self._category

    def files_seen(self, torrent: TorrentFacts) -> str:
        """By which file rules a torrent's files were looked at; empty when nobody looked."""
        return self._known[torrent.key].files_seen if self._remembers(torrent) else ""

    def saw_files(self, key: TorrentKey, by: str) -> None:
        """Remember that a torrent's files were looked at and nothing is left to be done about them."""
        known = self._known.get(key)
        if known is not None and known.files_seen != by:
            self._known[key] = replace(known, files_seen=by)
            self._unsaved.add(key)

    async def save(self) -> None:
        """Write down what is new."""
        if not self._unsaved:
            return
        saving, self._unsaved = self._unsaved, set()  # what changes meanwhile is for the next time
        try:
            await torrents.remember(self._database, self._category, [self._known[key] for key in saving])
        except BaseException:
            self._unsaved |= saving & self._known.keys()
            raise

    async def forget(self, gone: set[TorrentKey]) -> None:
        """Torrents that are no longer there."""
        await torrents.forget(self._database, self._category, gone)
        for key in gone:
            self._known.pop(key, None)
        self._unsaved -= gone

    def known(self) -> Container[TorrentKey]:
        """All that are remembered."""
        return self._known.keys()

    def _is_own(self, category: str) -> bool:
        return owner(category, self._config.categories, self._config.parents) in self._config.own_categories

    def _remembers(self, torrent: TorrentFacts) -> bool:
        known = self._known.get(torrent.key)
        return known is not None and known.added_at == torrent.added_at

    def _remember(self, torrent: TorrentFacts, home: str) -> None:
        key = torrent.key
        self._known[key] = StoredTorrent(torrent.instance, torrent.infohash, torrent.added_at, home)
        self._unsaved.add(key)
