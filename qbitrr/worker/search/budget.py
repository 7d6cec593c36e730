"""Sending searches, and the budgets that pay for them: of this Arr, and the shared one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ServiceError, UnreachableError
from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.state import searches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qbitrr.arr.models import Command
    from qbitrr.rules.search.again import SearchAgain
    from qbitrr.state.database import Transaction
    from qbitrr.worker.context import WorkerContext

_SHARED = ""  # name of the budget that all Arrs share


class SearchBudget:
    """The budgets of this Arr: its own and the shared one."""

    def __init__(self, context: WorkerContext) -> None:
        config = context.config
        self._category = config.arr.category
        self._kind = config.arr.kind
        self._rates = {
            _SHARED: config.settings.searches_per_hour,
            config.arr.category: config.arr.entry_search.searches_per_hour,
        }
        self._database = context.database
        self._clock = context.clock

    @property
    def per_hour(self) -> int:
        """Most searches of this Arr within an hour."""
        return min(self._rates.values())

    async def seconds_until(self, cost: int) -> float:
        """Return the seconds until a search of this cost may be sent; 0 when it may be sent now."""
        async with self._database.transaction() as transaction:
            buckets = await self._buckets(transaction)
        return max(budget.seconds_until(bucket, self._rates[name], cost) for name, bucket in buckets.items())

    async def spend(self, ids: Sequence[int], cost: int) -> bool:
        """Pay for a search and record it; False, and neither is done, when it has to wait.

        After a crash it may be recorded without having been sent, but is never sent twice.
        """
        async with self._database.transaction() as transaction:
            buckets = await self._buckets(transaction)
            after = {name: budget.take(bucket, self._rates[name], cost) for name, bucket in buckets.items()}
            paid = {name: bucket for name, bucket in after.items() if bucket is not None}
            if len(paid) < len(after):
                return False
            await self._record(transaction, paid, ids)
        return True

    async def charge(self, ids: Sequence[int]) -> None:
        """Pay for a search that cannot wait, if necessary with a debt, and record it."""
        async with self._database.transaction() as transaction:
            buckets = await self._buckets(transaction)
            paid = {name: budget.charge(bucket, len(ids)) for name, bucket in buckets.items()}
            await self._record(transaction, paid, ids)

    async def _buckets(self, transaction: Transaction) -> dict[str, Bucket]:
        now = Moment(self._clock.wall(), self._clock.monotonic())
        found = {}
        for name, rate in self._rates.items():
            stored = await searches.budget(transaction, name)
            if stored is None:
                found[name] = budget.full(rate, now)
            else:
                left = Bucket(stored.tokens, Moment(stored.wall, stored.monotonic))
                found[name] = bucket = budget.filled(left, rate, now)
                if budget.went_back(left.at, now):  # else time would not count until it has caught up
                    await searches.store_budget(transaction, name, bucket.tokens, now.wall, now.monotonic)
        return found

    async def _record(self, transaction: Transaction, paid: dict[str, Bucket], ids: Sequence[int]) -> None:
        for name, bucket in paid.items():
            await searches.store_budget(transaction, name, bucket.tokens, bucket.at.wall, bucket.at.monotonic)
        await searches.record(transaction, self._category, self._kind, ids, self._clock.wall())


class SearchSender:
    """Sends searches that the budget allows, and reports them."""

    def __init__(self, context: WorkerContext) -> None:
        self._category = context.config.arr.category
        self._budget = SearchBudget(context)
        self._arr = context.services.arr
        self._database = context.database
        self._report = context.report
        self._clock = context.clock

    async def send(
        self, ids: Sequence[int], cost: int, summary: str, search: Callable[[], Awaitable[Command]]
    ) -> Command | None:
        """Run `search` if the budget allows it; returns the command, None when it has to wait.

        Raises a ServiceError. What the Arr refused counts as not searched, but the budget is spent.
        """
        before = await searches.read(self._database, self._category, ids)
        if not await self._budget.spend(ids, cost):
            return None
        try:
            with self._report.operation("search", "search"):
                command = await search()
        except ServiceError as error:
            if not isinstance(error, UnreachableError):  # it may have arrived
                await searches.restore(self._database, self._category, ids, before)
            raise
        now = self._clock.wall()
        await searches.store_last(self._database, self._category, summary, now)
        self._report.searched(summary, now)
        return command


async def search_after_failure(
    context: WorkerContext, ids: Sequence[int], searches_again: Sequence[SearchAgain]
) -> None:
    """Search the items of a failed download. It does not wait for the budget, but others wait for what it spent.

    Raises a ServiceError.
    """
    arr = context.services.arr
    arr.check_retry_after()
    await SearchBudget(context).charge(ids)
    for search in searches_again:
        if search.series_id is None:
            await arr.search(search.item_ids)
        else:
            await arr.search_season(search.series_id, search.season)
