"""`arr/<section>/search-plan`, `…/search` and `…/search-pause`: the next searches, one on request, and none."""

import asyncio
import math
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from control.binding import AUTHOR
from control.context import HandlerContext
from control.handlers.shared import Category, Message
from control.web.answers import moment
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.config.model.arr import EntrySearch
from qbitrr.errors import NotReadyError, UnknownCategoryError
from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.rules.search.plan import PlannedSearch, SearchForecast
from qbitrr.rules.search.query_limits import QueryLimit
from qbitrr.rules.search.seasons import SeasonStage, stage
from qbitrr.state import searches
from qbitrr.state.searches import EmptySeason

_MOST_IDS = 100
_MOST_SEASONS = 100
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.05


class PlanRequest(Struct, frozen=True):
    """The worker whose plan is meant."""

    section: Category


class RestingSeason(Struct, frozen=True, rename="camel"):
    """A season of which a search found nothing, so that its episodes are searched, and until when."""

    title: str
    season: int
    until: datetime


class SearchPlan(Struct, frozen=True, rename="camel"):
    """The next searches in order, each with its reason.

    `waitingFor` says why none is sent now, empty when nothing prevents it. `due` counts the items that may be searched
    now; `throughAt` is when all of them are searched at `perHour`, null when there are none. The budget allows `left`
    searches at once; it may be negative after some that could not wait. `pausedAt` is null unless the user paused them.
    `leftOut` counts the items that are due, but that their tags in the Arr keep from being searched, by reason.
    `restingSeasons` are those that are searched by their episodes for now, at most 100. `queryLimits` are those of the
    Arr's indexers in Prowlarr, as far as they are known.
    """

    searches: list[PlannedSearch]
    due: int
    per_hour: int
    waiting_for: str
    through_at: datetime | None
    left: int
    paused_at: datetime | None
    paused_by: str | None
    left_out: dict[str, int]
    resting_seasons: list[RestingSeason]
    query_limits: list[QueryLimit]


class PauseRequest(Struct, frozen=True):
    """The worker that is meant, and what its searches are to be."""

    section: Category
    paused: Annotated[bool, Meta(description="Whether they are paused from now on.")]

    @property
    def subject(self) -> str:
        """What is asked for, for the audit trail."""
        return "pause" if self.paused else "resume"


class ItemSearchRequest(Struct, frozen=True):
    """The items to search."""

    section: Category
    ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=2**31 - 1)]],
        Meta(description="Ids of movies, episodes or albums in the Arr.", min_length=1, max_length=_MOST_IDS),
    ]

    @property
    def subject(self) -> str:
        """The ids, for the audit trail."""
        return ", ".join(map(str, self.ids))


async def plan(context: HandlerContext, request: PlanRequest) -> SearchPlan:
    """Read what is searched next, and why."""
    category = category_of(context, request.section)
    stored = await searches.stored_plan(context.database, category)
    if stored is None:
        raise NotReadyError("There is no plan yet; ask again in a minute")
    forecast = msgspec.json.decode(stored, type=SearchForecast)
    through_at = moment(forecast.through_at) if forecast.through_at else None
    pause = await searches.pause(context.database, category)
    return SearchPlan(
        searches=forecast.searches,
        due=forecast.due,
        per_hour=forecast.per_hour,
        waiting_for=forecast.waiting_for,
        through_at=through_at,
        left=await left(context, category),
        paused_at=None if pause is None else moment(pause.paused_at),
        paused_by=None if pause is None else pause.by,
        left_out=forecast.left_out,
        resting_seasons=await _resting_seasons(context, category),
        query_limits=forecast.query_limits,
    )


async def query_limits(context: HandlerContext, category: str) -> list[QueryLimit]:
    """Read the query limits of the indexers of an Arr in Prowlarr, as far as they are known."""
    stored = await searches.stored_plan(context.database, category)
    return [] if stored is None else msgspec.json.decode(stored, type=SearchForecast).query_limits


async def _resting_seasons(context: HandlerContext, category: str) -> list[RestingSeason]:
    arr = context.workers.processes[category].config.arr_section
    if arr is None:
        return []
    rest = arr.entry_search.season_search_rest_seconds
    found = await resting_seasons(context, category, arr.entry_search)
    return [RestingSeason(one.title, one.season, moment(one.empty_at + rest)) for one in found[:_MOST_SEASONS]]


async def resting_seasons(context: HandlerContext, category: str, entry: EntrySearch) -> list[EmptySeason]:
    """Read the seasons of a category that are searched by their episodes for now."""
    if entry.search_by_series != "smart":
        return []
    now, rest = context.clock.wall(), entry.season_search_rest_seconds
    found = await searches.empty_seasons(context.database, category, now - rest)
    return [one for one in found if stage(one.empty_at, rest, now) is SeasonStage.RESTING]


async def left(context: HandlerContext, category: str) -> int:
    """Count the searches that the budget of an Arr, and the one that all share, allow at once."""
    now = Moment(context.clock.wall(), context.clock.monotonic())
    stored = await searches.budgets(context.database)
    arr = context.workers.processes[category].config.arr_section
    rates = {"": context.loaded.config.settings.searches_per_hour}
    if arr is not None:
        rates[category] = arr.entry_search.searches_per_hour
    whole = []
    for name, rate in rates.items():
        bucket = budget.full(rate, now)
        if (kept := stored.get(name)) is not None:
            bucket = budget.filled(Bucket(kept.tokens, Moment(kept.wall, kept.monotonic)), rate, now)
        whole.append(math.floor(bucket.tokens))
    return min(whole)


async def pause(context: HandlerContext, request: PauseRequest, http: web.Request) -> Message:
    """Pause the searches of an Arr until they are resumed, also over restarts, or resume them.

    What the user asks for, and what follows a failed download, is searched all the same.
    """
    category = category_of(context, request.section)
    if context.workers.processes[category].config.arr_section is None:
        raise UnknownCategoryError(f"{category} has no Arr, and so no searches")
    author = http[AUTHOR]
    send(context, category, ipc.PauseSearches(request.paused, author.address))
    deadline = context.clock.monotonic() + _PATIENCE_SECONDS
    while (await searches.pause(context.database, category) is not None) is not request.paused:
        if context.clock.monotonic() >= deadline:
            raise NotReadyError(f"The worker of {category} has not stored it yet; see in a moment whether it has")
        await asyncio.sleep(_POLL_SECONDS)
    return Message(f"Searches of {category} are paused" if request.paused else f"Searches of {category} go on")


async def search(context: HandlerContext, request: ItemSearchRequest) -> Message:
    """Search items before all others, as soon as the budget allows it, also over restarts. Answers at once.

    Ids that are unknown or already downloading are left out.
    """
    category = category_of(context, request.section)
    send(context, category, ipc.SearchNow(tuple(request.ids)))
    return Message(f"{len(request.ids)} items of {category} are searched next")
