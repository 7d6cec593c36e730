"""Reading the catalogue for lists: one page of a category, and counts of the whole category.

Rows are sorted by a column, then by title without case and by id. A page is found by its number, or by the last row of
the page before, which costs the same anywhere. A category is empty until its first full sync is over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from qbitrr.rules.library.items import AlbumRow, ArtistRow, EpisodeRow, Movie, SeriesRow
from qbitrr.state.catalogue import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Row


class Counts(Struct, frozen=True):
    """Counts of all movies, episodes or albums of a category; the fields are columns of `catalogue`.

    `available` are monitored and have a file. What is not released yet counts as monitored only when it has a file.
    """

    monitored: int = 0
    available: int = 0
    quality_met: int = 0
    requests: int = 0

    @property
    def missing(self) -> int:
        """Those that are monitored and released, and have no file."""
        return self.monitored - self.available


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of rows. `total` rows match, on all pages together. `next` is where a full page ends."""

    counts: Counts
    total: int
    rows: list[T]
    next: Place | None = None


class Place(NamedTuple):
    """Where a page ends: the last row's value of the column that is sorted by, its title without case, its id.

    There is no value when it is sorted by title, and for a row that has none.
    """

    value: float | None
    sort_title: str
    id: int


class Order(NamedTuple):
    """The column that rows are sorted by, one of those in `ORDERS`, and the direction, which is that of titles too.

    Upwards, rows without a value come first.
    """

    column: str = "title"
    descending: bool = False

    @property
    def direction(self) -> str:
        """In SQL."""
        return "DESC" if self.descending else "ASC"

    @property
    def comparison(self) -> str:
        """How what follows compares with what is before, in SQL."""
        return "<" if self.descending else ">"


_VALUES = {
    "title": "NULL",
    "year": "year",
    "released": "released_at",
    "score": "custom_format_score",
    "missing": "missing",
}
"""The value by which each column sorts before the title does, in SQL."""
ORDERS = {
    "movies": ("title", "year", "released", "score"),
    "series": ("title", "year", "missing"),
    "artists": ("title", "missing"),
}
"""Columns that each table can be sorted by."""
_NEVER_NULL = ("year", "missing")


class PageRange(NamedTuple):
    """The part of all matching rows that is read: after a place, or without one by a page that counts from 0."""

    page: int
    page_size: int
    after: Place | None = None


class MovieFilter(Struct, frozen=True):
    """Properties that listed movies must have, None for any. Years are inclusive."""

    year_min: int | None = None
    year_max: int | None = None
    monitored: bool | None = None
    has_file: bool | None = None
    quality_met: bool | None = None
    is_request: bool | None = None


class _Condition(NamedTuple):
    """A part of a WHERE clause, and the values of its placeholders."""

    sql: str
    values: tuple[Any, ...] = ()


_OWNERS_AT_A_TIME = 25
_INDEXED_LETTERS = 3
_LACKS_EPISODE = _Condition(
    """EXISTS (SELECT 1 FROM episodes AS part INDEXED BY episodes_missing
               WHERE part.category = series.category AND part.series_id = series.id
                 AND part.monitored AND part.released AND NOT part.has_file)"""
)
_LACKS_ALBUM = _Condition(
    """EXISTS (SELECT 1 FROM albums AS part INDEXED BY albums_missing
               WHERE part.category = artists.category AND part.artist_id = artists.id
                 AND part.monitored AND part.released AND NOT part.has_file)"""
)


async def movies(
    database: Database,
    category: str,
    title: str,
    chosen: MovieFilter,
    span: PageRange,
    order: Order = Order(),  # noqa: B008 - it is never changed
) -> ListPage[Movie]:
    """Read a page of movies whose titles contain `title`, in any case."""
    where = _all_of(_of(category), *_titled(category, "movies", title), *_movie_is(chosen))
    # the columns of movie_counts are those that movies are filtered by
    total = "count(*) FROM movies" if title else "ifnull(sum(number), 0) FROM movie_counts"
    return await _page(database, category, "radarr", "movies", Movie, where, span, order, total)


async def series(
    database: Database,
    category: str,
    title: str,
    span: PageRange,
    order: Order = Order(),  # noqa: B008 - it is never changed
    *,
    missing: bool,
) -> ListPage[tuple[SeriesRow, list[EpisodeRow]]]:
    """Read a page of series with all their episodes, by season and number; `missing`: only series that lack one."""
    where = _all_of(_of(category), *_titled(category, "series", title), *([_LACKS_EPISODE] if missing else []))
    found = await _page(database, category, "sonarr", "series", SeriesRow, where, span, order)
    owners = [row.id for row in found.rows]
    within = "season_number, episode_number, id"
    episodes = await _parts(database, category, "episodes", EpisodeRow, "series_id", owners, within)
    return ListPage(found.counts, found.total, [(row, episodes.get(row.id, [])) for row in found.rows], found.next)


async def artists(
    database: Database,
    category: str,
    title: str,
    span: PageRange,
    order: Order = Order(),  # noqa: B008 - it is never changed
    *,
    missing: bool,
) -> ListPage[tuple[ArtistRow, list[AlbumRow]]]:
    """Read a page of artists with all their albums, oldest first; `missing`: only artists that lack one."""
    where = _all_of(_of(category), *_titled(category, "artists", title), *([_LACKS_ALBUM] if missing else []))
    found = await _page(database, category, "lidarr", "artists", ArtistRow, where, span, order)
    owners = [row.id for row in found.rows]
    within = "released_at IS NULL, released_at, id"
    albums = await _parts(database, category, "albums", AlbumRow, "artist_id", owners, within)
    return ListPage(found.counts, found.total, [(row, albums.get(row.id, [])) for row in found.rows], found.next)


async def has(database: Database, category: str, kind: str, parent_id: int) -> bool:
    """Whether a category lists this movie, series or artist; `kind` is radarr, sonarr or lidarr."""
    sql = f"SELECT 1 FROM {TABLES[kind][-1]} WHERE category = ? AND id = ?"
    return await database.row(sql, (category, parent_id)) is not None


async def sizes(database: Database) -> list[tuple[str, str, int, Counts]]:
    """Read category, kind, number of items and counts of every catalogue that was synced."""
    rows = await database.rows(
        f"""SELECT category, kind, items, {", ".join(Counts.__struct_fields__)} FROM catalogue
            WHERE synced_at IS NOT NULL ORDER BY category"""
    )
    return [(category, kind, items, Counts(*counts)) for category, kind, items, *counts in rows]


async def _page(
    database: Database,
    category: str,
    kind: str,
    table: str,
    row: type[T],
    where: _Condition,
    span: PageRange,
    order: Order,
    total: str | None = None,
) -> ListPage[T]:
    """Read a page in one statement, so that counts, total and rows are of the same moment.

    Without a place to go on after, the rows before the page are skipped in the index, without reading their other
    columns. `total` is the SQL that counts what matches; without it the matching rows are counted.
    """
    counted, columns = Counts.__struct_fields__, row.__struct_fields__  # type: ignore[attr-defined]
    everything = where == _of(category)
    counting = total or f"count(*) FROM {table}"
    total_sql = "catalogue.items" if everything else f"(SELECT {counting} WHERE {where.sql})"
    direction = order.direction
    parts = [where] if span.after is None else [_all_of(where, part) for part in _after(span.after, order)]
    keys = " UNION ALL ".join(f"SELECT * FROM ({_keys(table, part, order)})" for part in parts)
    skipped = span.page * span.page_size if span.after is None else 0
    rows = await database.rows(
        f"""SELECT {", ".join(f"catalogue.{column}" for column in counted)},
                   {total_sql},
                   page.value, page.sort_title,
                   {", ".join(f"page.{column}" for column in columns)}
            FROM catalogue LEFT JOIN (
                SELECT {table}.*, value FROM ({keys} LIMIT ?) JOIN {table} USING (category, id)
            ) AS page
            WHERE catalogue.category = ? AND catalogue.kind = ? AND catalogue.synced_at IS NOT NULL
            ORDER BY page.value {direction}, page.sort_title {direction}, page.id {direction}""",
        (
            *(() if everything else where.values),
            *(value for part in parts for value in (*part.values, span.page_size, skipped)),
            span.page_size,
            category,
            kind,
        ),
    )
    if not rows:
        return ListPage(Counts(), 0, [])
    *counts, number, _, _ = rows[0][: len(counted) + 3]
    listed = [whole[len(counted) + 3 :] for whole in rows]
    if listed[0][0] is None:
        return ListPage(Counts(*counts), number, [])
    found = _typed(listed, row)
    value, sort_title = rows[-1][len(counted) + 1 : len(counted) + 3]
    last = Place(value, sort_title, found[-1].id)  # type: ignore[attr-defined]
    return ListPage(Counts(*counts), number, found, last if len(found) == span.page_size else None)


def _keys(table: str, where: _Condition, order: Order) -> str:
    """Return SQL for the keys of some rows in their order, each with its value; limit and offset are left open."""
    value, direction = _VALUES[order.column], order.direction
    first = "" if order.column == "title" else f"{value} {direction}, "  # a constant is in no index
    return f"""SELECT category, id, {value} AS value FROM {table} WHERE {where.sql}
               ORDER BY {first}sort_title {direction}, id {direction} LIMIT ? OFFSET ?"""


def _after(place: Place, order: Order) -> list[_Condition]:
    """Return the conditions of what follows a place, in their order; each is a range of the index."""
    value, comparison = _VALUES[order.column], order.comparison
    beside = _Condition(f"(sort_title, id) {comparison} (?, ?)", (place.sort_title, place.id))
    if order.column == "title":
        return [beside]
    same = _all_of(_Condition(f"{value} IS ?", (place.value,)), beside)
    if not order.descending:
        return [same, _Condition(f"{value} > ?", (-math.inf if place.value is None else place.value,))]
    if place.value is None:
        return [same]
    below = [_Condition(f"{value} < ?", (place.value,))]
    return [same, *below] if order.column in _NEVER_NULL else [same, *below, _Condition(f"{value} IS NULL")]


async def _parts(
    database: Database, category: str, table: str, row: type[T], owner: str, owners: Sequence[int], order: str
) -> dict[int, list[T]]:
    """Read the parts of each owner, whose ids are in the column `owner`; some owners at a time, as all may be many."""
    columns = ", ".join(row.__struct_fields__)  # type: ignore[attr-defined]
    found: dict[int, list[T]] = {}
    for start in range(0, len(owners), _OWNERS_AT_A_TIME):
        some = owners[start : start + _OWNERS_AT_A_TIME]
        places = ", ".join("?" * len(some))
        rows = await database.rows(
            f"SELECT {columns} FROM {table} WHERE category = ? AND {owner} IN ({places}) ORDER BY {owner}, {order}",
            (category, *some),
        )
        found.update((key, list(parts)) for key, parts in groupby(_typed(rows, row), key=attrgetter(owner)))
    return found


def _of(category: str) -> _Condition:
    return _Condition("category = ?", (category,))


def _titled(category: str, table: str, part: str) -> list[_Condition]:
    """Return the condition that titles contain `part`, of which nothing is an operator or a wildcard.

    The index has parts of three letters; shorter ones are searched in every title.
    """
    if not part:
        return []
    folded = part.casefold()
    if len(folded) < _INDEXED_LETTERS or "\0" in folded:
        return [_Condition("instr(sort_title, ?) > 0", (folded,))]
    phrase = '"' + folded.replace('"', '""') + '"'
    return [
        _Condition(
            """id IN (SELECT titles.id FROM titles_by_part CROSS JOIN titles ON titles.number = titles_by_part.rowid
                      WHERE titles_by_part MATCH ? AND titles.kind = ? AND titles.category = ?)""",
            (phrase, table, category),
        )
    ]


def _movie_is(chosen: MovieFilter) -> list[_Condition]:
    terms = {
        "year >= ?": chosen.year_min,
        "year <= ?": chosen.year_max,
        "monitored = ?": chosen.monitored,
        "has_file = ?": chosen.has_file,
        "quality_met = ?": chosen.quality_met,
        "is_request = ?": chosen.is_request,
    }
    return [_Condition(sql, (value,)) for sql, value in terms.items() if value is not None]


def _all_of(*conditions: _Condition) -> _Condition:
    values = tuple(value for condition in conditions for value in condition.values)
    return _Condition(" AND ".join(condition.sql for condition in conditions), values)


def _typed(rows: list[Row], row: type[T]) -> list[T]:
    """Convert rows to structs. SQLite has no booleans; they arrive as 0 and 1."""
    return msgspec.convert(rows, list[row], strict=False)  # type: ignore[valid-type]
