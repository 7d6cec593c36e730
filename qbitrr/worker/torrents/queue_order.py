"""Order of one qBittorrent's download queue by priority (`SortTorrents`), after each pass."""

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
    """Keeps the queue of one qBittorrent in the order of its trackers' priorities."""

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
        if not self._sorts or not self._mirror.queueing or self._config.read_only:
            return
        positions = self._positions()
        if positions is None:
            return
        groups = queue_order.to_the_top(positions)
        now = self._context.clock.monotonic()
        if not groups or (groups == self._last and now < self._moved_at + _SORT_SECONDS):
            return  # a move shows in the deltas a moment later
        self._last, self._moved_at = groups, now
        try:
            await reorder.move(self._context, self._config.qbit.section, groups, self._mirror.torrents)
        except RefusedError as error:  # queueing was switched off just now
            _log.info("queue was not sorted", because=str(error))

    def _positions(self) -> list[QueuePosition] | None:
        """Queue positions of the torrents that may be moved; None when the trackers of one are not known."""
        positions = []
        for infohash, torrent in self._mirror.torrents.items():
            if torrent.priority <= 0 or not may_be_moved(self._config, torrent.category, torrent.tags.split(", ")):
                continue
            announces = self._mirror.announces.of(infohash)
            if announces is None:
                return None
            category = owner(torrent.category, self._config.categories, self._config.parents)
            rows = trackers.matching(self._rows.get(category, self._rows[None]), announces)
            positions.append(QueuePosition(infohash, torrent.priority, trackers.queue_priority(rows)))
        return positions
