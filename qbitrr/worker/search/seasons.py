"""Outcomes of the searches for whole seasons, as Sonarr's command, history, queue and health prove them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.arr import facts
from qbitrr.errors import RefusedError, UnexpectedAnswerError
from qbitrr.rules.search.indexers import failed_lately
from qbitrr.rules.search.seasons import SearchEvidence, SeasonStage, found_nothing, stage
from qbitrr.state import searches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.arr.models import Command
    from qbitrr.rules.search.plan import PlannedSearch
    from qbitrr.state.searches import PendingSeason
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)


class SeasonSearches:
    """The searches for whole seasons of one Sonarr. What is not known yet outlasts the process."""

    def __init__(self, context: WorkerContext) -> None:
        entry = context.config.arr.entry_search
        self._category = context.config.arr.category
        self._client = context.services.arr
        self._database = context.database
        self._clock = context.clock
        self._rest_seconds = entry.season_search_rest_seconds if entry.search_by_series == "smart" else 0
        self._pending: list[PendingSeason] | None = None

    async def pending(self) -> bool:
        """Whether there is a search whose outcome is not known."""
        if self._pending is None:
            await searches.drop_gone_seasons(self._database, self._category)
            self._pending = await searches.pending_seasons(self._database, self._category)
        return bool(self._pending)

    async def expect(self, command: Command, search: PlannedSearch) -> None:
        """Note a search for a season or a series that was sent. Without its time in the Arr nothing can be proven."""
        if command.queued is None or not self._rest_seconds:
            return
        await searches.expect_seasons(self._database, self._category, search.item_ids, command.id, command.queued)
        self._pending = None

    async def check(self, commands: Sequence[Command]) -> bool:
        """Find out what became of those that ended; returns whether one was in vain. Raises a ServiceError.

        `commands` are those that the Arr lists; others are asked for by their ids.
        """
        if not await self.pending():
            return False
        listed = {command.id: command for command in commands}
        in_vain = False
        for number, some in groupby(sorted(self._pending or ()), key=lambda one: one.command):
            seasons = list(some)
            command = listed.get(number) or await self._client.unlisted_command(number)
            if command is not None and not command.ended:
                continue
            proven = command is not None and await self._is_in_vain(command, seasons)
            empty_at = self._clock.wall() if proven else None
            for one in seasons:
                await searches.settle_season(self._database, self._category, one, empty_at)
                if proven:
                    _log.info("season was searched in vain", series=one.series_id, season=one.season)
            in_vain |= proven
            self._pending = None
        return in_vain

    async def stages(self, series_id: int) -> dict[int, SeasonStage]:
        """Return the stages of the seasons of a series; others are in the normal one."""
        if not self._rest_seconds:
            return {}
        found, now = await searches.empty_since(self._database, self._category, series_id), self._clock.wall()
        return {season: stage(empty_at, self._rest_seconds, now) for season, empty_at in found.items()}

    async def _is_in_vain(self, command: Command, seasons: Sequence[PendingSeason]) -> bool:
        """Whether it is proven that an ended search found nothing; the Arr may use the id for another one by now."""
        series_id = seasons[0].series_id
        if command.body is None or command.body.series_id != series_id or not command.succeeded:
            return False
        try:
            events = await self._client.history_since(seasons[0].queued)
            queue = await self._client.queue()
            health = facts.health_issues(await self._client.health())
        except (RefusedError, UnexpectedAnswerError) as error:
            _log.warning("outcome of a season search cannot be read", series=series_id, error=str(error))
            return False
        series = await searches.of_series(self._database, self._category, series_id)
        numbers = {one.season for one in seasons}
        ids = {row[0] for row in series.episodes if row[2] in numbers}
        return found_nothing(
            SearchEvidence(
                completed=command.succeeded,
                failed_indexers=failed_lately(health),
                grabbed=any(event.series_id == series_id for event in facts.grabs(events)),
                queued=any(record.episode_id in ids for record in queue),
            )
        )
