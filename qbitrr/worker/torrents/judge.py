"""The verdict on a torrent as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules import torrents
from qbitrr.worker.torrents.policy import Policies

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.verdict import Verdict
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.observer import Observer
    from qbitrr.worker.torrents.ownership import Ownership


class Judge:
    """Judges the torrents of one worker: for a pass, and again right before an action."""

    def __init__(self, context: WorkerContext, ownership: Ownership, observer: Observer) -> None:
        self._policies = Policies(context.config)
        self._clock = context.clock
        self._ownership = ownership
        self._observer = observer

    def judge(self, torrent: TorrentFacts) -> Verdict | None:
        """Judge a torrent; None when it is not the worker's."""
        if not self._ownership.is_mine(torrent):
            return None
        policy = self._policies.of(self._ownership.category_of(torrent.key))
        return torrents.judge(torrent, self._observer.context(torrent), policy, self._clock.wall())
