"""`radarr/<category>/movies`: the movies of a Radarr."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import astuple

from control.context import HandlerContext
from control.handlers.shared import (
    After,
    ArrPage,
    Category,
    Descending,
    Page,
    PageSize,
    Title,
    arr_page,
    next_of,
    order_of,
    span_of,
)
from control.web.errors import invalid
from control.worker_lookup import category_of
from qbitrr.rules.library import items
from qbitrr.state import listing


class MoviesRequest(Struct, frozen=True):
    """A page of movies; a filter that is left out includes all."""

    category: Category
    q: Title = ""
    page: Page = 0
    page_size: PageSize = 50
    sort: Annotated[str, Meta(description="title, year, released or score (of custom formats).")] = "title"
    descending: Descending = False
    after: After = ""
    year_min: Annotated[int | None, Meta(description="First year, inclusive.")] = None
    year_max: Annotated[int | None, Meta(description="Last year, inclusive.")] = None
    monitored: Annotated[bool | None, Meta(description="Whether the movie is monitored.")] = None
    has_file: Annotated[bool | None, Meta(description="Whether the movie has a file.")] = None
    quality_met: Annotated[bool | None, Meta(description="Whether its file meets the quality profile.")] = None
    is_request: Annotated[bool | None, Meta(description="Whether it was requested in Overseerr or Ombi.")] = None


class MovieCounts(Struct, frozen=True):
    """Counts of the whole category. What is not released yet counts as monitored only when it has its file."""

    available: int
    monitored: int
    missing: int
    quality_met: int
    requests: int


class MovieView(items.Movie, frozen=True, array_like=False, rename="camel"):
    """One movie. `reason` is why it is not complete, in one word, null when it is; `reasonCode` is the same.

    `link` is where a browser finds it in Radarr.
    """

    reason_code: str | None
    link: str | None


class Movies(Struct, frozen=True):
    """A page of movies; `total` match on all pages together. `next` is the `after` of the next page."""

    category: str
    counts: MovieCounts
    total: int
    page: int
    page_size: int
    movies: list[MovieView]
    next: str | None


async def movies(context: HandlerContext, request: MoviesRequest) -> Movies:
    """List the movies of a Radarr, sorted by a column."""
    category = category_of(context, request.category, "radarr")
    found = await listing.movies(
        context.database,
        category,
        request.q,
        _filter(request),
        span_of(request.page, request.page_size, request.after),
        order_of("movies", request.sort, descending=request.descending),
    )
    counts = found.counts
    page_of = arr_page(context, category)
    return Movies(
        category=category,
        counts=MovieCounts(
            available=counts.available,
            monitored=counts.monitored,
            missing=counts.missing,
            quality_met=counts.quality_met,
            requests=counts.requests,
        ),
        total=found.total,
        page=request.page,
        page_size=request.page_size,
        movies=[_view(movie, page_of) for movie in found.rows],
        next=next_of(found),
    )


def _filter(request: MoviesRequest) -> listing.MovieFilter:
    first, last = request.year_min, request.year_max
    if first is not None and last is not None and first > last:
        raise invalid("year_min", first, f"Must be less than year_max ({last})")
    return listing.MovieFilter(
        year_min=first,
        year_max=last,
        monitored=request.monitored,
        has_file=request.has_file,
        quality_met=request.quality_met,
        is_request=request.is_request,
    )


def _view(movie: items.Movie, page_of: ArrPage) -> MovieView:
    link = page_of(str(movie.tmdb_id) if movie.tmdb_id else "")
    return MovieView(*(*astuple(movie), movie.reason, link))
