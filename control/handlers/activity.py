"""`activity`: how much was done each day."""

from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from qbitrr.state import ledger

_DAY_SECONDS = 86400
_FIRST_DAY = date(1970, 1, 1)


class ActivityRequest(Struct, frozen=True):
    """The days that are counted."""

    days: Annotated[int, Meta(description="How many, 1 to 90, with today.", extra={"lowest": 1, "highest": 90})] = 14
    offset_minutes: Annotated[int, Meta(description="How far the caller's zone is ahead of UTC.", ge=-900, le=900)] = 0


class DayCount(Struct, frozen=True):
    """How often an action was done on a day in a category."""

    day: date
    category: str
    action: str
    number: int


class Activity(Struct, frozen=True):
    """Counts of the days from `first` to `last`; what is not listed was not done."""

    first: date
    last: date
    counts: list[DayCount]


async def read(context: HandlerContext, request: ActivityRequest) -> Activity:
    """Count what was done to torrents each day, in the caller's zone."""
    offset = request.offset_minutes * 60
    today = int((context.clock.wall() + offset) // _DAY_SECONDS)
    first = today - request.days + 1
    counted = await ledger.by_day(context.database, first * _DAY_SECONDS - offset, offset)
    counts = [
        DayCount(_date(day), category, action, number)
        for day, category, action, number in counted
        if first <= day <= today
    ]
    return Activity(_date(first), _date(today), counts)


def _date(day: int) -> date:
    return _FIRST_DAY + timedelta(days=day)
