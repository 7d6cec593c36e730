"""Search loop: sends the next search of the plan when nothing is in the way and the budget allows it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from qbitrr import logs
from qbitrr.errors import ServiceError
from qbitrr.rules.search import budget, plan
from qbitrr.rules.search.plan import Choice, Item, PlannedSearch, SearchForecast, SeasonItems, Switches, is_inside
from qbitrr.rules.search.seasons import SeasonStage
from qbitrr.rules.search.tags import TagFilter, tag_filter, why_left_out
from qbitrr.state import catalogue, searches
from qbitrr.worker.disk import on_disk
from qbitrr.worker.search.budget import SearchBudget, SearchSender
from qbitrr.worker.search.indexers import IndexerWatch
from qbitrr.worker.search.outcomes import SearchOutcomes
from qbitrr.worker.search.pause import SearchPause
from qbitrr.worker.search.query_limits import QueryLimits
from qbitrr.worker.search.seasons import SeasonSearches
from qbitrr.worker.search.shadow import ShadowSearches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from qbitrr.arr.models import Command, QueueRecord
    from qbitrr.ipc import PauseSearches
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_NEXT = 100  # how far ahead is planned
_PLAN_SECONDS = 300.0  # how long a plan is good when nothing is known to have changed
_BUSY_SECONDS = 60.0  # until an Arr that had enough to do is asked again
_CLOCK_SKEW_SECONDS = 300.0  # between this machine and the Arr's
_SHOWN = 50
_SHADOW = "Shadow is on"
_SPENT = "the budget is spent for now"
_ASKED = "Asked"  # reason of a search that the user asked for
_MOST_REQUESTED = 1000


class SearchLoop:
    """Searches for one category. Set `wake` for a round now."""

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self.pause = SearchPause(context)
        self._config = context.config
        self._arr = context.services.arr
        self._database = context.database
        self._clock = context.clock
        self._budget = SearchBudget(context)
        self._sender = SearchSender(context)
        self._shadow = ShadowSearches(context, self._budget.per_hour) if context.config.shadow else None
        self._indexers = IndexerWatch(context)
        self._outcomes = SearchOutcomes(context.services.arr, context.clock)
        self._seasons = SeasonSearches(context)
        self._limits = QueryLimits(context)
        self._requested: list[int] = []
        self._again: list[PlannedSearch] = []  # the rest of searches that failed because of one item
        self._next: list[PlannedSearch] = []
        self._downloading: set[int] = set()
        self._busy_because = ""
        self._busy_until = 0.0
        self._due = 0
        self._left_out: Counter[str] = Counter()
        self._planned_at = 0.0
        self._synced_at: float | None = None
        self._lacks_library = False

    async def load(self) -> None:
        """Take up what the user asked an earlier process for. After a kill one of it may be searched once more."""
        await self.pause.load()
        stored = await searches.stored_plan(self._database, self._config.arr.category)
        try:
            self._requested = [] if stored is None else msgspec.json.decode(stored, type=SearchForecast).requested
        except msgspec.DecodeError as error:
            _log.info("plan of another version was dropped", error=str(error))

    def request(self, item_ids: Iterable[int]) -> None:
        """Search items of the user's choice now: before all others, within the same budget."""
        self._requested = list(dict.fromkeys([*self._requested, *item_ids]))[:_MOST_REQUESTED]
        self.wake.set()

    def pause_or_resume(self, asked: PauseSearches) -> None:
        """Send no search of the plan any more, or send them again. What the user asks for is always sent."""
        self.pause.ask(asked)
        self.wake.set()

    def replan(self) -> None:
        """Drop the plan, as other items are requested than when it was made."""
        self._synced_at = None
        self.wake.set()

    def library_was_read(self) -> None:
        """Have a round now if the last one had no library to make a plan of."""
        if self._lacks_library:
            self.wake.set()

    async def one_round(self) -> None:
        """Send at most one search. Raises a ServiceError."""
        try:
            await self._publish(await self._round())
        except ServiceError as error:
            await self._publish(self._retry_later() or str(error))
            raise

    async def _round(self) -> str:
        """Send at most one search; returns why none may be sent, empty when one may.

        The Arr is asked for nothing while there is nothing to search.
        """
        self._lacks_library = await catalogue.synced_at(self._database, self._config.arr.category) is None
        commands = await self._check_outcomes()
        waiting = await self._obstacle()
        if not waiting and await self._indexers.has_recovered():
            self._synced_at, self._busy_until = None, 0.0
        if not waiting and await self._must_plan():
            await self._read_queue()
        await self._plan()
        await self._note_shadowed()
        if waiting or (following := await self._first()) is None:
            return waiting
        if await self._budget.seconds_until(following.cost) > 0:
            return _SPENT
        now = self._clock.monotonic()
        if now < self._busy_until and not self._requested:
            return self._busy_because
        queue = await self._read_queue()
        self._busy_because = await self._busy(queue, await self._arr.commands() if commands is None else commands)
        self._busy_until = now + _BUSY_SECONDS if self._busy_because else 0.0
        if not self._busy_because and (search := await self._first()) is not None:
            await self._send(search)
        return self._busy_because

    async def _note_shadowed(self) -> None:
        """Record the search that nothing but Shadow keeps from being sent; its items count as downloading for a day."""
        if self._shadow is not None and self._forbidden() == [_SHADOW]:
            self._downloading = await self._shadow.note(self._next)

    async def _check_outcomes(self) -> list[Command] | None:
        """See what became of the searches that were sent; returns the Arr's commands, None when none is under way."""
        if not self._outcomes.pending and not await self._seasons.pending():
            return None
        commands = await self._arr.commands()
        if await self._seasons.check(commands):
            self._synced_at = None
        async for rest in self._outcomes.check(commands):
            if rest.reason == _ASKED:
                self.request(rest.item_ids)
            else:
                self._again.append(rest)
        return commands

    async def _read_queue(self) -> list[QueueRecord]:
        queue = await self._arr.queue()
        self._downloading = {item for record in queue if (item := self._arr.kind.item_of(record))}
        return queue

    # -- what is in the way ---------------------------------------------------------------------------------------

    def _forbidden(self) -> list[str]:
        """Return why the configuration forbids searches now; empty when it allows them."""
        entry = self._config.arr.entry_search
        local = time.localtime(self._clock.wall())
        always = {
            _SHADOW: self._config.shadow,
            "the new version is on probation": self._config.on_probation,
            "SearchLimit is 0": entry.search_limit == 0,
        }
        unless_requested = {
            "searches are paused": self.pause.active,
            "SearchMissing is off": not entry.search_missing,
            f"SearchWindow is {entry.search_window}": not is_inside(
                entry.search_window, local.tm_hour * 60 + local.tm_min
            ),
        }
        forbids = always if self._requested else always | unless_requested
        return [because for because, holds in forbids.items() if holds]

    async def _obstacle(self) -> str:
        """Return why nothing may be sent, as far as it is known without a request to the Arr; empty when it may."""
        if forbidden := self._forbidden():
            return forbidden[0]
        if self._lacks_library:
            return "the library was not read yet"
        if because := self._retry_later():
            return because
        return _SPENT if await self._budget.seconds_until(1) > 0 else ""

    def _retry_later(self) -> str:
        """Whether the Arr answered with Retry-After, as a sentence; empty when not."""
        return f"{self._arr.section} asked for no more for now" if self._arr.retry_after_seconds > 0 else ""

    async def _busy(self, queue: list[QueueRecord], commands: list[Command]) -> str:
        """Return why the Arr has enough searches and downloads; empty when it has not."""
        if because := await self._indexers.obstacle():
            return because
        if not self._requested and (because := await self._limits.obstacle()):
            return because
        entry = self._config.arr.entry_search
        names = [one.name or "" for one in commands if not one.ended]
        active = sum(name.endswith("Search") for name in names)
        if active >= entry.search_limit:
            return f"{active} searches are running"
        downloads = {record.download_id: record.sizeleft for record in queue if record.download_id}
        if entry.search_queue_limit and len(downloads) > entry.search_queue_limit:
            return f"{len(downloads)} downloads are in the queue"
        settings = self._config.settings
        folder = settings.free_space_folder or settings.completed_download_folder
        if folder and downloads:
            free: int | None = await on_disk(None, _free_bytes, folder)
            if free is not None and sum(downloads.values()) > free:
                return "the queue is larger than the free space"
        return ""

    # -- what is next ---------------------------------------------------------------------------------------------

    async def _first(self) -> PlannedSearch | None:
        """Return the search to send now: of what the user asked for, else the next one of the plan."""
        downloading = self._downloading
        if self._requested:
            category, kind = self._config.arr.category, self._config.arr.kind
            ids = self._requested[: plan.EPISODES_AT_ONCE]
            known = {row[0]: Item(*row) for row in await searches.of_items(self._database, category, kind, ids)}
            free = tuple(item_id for item_id in ids if item_id in known and item_id not in downloading)
            if not free:
                self._requested = self._requested[len(ids) :]
                return None
            titles = ", ".join(known[item_id].title for item_id in free)
            return PlannedSearch(self._arr.kind.search_command, free, _ASKED, "asked for", titles, len(free))
        self._again = [search for search in self._again if downloading.isdisjoint(search.item_ids)]
        if self._again and not self.pause.active:
            return self._again[0]
        self._next = [search for search in self._next if downloading.isdisjoint(search.item_ids)]
        may_search = self._config.arr.entry_search.search_missing and not self.pause.active
        return self._next[0] if self._next and may_search else None

    async def _send(self, search: PlannedSearch) -> None:
        command: Callable[[], Awaitable[Command]] = partial(self._arr.search, search.item_ids)
        if search.series_id is not None:
            command = partial(self._arr.search_season, search.series_id, search.season)
        sent = await self._sender.send(search.item_ids, search.cost, f"{search.title}: {search.why}", command)
        if sent is None:
            return
        self._limits.sent(search.cost)
        self._outcomes.expect(sent, search)
        if search.series_id is not None:
            await self._seasons.expect(sent, search)
        _log.info("searched", command=search.command, title=search.title, because=search.why)
        self._requested = [item_id for item_id in self._requested if item_id not in search.item_ids]
        self._again = [one for one in self._again if one is not search]
        self._next = [one for one in self._next if set(one.item_ids).isdisjoint(search.item_ids)]
        self._due = max(0, self._due - len(search.item_ids))

    async def _must_plan(self) -> bool:
        """Whether the plan is older than the library, or than a plan may be."""
        synced_at = await catalogue.synced_at(self._database, self._config.arr.category)
        good = synced_at == self._synced_at and self._clock.monotonic() - self._planned_at < _PLAN_SECONDS
        return synced_at is not None and not good and self._config.arr.entry_search.search_missing

    async def _plan(self) -> None:
        if not await self._must_plan():
            return
        arr, at, downloading, switches = self._config.arr, self._clock.wall(), self._downloading, self._switches()
        started_at, synced_at = self._clock.monotonic(), await catalogue.synced_at(self._database, arr.category)
        tags = await self._tag_filter()
        best: list[Choice] = []
        due, left_out = 0, Counter[str]()
        pages = searches.unfinished(self._database, arr.category, arr.kind, unmonitored=arr.entry_search.unmonitored)
        async for rows in pages:
            items = (Item(*row) for row in rows)  # type: ignore[arg-type]
            found = [one for item in items if (one := plan.choice(item, switches, at))]
            found = [one for one in found if one.item.id not in downloading]
            reasons = [why_left_out(one.item.tags, tags) for one in found]
            left_out.update(filter(None, reasons))
            found = [one for one, reason in zip(found, reasons, strict=True) if not reason]
            due += len(found)
            best = plan.best(best, found, _NEXT)
        self._due, self._left_out = due, left_out
        self._next = await self._as_searches(best, at)
        self._planned_at, self._synced_at = started_at, synced_at

    async def _tag_filter(self) -> TagFilter:
        """Find the tags that decide, by their present labels; the Arr is asked only when some are configured."""
        entry = self._config.arr.entry_search
        if not entry.include_tags and not entry.exclude_tags:
            return TagFilter()
        return tag_filter(entry.include_tags, entry.exclude_tags, await self._arr.tags())

    async def _as_searches(self, best: list[Choice], at: float) -> list[PlannedSearch]:
        downloading, switches = self._downloading, self._switches()
        found: list[PlannedSearch] = []
        covered: set[int] = set()
        series: dict[int, tuple[str, dict[int, SeasonItems]]] = {}

        def is_idle(item: Item) -> bool:
            return item.id not in downloading and item.id not in covered

        def is_free(item: Item) -> bool:
            return is_idle(item) and plan.choice(item, switches, at) is not None

        for chosen in best:
            if chosen.item.id in covered:
                continue
            if self._arr.kind.name == "sonarr":
                parent = chosen.item.parent
                if parent not in series:
                    series[parent] = await self._series(parent)
                title, seasons = series[parent]
                mode = self._config.arr.entry_search.search_by_series
                search = plan.for_series(chosen, title, seasons, mode, is_free, is_idle)
            else:
                search = plan.single(chosen, self._arr.kind.search_command)
            covered.update(search.item_ids)
            found.append(search)
        return found

    async def _series(self, series_id: int) -> tuple[str, dict[int, SeasonItems]]:
        series = await searches.of_series(self._database, self._config.arr.category, series_id)
        stages = await self._seasons.stages(series_id)
        by_season: dict[int, list[Item]] = {}
        for item in (Item(*row) for row in series.episodes):
            if item.season or self._config.arr.entry_search.also_search_specials:
                by_season.setdefault(item.season or 0, []).append(item)
        return series.title, {
            number: SeasonItems(
                aired=len(items),
                missing=tuple(item for item in items if not item.has_file),
                monitored=number not in series.unmonitored_seasons,
                stage=stages.get(number, SeasonStage.NORMAL),
            )
            for number, items in by_season.items()
        }

    def _switches(self) -> Switches:
        """Return what to search for. How long ago a release was is not sure while our clock and the Arr's disagree."""
        entry, clocks_agree = self._config.arr.entry_search, abs(self._arr.clock_ahead_seconds) <= _CLOCK_SKEW_SECONDS
        return Switches(
            specials=entry.also_search_specials,
            custom_format=entry.custom_format_unmet_search,
            quality=entry.quality_unmet_search,
            upgrade=entry.do_upgrade_search,
            by_year=entry.search_by_year,
            newest_first=entry.search_in_reverse,
            today_first=entry.prioritize_todays_releases,
            again=entry.search_again_on_search_completion,
            unmet_cooldown_seconds=entry.search_cooldown_seconds,
            retry_after_release_seconds=entry.retry_after_release_seconds if clocks_agree else 0,
        )

    async def _publish(self, waiting: str) -> None:
        per_hour, due = self._budget.per_hour, self._due
        through = self._clock.wall() + budget.seconds_for(due, per_hour) if due else None
        through = through and through // 60 * 60
        shown = SearchForecast(
            searches=self._next[:_SHOWN],
            due=due,
            per_hour=per_hour,
            waiting_for=waiting,
            through_at=through,
            left_out=dict(self._left_out),
            query_limits=self._limits.known,
            requested=self._requested,
        )
        await searches.store_plan(self._database, self._config.arr.category, msgspec.json.encode(shown).decode())


def _free_bytes(folder: str) -> int | None:
    stats: Any = os.statvfs(folder)
    return int(stats.f_bavail * stats.f_frsize)
