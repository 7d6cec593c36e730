"""The work for one qBittorrent section: its managed categories, then its disks and its queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ServiceError
from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.worker.torrents.free_space import FreeSpaceGuard, QueueOrder
from qbitrr.worker.torrents.loop import TorrentLoop

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services


class QbitWatch(TorrentLoop):
    """Watches the torrents of the managed categories, and what all torrents of the qBittorrent take up."""

    def __init__(
        self, config: WorkerConfig, services: Services, database: Database, report: Report, clock: Clock
    ) -> None:
        self._section = config.section
        self._all = Mirror(lambda _category: True)
        super().__init__(config, services, database, report, clock, {self._section: self._all})
        self._guard = FreeSpaceGuard(config, self._all, self.context)
        self._order = QueueOrder(config, self._all, self.context)

    async def one_pass(self) -> None:
        """Look, judge, act; then see to the disks and the queue, if the client has answered."""
        await super().one_pass()
        if not self.answers(self._section):
            return
        with self._report.operation("space", "health"):
            try:
                await self._guard.one_pass()
                await self._order.one_pass()
            except ServiceError as error:
                self._report.waits("space", self._section, str(error), held=False)
            else:
                self._report.goes_on("space", self._section)
