"""Which torrents are the worker's: those of its categories, and those of them that a user moved aside.

A torrent in FailedCategory or RecheckCategory is in no worker's category. It belongs to the worker that remembers it,
or whose Arr knows the download.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import ServiceError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.ownership import owner
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredTorrent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)


class Ownership:
    """The torrents of one worker and the category that each belongs to, over restarts."""

    def __init__(self, context: WorkerContext) -> None:
        self._config = context.config
        self._own = context.config.own_categories
        self._category = context.config.name
        self._arr = context.services.arr_client
        self._database = context.database
        self._known: dict[TorrentKey, StoredTorrent] = {}
        self._unsaved: set[TorrentKey] = set()
        self._aside = {context.config.settings.failed_category, context.config.settings.recheck_category}

    async def load(self) -> None:
        """Read back what an earlier process remembered."""
        stored = await torrents.read(self._database, self._category, StoredTorrent)
        self._known = {TorrentKey(t.instance, t.infohash): t for t in stored}

    def is_of_interest(self, category: str) -> bool:
        """Whether torrents of a category in qBittorrent may be the worker's."""
        return category in self._aside or self._is_own(category)

    def is_mine(self, torrent: TorrentFacts) -> bool:
        """Whether a torrent is known to be the worker's."""
        return self._is_own(torrent.category) or (torrent.category in self._aside and self._remembers(torrent))

    async def claim(self, torrent: TorrentFacts, *, queued: bool) -> bool:
        """Remember a torrent, and the category it is in, if it is the worker's; returns whether it is.

        One that was moved aside before it was remembered is, if the Arr has it `queued` or has grabbed it.
        """
        if self._is_own(torrent.category):
            known = self._known.get(torrent.key)
            if known is None or (known.qbit_category, known.added_at) != (torrent.category, torrent.added_at):
                self._remember(torrent, torrent.category)
            return True
        if self.is_mine(torrent):
            return True
        if torrent.category in self._aside and (queued or await self._was_grabbed(torrent)):
            self._remember(torrent, self._category)
            return True
        return False

    def category_of(self, key: TorrentKey) -> str:
        """The category that a torrent belongs to in qBittorrent."""
        known = self._known.get(key)
        return known.qbit_category if known else self._category

    async def save(self) -> None:
        """Write down what is new."""
        if not self._unsaved:
            return
        saving, self._unsaved = self._unsaved, set()  # what changes meanwhile is for the next time
        try:
            known = [self._known[key] for key in saving]
            await torrents.save(self._database, self._category, StoredTorrent, known)
        except BaseException:
            self._unsaved |= saving & self._known.keys()
            raise

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._known.pop(key, None)
        self._unsaved -= gone

    def _is_own(self, category: str) -> bool:
        return owner(category, self._config.categories, self._config.parents) in self._own

    async def _was_grabbed(self, torrent: TorrentFacts) -> bool:
        if self._arr is None:
            return False
        try:
            events = await self._arr.history(torrent.infohash.upper())
        except ServiceError as error:
            _log.warning("history was not read", torrent=torrent.name, error=str(error))
            return False
        return any(event.event_type == "grabbed" for event in events)

    def _remembers(self, torrent: TorrentFacts) -> bool:
        known = self._known.get(torrent.key)
        return known is not None and known.added_at == torrent.added_at

    def _remember(self, torrent: TorrentFacts, category: str) -> None:
        key = torrent.key
        self._known[key] = StoredTorrent(torrent.instance, torrent.infohash, torrent.added_at, category)
        self._unsaved.add(key)


def may_be_moved(config: WorkerConfig, category: str, tags: Iterable[str]) -> bool:
    """Whether a torrent may be stopped, started and moved in the queue: of a configured category, not protected."""
    configured = owner(category, config.categories, config.parents)
    if configured is None or configured in config.shadowed:
        return False
    return not config.protect_tags & frozenset(tags)


def may_be_released(config: WorkerConfig, category: str, tags: Iterable[str]) -> bool:
    """Whether what was paused by qbitrr may be started although its category is no longer configured."""
    configured = owner(category, config.categories, config.parents)
    return configured is None and not config.protect_tags & frozenset(tags)
