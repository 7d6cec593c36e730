"""`arr/<section>/search-plan` and `arr/<section>/search`: what is searched next, and searching something now."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.arr import Message
from control.web.answers import moment
from control.worker_lookup import category_of
from qbitrr import ipc
from qbitrr.errors import NotReadyError
from qbitrr.rules.search.plan import PlannedSearch, SearchForecast
from qbitrr.state import searches

_MOST_IDS = 100


class PlanRequest(Struct, frozen=True):
    """Whose plan."""

    section: Annotated[str, Meta(description="Category of the Arr, or the name of its section.")]


class SearchPlan(Struct, frozen=True, rename="camel"):
    """The next searches in order, each with its reason.

    `waitingFor` says why none is sent now, empty when nothing stands in the way. `due` counts the items that may be
    searched now; `throughAt` is when all of them will have been at `perHour`, null when there are none.
    """

    searches: list[PlannedSearch]
    due: int
    per_hour: int
    waiting_for: str
    through_at: datetime | None


class ItemSearchRequest(Struct, frozen=True):
    """What to search."""

    section: Annotated[str, Meta(description="Category of the Arr, or the name of its section.")]
    ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=2**31 - 1)]],
        Meta(description="Ids of movies, episodes or albums in the Arr.", min_length=1, max_length=_MOST_IDS),
    ]


async def plan(context: HandlerContext, request: PlanRequest) -> SearchPlan:
    """What is searched next, and why."""
    stored = await searches.stored_plan(context.database, category_of(context, request.section))
    if stored is None:
        raise NotReadyError("There is no plan yet; ask again in a minute")
    outlook = msgspec.json.decode(stored, type=SearchForecast)
    through = moment(outlook.through_at) if outlook.through_at else None
    return SearchPlan(outlook.searches, outlook.due, outlook.per_hour, outlook.waiting_for, through)


async def search(context: HandlerContext, request: ItemSearchRequest) -> Message:
    """Search items before all others, as soon as the budget allows it. Answers at once.

    Ids that are not known or already downloading are left out.
    """
    category = category_of(context, request.section)
    if not context.supervisor.processes[category].send(ipc.SearchNow(tuple(request.ids))):
        raise NotReadyError(f"The worker of {category} does not run; ask again when it does")
    return Message(f"{len(request.ids)} items of {category} are searched next")
