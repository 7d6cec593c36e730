"""Stops and tags of others on the torrents of a worker under Shadow, stored as they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.foreign_marks import Sight, new_tags, was_stopped
from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.state import foreign_acts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.worker.context import WorkerContext


class ForeignMarks:
    """What was seen of each torrent; what changed while no worker ran is not known to have changed.

    A first stop and each tag are stored once, as a program may stop and start, or tag, again and again.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._sights: dict[TorrentKey, Sight] = {}
        self._stopped: set[TorrentKey] = set()

    async def note(self, torrents: Iterable[TorrentFacts]) -> None:
        """Store what others did to torrents that changed."""
        now, acts = self._context.clock.wall(), []
        for torrent in torrents:
            sight = Sight.of(torrent)
            before = self._sights.get(torrent.key, sight)
            self._sights[torrent.key] = Sight(sight.state, before.tags | sight.tags)
            if was_stopped(before, sight) and torrent.key not in self._stopped:
                self._stopped.add(torrent.key)
                acts.append(ForeignAct(ForeignKind.PAUSING, torrent.name, now, torrent.infohash))
            acts += [ForeignAct(ForeignKind.TAGGING, tag, now, torrent.infohash) for tag in new_tags(before, sight)]
        await foreign_acts.record(self._context.database, self._context.config.name, acts)

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._sights.pop(key, None)
        self._stopped -= gone
