"""Searches under Shadow: what would be sent is recorded, at the pace of the budget, and counts as found for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.state import shadow_searches
from qbitrr.state.shadow_searches import ShadowSearch

if TYPE_CHECKING:
    from qbitrr.rules.search.plan import PlannedSearch
    from qbitrr.worker.context import WorkerContext

_AGAIN_SECONDS = 86400.0  # the shortest after which the plan searches what is missing again
_HOUR_SECONDS = 3600.0


class ShadowSearches:
    """Searches of one Arr that Shadow keeps from being sent. What the Arr is busy with is not asked for."""

    def __init__(self, context: WorkerContext, per_hour: int) -> None:
        self._database = context.database
        self._category = context.config.arr.category
        self._clock = context.clock
        self._per_hour = per_hour
        self._bucket: Bucket | None = None
        self._searched: dict[int, float] = {}  # items, by when they would have been searched

    async def note(self, planned: list[PlannedSearch]) -> set[int]:
        """Record the first search of a plan that may be paid for; returns the items of the last day."""
        now = Moment(self._clock.wall(), self._clock.monotonic())
        bucket = budget.filled(self._bucket or await self._load(now), self._per_hour, now)
        self._searched = {item: at for item, at in self._searched.items() if now.wall - at < _AGAIN_SECONDS}
        search = next((one for one in planned if self._searched.keys().isdisjoint(one.item_ids)), None)
        paid = None if search is None else budget.take(bucket, self._per_hour, search.cost)
        if search is not None and paid is not None:
            found = ShadowSearch(self._category, now.wall, search.title, search.why, search.item_ids)
            await shadow_searches.record(self._database, found)
            self._searched.update(dict.fromkeys(search.item_ids, now.wall))
        self._bucket = paid or bucket
        return set(self._searched)

    async def _load(self, now: Moment) -> Bucket:
        """Read what an earlier process recorded, and return what it left in the budget at most."""
        since = now.wall - _AGAIN_SECONDS
        recorded = await shadow_searches.between(self._database, since, now.wall, self._category)
        self._searched = {item: one.at for one in reversed(recorded) for item in one.items}
        lately = sum(one.at > now.wall - _HOUR_SECONDS for one in recorded)
        return Bucket(max(0, budget.capacity(self._per_hour) - lately), now)
