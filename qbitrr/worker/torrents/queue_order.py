"""The order of one qBittorrent's download queue, after each pass over its torrents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import RefusedError
from qbitrr.rules import queue_order, trackers
from qbitrr.rules.ownership import owner
from qbitrr.rules.queue_order import QueuePosition
from qbitrr.worker.torrents.actions import reorder
from qbitrr.worker.torrents.ownership import may_be_moved

if TYPE_CHECKING:
    from qbitrr.qbittorrent.mirror import Mirror
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

_SORT_SECONDS = 10.0


class QueueOrder:
    """Keeps the queue of one qBittorrent in the order of the trackers' priorities."""

    def __init__(self, context: ActionContext, mirror: Mirror) -> None:
        config = context.config
        self._config = config
        self._mirror = mirror
        self._context = context
        shared, own = config.shared_rows, config.qbit.trackers
        self._rows = {None: trackers.merged(shared, own)} | {
            category: trackers.merged(shared, own, rows) for category, rows in config.arr_rows.items()
        }
        self._sorts = any(row.sort_torrents for rows in self._rows.values() for row in rows)
        self._last: list[list[str]] = []
        self._moved_at = float("-inf")

    async def one_pass(self) -> None:
        """Move what is out of order. Raises a ServiceError."""
        if not self._sorts or not self._mirror.queueing or self._config.settings.shadow:
            return
        places = self._places()
        if places is None:
            return
        groups = queue_order.to_the_top(places)
        now = self._context.clock.monotonic()
        if not groups or (groups == self._last and now < self._moved_at + _SORT_SECONDS):
            return  # it takes a moment until the deltas tell of a move
        self._last, self._moved_at = groups, now
        first = self._mirror.torrents[groups[-1][0]]
        try:
            await reorder.move(self._context, self._config.qbit.section, groups, first)
        except RefusedError as error:  # queueing was switched off just now
            _log.info("queue was not sorted", because=str(error))

    def _places(self) -> list[QueuePosition] | None:
        """All torrents of ours in the queue; None when it is not known which trackers one has."""
        places = []
        for infohash, torrent in self._mirror.torrents.items():
            if torrent.priority <= 0 or not may_be_moved(self._config, torrent.category, torrent.tags.split(", ")):
                continue
            announces = self._mirror.announces.of(infohash)
            if announces is None:
                return None
            home = owner(torrent.category, self._config.categories, self._config.parents)
            rows = trackers.matching(self._rows.get(home, self._rows[None]), announces)
            places.append(QueuePosition(infohash, torrent.priority, trackers.queue_priority(rows)))
        return places
