"""Reading the catalogue for lists: one page of a category, and counts of the whole category.

Rows are sorted by title without case, then by id; movies by year too. A category is empty until its first full sync is
over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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
    """One page of rows. `total` rows match, on all pages together."""

    counts: Counts
    total: int
    rows: list[T]


class MovieOrder(StrEnum):
    """Order of movies; those of one year are by title in the direction of the years."""

    TITLE = "title"
    NEWEST = "newest"
    OLDEST = "oldest"


_ORDERS = {
    MovieOrder.TITLE: ("sort_title", "id"),
    MovieOrder.NEWEST: ("year DESC", "sort_title DESC", "id DESC"),
    MovieOrder.OLDEST: ("year", "sort_title", "id"),
}


class PageRange(NamedTuple):
    """The part of all matching rows that is read; `page` counts from 0."""

    page: int
    page_size: int


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
    order: MovieOrder = MovieOrder.TITLE,
) -> ListPage[Movie]:
    """Read a page of movies whose titles contain `title`, in any case."""
    where = _all_of(_of(category), *_titled(category, "movies", title), *_movie_is(chosen))
    # the columns of movie_counts are those that movies are filtered by
    total = "count(*) FROM movies" if title else "ifnull(sum(number), 0) FROM movie_counts"
    return await _page(database, category, "radarr", "movies", Movie, where, span, total, _ORDERS[order])


async def series(
    database: Database, category: str, title: str, span: PageRange, *, missing: bool
) -> ListPage[tuple[SeriesRow, list[EpisodeRow]]]:
    """Read a page of series with all their episodes, by season and number; `missing`: only series that lack one."""
    where = _all_of(_of(category), *_titled(category, "series", title), *([_LACKS_EPISODE] if missing else []))
    found = await _page(database, category, "sonarr", "series", SeriesRow, where, span)
    owners = [row.id for row in found.rows]
    order = "season_number, episode_number, id"
    episodes = await _parts(database, category, "episodes", EpisodeRow, "series_id", owners, order)
    return ListPage(found.counts, found.total, [(row, episodes.get(row.id, [])) for row in found.rows])


async def artists(
    database: Database, category: str, title: str, span: PageRange, *, missing: bool
) -> ListPage[tuple[ArtistRow, list[AlbumRow]]]:
    """Read a page of artists with all their albums, oldest first; `missing`: only artists that lack one."""
    where = _all_of(_of(category), *_titled(category, "artists", title), *([_LACKS_ALBUM] if missing else []))
    found = await _page(database, category, "lidarr", "artists", ArtistRow, where, span)
    owners = [row.id for row in found.rows]
    order = "released_at IS NULL, released_at, id"
    albums = await _parts(database, category, "albums", AlbumRow, "artist_id", owners, order)
    return ListPage(found.counts, found.total, [(row, albums.get(row.id, [])) for row in found.rows])


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
    total: str | None = None,
    order: tuple[str, ...] = _ORDERS[MovieOrder.TITLE],
) -> ListPage[T]:
    """Read a page in one statement, so that counts, total and rows are of the same moment.

    The rows before the page are skipped in the index, without reading their other columns. `total` is the SQL that
    counts what matches; without it the matching rows are counted. `order` are columns with their direction.
    """
    counted, columns = Counts.__struct_fields__, row.__struct_fields__  # type: ignore[attr-defined]
    everything = where == _of(category)
    counting = total or f"count(*) FROM {table}"
    total_sql = "catalogue.items" if everything else f"(SELECT {counting} WHERE {where.sql})"
    rows = await database.rows(
        f"""SELECT {", ".join(f"catalogue.{column}" for column in counted)},
                   {total_sql},
                   {", ".join(f"page.{column}" for column in columns)}
            FROM catalogue LEFT JOIN (
                SELECT {table}.* FROM (
                    SELECT category, id FROM {table} WHERE {where.sql} ORDER BY {", ".join(order)} LIMIT ? OFFSET ?
                ) JOIN {table} USING (category, id)
            ) AS page
            WHERE catalogue.category = ? AND catalogue.kind = ? AND catalogue.synced_at IS NOT NULL
            ORDER BY {", ".join(f"page.{column}" for column in order)}""",
        (
            *(() if everything else where.values),
            *where.values,
            span.page_size,
            span.page * span.page_size,
            category,
            kind,
        ),
    )
    if not rows:
        return ListPage(Counts(), 0, [])
    *counts, number = rows[0][: len(counted) + 1]
    listed = [whole[len(counted) + 1 :] for whole in rows]
    return ListPage(Counts(*counts), number, _typed(listed, row) if listed[0][0] is not None else [])


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
