"""`sonarr/<category>/series`: the series of a Sonarr."""

from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import (
    After,
    ArrPage,
    Category,
    CountsView,
    Descending,
    Page,
    PageSize,
    Title,
    arr_page,
    converted,
    counts_view,
    next_of,
    order_of,
    span_of,
    tally,
)
from control.web.answers import moment
from control.worker_lookup import category_of
from qbitrr.rules.library import items
from qbitrr.state import listing


class SeriesRequest(Struct, frozen=True):
    """A page of series."""

    category: Category
    q: Title = ""
    page: Page = 0
    page_size: PageSize = 25
    missing: Annotated[bool, Meta(description="Only series that lack an episode, each with all of its episodes.")] = (
        False
    )
    only_missing: Annotated[bool, Meta(description="The same as missing.")] = False
    sort: Annotated[str, Meta(description="title, year or missing (how many episodes are).")] = "title"
    descending: Descending = False
    after: After = ""


class SeriesInfo(Struct, frozen=True, rename="camel"):
    """The identity of a series. `link` is where a browser finds it in Sonarr."""

    id: int
    title: str
    year: int
    tvdb_id: int
    imdb_id: str | None
    link: str | None


class EpisodeView(items.Episode, frozen=True, array_like=False, rename="camel"):
    """One episode. `reason` is why it is not complete, in one word, null when it is; `reasonCode` is the same."""

    air_date_utc: datetime | None
    reason_code: str | None


class SeasonView(Struct, frozen=True, rename="camel"):
    """One season; number 0 holds the specials."""

    season_number: int
    monitored: int
    available: int
    episodes: list[EpisodeView]


class SeriesView(Struct, frozen=True):
    """One series. `seasons` are keyed by their number as text."""

    series: SeriesInfo
    monitored: int
    available: int
    seasons: dict[str, SeasonView]


class SeriesPage(Struct, frozen=True):
    """A page of series; `total` match on all pages together. `next` is the `after` of the next page."""

    category: str
    counts: CountsView
    total: int
    page: int
    page_size: int
    series: list[SeriesView]
    next: str | None


async def series(context: HandlerContext, request: SeriesRequest) -> SeriesPage:
    """List the series of a Sonarr, sorted by a column, with all of their seasons and episodes."""
    category = category_of(context, request.category, "sonarr")
    found = await listing.series(
        context.database,
        category,
        request.q,
        span_of(request.page, request.page_size, request.after),
        order_of("series", request.sort, descending=request.descending),
        missing=request.missing or request.only_missing,
    )
    return SeriesPage(
        category=category,
        counts=counts_view(found.counts),
        total=found.total,
        page=request.page,
        page_size=request.page_size,
        series=await converted(found.rows, partial(_view, page_of=arr_page(context, category))),
        next=next_of(found),
    )


def _view(found: tuple[items.SeriesRow, list[items.EpisodeRow]], page_of: ArrPage) -> SeriesView:
    row, episodes = found
    seasons = {
        str(number): _season(number, list(group)) for number, group in groupby(episodes, attrgetter("season_number"))
    }
    return SeriesView(
        series=SeriesInfo(row.id, row.title, row.year, row.tvdb_id, row.imdb_id, page_of(row.title_slug)),
        monitored=sum(season.monitored for season in seasons.values()),
        available=sum(season.available for season in seasons.values()),
        seasons=seasons,
    )


def _season(number: int, episodes: list[items.EpisodeRow]) -> SeasonView:
    monitored, available = tally(episodes)
    return SeasonView(number, monitored, available, [_episode(episode) for episode in episodes])


_shown = attrgetter(*items.Episode.__struct_fields__)


def _episode(episode: items.EpisodeRow) -> EpisodeView:
    return EpisodeView(*(*_shown(episode), moment(episode.released_at), episode.reason))
