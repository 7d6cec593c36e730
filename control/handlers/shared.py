"""Parameters and answers that several endpoints have in common."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta, Raw, Struct

from control.binding import LARGEST_INTEGER
from control.context import HandlerContext
from control.web.errors import invalid
from qbitrr.arr.kinds import KINDS
from qbitrr.rules.library import items
from qbitrr.state import listing

Row = TypeVar("Row")
View = TypeVar("View")

ArrPage = Callable[[str], str | None]
"""From the slug of a movie, a series or an artist to its address in the Arr."""

_ROWS_AT_A_TIME = 25
_LARGEST_ID = 2**53

Category = Annotated[str, Meta(description="Category of the Arr in qBittorrent, or the name of its section.")]
Title = Annotated[str, Meta(description="Only titles that contain this text, in any case.")]
Page = Annotated[int, Meta(description="Page, counted from 0.", extra={"lowest": 0, "highest": LARGEST_INTEGER})]
Descending = Annotated[bool, Meta(description="From the last to the first.")]
After = Annotated[str, Meta(description="`next` of the page before, in the same order; `page` is then not counted.")]
PageSize = Annotated[int, Meta(description="Rows of a page, 1 to 500.", extra={"lowest": 1, "highest": 500})]


class Nothing(Struct, frozen=True):
    """A request without parameters."""


class Message(Struct, frozen=True):
    """What was started, as a sentence."""

    message: str


class CountsView(Struct, frozen=True):
    """Counts of all episodes or albums of the category. What is not released yet counts only when it has its file."""

    available: int
    monitored: int
    missing: int


def arr_page(context: HandlerContext, category: str) -> ArrPage:
    """Return how the Arr of a category addresses what it has, as configured."""
    arr = context.workers.processes[category].config.arr_section
    assert arr is not None
    return partial(KINDS[arr.kind].page_of, arr.uri)


def order_of(table: str, column: str, *, descending: bool) -> listing.Order:
    """Return the order of a list. Raises BadRequestError for a column that the table is not sorted by."""
    if column not in listing.ORDERS[table]:
        raise invalid("sort", column, f"Must be one of {', '.join(listing.ORDERS[table])}")
    return listing.Order(column, descending)


def span_of(page: int, page_size: int, after: str) -> listing.PageRange:
    """Return the part of a list that is asked for. Raises BadRequestError for what is not `next` of a page."""
    if not after:
        return listing.PageRange(page, page_size)
    try:
        place = msgspec.json.decode(after, type=listing.Place)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("after", after, "Must be `next` of another page") from None
    if abs(place.id) > _LARGEST_ID:
        raise invalid("after", after, "Must be `next` of another page")
    return listing.PageRange(page, page_size, place)


def next_of(found: listing.ListPage[Any]) -> str | None:
    """Return what the next page is asked for with, None after the last one."""
    return None if found.next is None else msgspec.json.encode(found.next).decode()


def counts_view(counts: listing.Counts) -> CountsView:
    """Convert counts to the form of the lists."""
    return CountsView(counts.available, counts.monitored, counts.missing)


def tally(parts: list[items.EpisodeRow] | list[items.AlbumRow]) -> tuple[int, int]:
    """Count how many of some episodes or albums are monitored, and how many of these are available.

    What is not released yet counts only when it has its file, as in the counts of the category.
    """
    monitored = sum(part.monitored and (part.released or part.has_file) for part in parts)
    return monitored, sum(part.monitored and part.has_file for part in parts)


async def converted(rows: Sequence[Row], view: Callable[[Row], View]) -> list[View]:
    """Convert rows to the form of an answer, each encoded at once: a page may hold thousands of episodes.

    Other tasks run in between.
    """
    views: list[Raw] = []
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        views += (Raw(msgspec.json.encode(view(row))) for row in rows[start : start + _ROWS_AT_A_TIME])
        await asyncio.sleep(0)
    return cast("list[View]", views)
