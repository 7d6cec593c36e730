"""`lidarr/<category>/artists`: the artists of a Lidarr."""

from datetime import date
from functools import partial
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


class ArtistsRequest(Struct, frozen=True):
    """A page of artists."""

    category: Category
    q: Title = ""
    page: Page = 0
    page_size: PageSize = 25
    missing: Annotated[bool, Meta(description="Only artists that lack an album, each with all albums.")] = False
    sort: Annotated[str, Meta(description="title or missing (how many albums are).")] = "title"
    descending: Descending = False
    after: After = ""


class ArtistInfo(Struct, frozen=True):
    """The identity of an artist. `link` is where a browser finds it in Lidarr."""

    id: int
    name: str
    disambiguation: str | None
    link: str | None


class AlbumView(items.Album, frozen=True, array_like=False, rename="camel"):
    """One album; it has its file when all of its tracks have.

    `reason` is why it is not complete, in one word, null when it is; `reasonCode` is the same.
    """

    release_date: date | None
    reason_code: str | None


class ArtistView(Struct, frozen=True):
    """One artist with all albums, the oldest first."""

    artist: ArtistInfo
    monitored: int
    available: int
    albums: list[AlbumView]


class Artists(Struct, frozen=True):
    """A page of artists; `total` match on all pages together. `next` is the `after` of the next page."""

    category: str
    counts: CountsView
    total: int
    page: int
    page_size: int
    artists: list[ArtistView]
    next: str | None


async def artists(context: HandlerContext, request: ArtistsRequest) -> Artists:
    """List the artists of a Lidarr, by name, with all of their albums."""
    category = category_of(context, request.category, "lidarr")
    found = await listing.artists(
        context.database,
        category,
        request.q,
        span_of(request.page, request.page_size, request.after),
        order_of("artists", request.sort, descending=request.descending),
        missing=request.missing,
    )
    return Artists(
        category=category,
        counts=counts_view(found.counts),
        total=found.total,
        page=request.page,
        page_size=request.page_size,
        artists=await converted(found.rows, partial(_view, page_of=arr_page(context, category))),
        next=next_of(found),
    )


def _view(found: tuple[items.ArtistRow, list[items.AlbumRow]], page_of: ArrPage) -> ArtistView:
    artist, albums = found
    monitored, available = tally(albums)
    info = ArtistInfo(artist.id, artist.title, artist.disambiguation, page_of(artist.foreign_id))
    return ArtistView(info, monitored, available, [_album(album) for album in albums])


_shown = attrgetter(*items.Album.__struct_fields__)


def _album(album: items.AlbumRow) -> AlbumView:
    return AlbumView(*(*_shown(album), _date(album.released_at), album.reason))


def _date(epoch_seconds: float | None) -> date | None:
    """Return the day, without the time."""
    at = moment(epoch_seconds)
    return at.date() if at else None
