"""Answers of the user: for good whether a rule may act on the torrents of a tracker, and about single imports."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from qbitrr.rules.trackers import host_of
from qbitrr.state import answers
from qbitrr.state.answers import StoredAnswer
from qbitrr.worker.torrents.import_answers import ImportAnswers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.context import WorkerContext

_NONE: Mapping[str, bool] = MappingProxyType({})


class RememberedAnswers:
    """The answers about one category. A tracker is identified by its host."""

    def __init__(self, context: WorkerContext) -> None:
        self.imports = ImportAnswers(context)
        self._database = context.database
        self._category = context.config.name
        self._clock = context.clock
        self._of: dict[str, dict[str, bool]] = {}

    async def load(self) -> None:
        """Read the answers that were given so far."""
        await self.imports.load()
        await self._load()

    async def _load(self) -> None:
        self._of = {}
        for one in await answers.read(self._database, self._category):
            self._of.setdefault(one.tracker, {})[one.rule] = one.act

    def of(self, torrent: TorrentFacts) -> Mapping[str, bool]:
        """Whether each rule may act on a torrent, by the tracker that works at present; without those not answered."""
        return self.about(host_of(torrent.tracker)) if self._of else _NONE

    def about(self, tracker: str) -> Mapping[str, bool]:
        """Whether each rule may act on what has a tracker, by its host."""
        return self._of.get(tracker, _NONE)

    async def remember(self, rule: str, tracker: str, *, act: bool) -> None:
        """Store an answer, which counts from now on."""
        await answers.store(self._database, StoredAnswer(self._category, rule, tracker, act, self._clock.wall()))
        await self._load()

    async def forget(self, rule: str, tracker: str) -> None:
        """Drop an answer, so that the rule asks again."""
        await answers.forget(self._database, self._category, rule, tracker)
        await self._load()
