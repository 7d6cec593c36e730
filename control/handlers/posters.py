"""`arr/<section>/posters/<id>`: the poster of a movie, a series or an artist, as its Arr has it."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category
from control.web import answers
from control.worker_lookup import category_of
from qbitrr.errors import NotFoundError, UnknownCategoryError
from qbitrr.state import listing

_LONGEST_ID = 18  # digits
_CACHED = "private, max-age=86400"


class PosterRequest(Struct, frozen=True):
    """The movie, series or artist that is meant."""

    section: Category
    id: Annotated[str, Meta(description="Id in the list of movies, series or artists.", pattern="^[0-9]{1,18}$")]


async def read(context: HandlerContext, request: PosterRequest, http: web.Request) -> web.StreamResponse:
    """Show the poster of what is in a library. The Arr is asked with its key, which does not leave the daemon."""
    category = category_of(context, request.section)
    arr = context.workers.processes[category].config.arr_section
    if arr is None:
        raise UnknownCategoryError(f"{category} has no Arr, and so no posters")
    text = request.id
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else 0
    if not await listing.has(context.database, category, arr.kind, number):
        raise NotFoundError(f"{arr.section} has nothing with the id {request.id}")
    poster = await context.posters.find(arr, number)
    if poster is None:
        raise NotFoundError(f"{arr.section} shows no poster of {request.id}")
    return answers.revalidated(poster, http, _CACHED)
