"""Answers of the user about single downloads that the Arr does not import."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qbitrr.rules.stuck_imports import ImportAnswer, ImportChoice
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredImportAnswer

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.worker.context import WorkerContext


class ImportAnswers:
    """The answers about the torrents of one category."""

    def __init__(self, context: WorkerContext) -> None:
        self._database = context.database
        self._category = context.config.name
        self._clock = context.clock
        self._of: dict[TorrentKey, tuple[float, ImportAnswer]] = {}

    async def load(self) -> None:
        """Read the answers that were given so far; a choice of another version is none."""
        self._of = {}
        for one in await torrents.read(self._database, self._category, StoredImportAnswer):
            with suppress(ValueError):
                self._of[one.key] = one.added_at, ImportAnswer(ImportChoice(one.choice), one.words)

    def of(self, torrent: TorrentFacts) -> ImportAnswer | None:
        """The answer about a torrent, not about an earlier one with the same key."""
        if not self._of:
            return None
        added_at, answer = self._of.get(torrent.key, (0.0, None))
        return answer if added_at == torrent.added_at else None

    async def remember(self, torrent: TorrentFacts, answer: ImportAnswer) -> None:
        """Store an answer in place of an earlier one."""
        row = StoredImportAnswer(*torrent.key, torrent.added_at, str(answer.choice), answer.words, self._clock.wall())
        await torrents.save(self._database, self._category, StoredImportAnswer, [row])
        self._of[torrent.key] = torrent.added_at, answer

    async def drop(self, key: TorrentKey) -> None:
        """Drop an answer, so that it is asked again."""
        if self._of.pop(key, None) is not None:
            await torrents.save(self._database, self._category, StoredImportAnswer, [], [key])

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._of.pop(key, None)
