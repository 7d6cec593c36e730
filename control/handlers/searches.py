"""`arr/<section>/search-plan` and `arr/<section>/search`: the next searches, and a search on request."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message
from control.web.answers import moment
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.errors import NotReadyError
from qbitrr.rules.search.plan import PlannedSearch, SearchForecast
from qbitrr.state import searches

_MOST_IDS = 100


class PlanRequest(Struct, frozen=True):
    """The worker whose plan is meant."""

    section: Category


class SearchPlan(Struct, frozen=True, rename="camel"):
    """The next searches in order, each with its reason.

    `waitingFor` says why none is sent now, empty when nothing prevents it. `due` counts the items that may be searched
    now; `throughAt` is when all of them are searched at `perHour`, null when there are none.
    """

    searches: list[PlannedSearch]
    due: int
    per_hour: int
    waiting_for: str
    through_at: datetime | None


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
    stored = await searches.stored_plan(context.database, category_of(context, request.section))
    if stored is None:
        raise NotReadyError("There is no plan yet; ask again in a minute")
    forecast = msgspec.json.decode(stored, type=SearchForecast)
    through_at = moment(forecast.through_at) if forecast.through_at else None
    return SearchPlan(forecast.searches, forecast.due, forecast.per_hour, forecast.waiting_for, through_at)


async def search(context: HandlerContext, request: ItemSearchRequest) -> Message:
    """Search items before all others, as soon as the budget allows it. Answers at once.

    Ids that are unknown or already downloading are left out.
    """
    category = category_of(context, request.section)
    send(context, category, ipc.SearchNow(tuple(request.ids)))
    return Message(f"{len(request.ids)} items of {category} are searched next")
