"""Reading the catalogue for lists: one page of a category, and the counts of the whole of it.

Titles are ordered without case, then by id. Nothing of a category is found before its first full sync is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Row


class Counts(Struct, frozen=True):
    """Of all movies, episodes or albums of a category; the fields are columns.

    `available` are monitored and have a file. What is not released yet counts as monitored only when it is there.
    """

    monitored: int = 0
    available: int = 0
    quality_met: int = 0
    requests: int = 0

    @property
    def missing(self) -> int:
        """Monitored, released and not there."""
        return self.monitored - self.available


class Movie(Struct, frozen=True, array_like=True):
    """One movie; the fields are columns."""

    id: int
    title: str
    year: int
    monitored: bool
    released: bool
    has_file: bool
    quality_met: bool
    is_request: bool
    upgrade: bool
    custom_format_score: int | None
    min_custom_format_score: int | None
    custom_format_met: bool
    reason: str | None


class Series(Struct, frozen=True, array_like=True):
    """One series; the fields are columns."""

    id: int
    title: str
    year: int
    tvdb_id: int
    imdb_id: str | None


class Episode(Struct, frozen=True, array_like=True):
    """One episode; the fields are columns. `released_at` is its air time in epoch seconds."""

    series_id: int
    season_number: int
    episode_number: int
    id: int
    title: str
    released_at: float | None
    monitored: bool
    released: bool
    has_file: bool
    quality_met: bool
    is_request: bool
    upgrade: bool
    custom_format_score: int | None
    min_custom_format_score: int | None
    custom_format_met: bool
    reason: str | None


class Artist(Struct, frozen=True, array_like=True):
    """One artist; the fields are columns."""

    id: int
    title: str
    disambiguation: str | None


class Album(Struct, frozen=True, array_like=True):
    """One album; the fields are columns. `released_at` is in epoch seconds."""

    artist_id: int
    id: int
    title: str
    released_at: float | None
    monitored: bool
    released: bool
    has_file: bool
    track_count: int
    track_file_count: int
    quality_met: bool
    is_request: bool
    upgrade: bool
    reason: str | None


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page. `total` rows match, on all pages together."""

    counts: Counts
    total: int
    rows: list[T]


class PageRange(NamedTuple):
    """Which part of everything that matches; `page` counts from 0."""

    page: int
    page_size: int


class MovieFilter(Struct, frozen=True):
    """What movies must be, None for any. Years are inclusive."""

    year_min: int | None = None
    year_max: int | None = None
    monitored: bool | None = None
    has_file: bool | None = None
    quality_met: bool | None = None
    is_request: bool | None = None


class _Condition(NamedTuple):
    """A part of a WHERE clause, and the values of its marks."""

    sql: str
    values: tuple[Any, ...] = ()


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
    database: Database, category: str, title: str, wanted: MovieFilter, window: PageRange
) -> ListPage[Movie]:
    """A page of movies with `title` somewhere in theirs, in any case."""
    where = _all_of(_of(category), *_titled(category, "movies", title), *_movie_is(wanted))
    # the columns of movie_counts are those that movies are filtered by
    total = "count(*) FROM movies" if title else "ifnull(sum(number), 0) FROM movie_counts"
    return await _page(database, category, "radarr", "movies", Movie, where, window, total)


async def series(
    database: Database, category: str, title: str, window: PageRange, *, missing: bool
) -> ListPage[tuple[Series, list[Episode]]]:
    """A page of series with all of their episodes, by season and number; `missing`: only series that lack one."""
    where = _all_of(_of(category), *_titled(category, "series", title), *([_LACKS_EPISODE] if missing else []))
    found = await _page(database, category, "sonarr", "series", Series, where, window)
    owners = [row.id for row in found.rows]
    order = "series_id, season_number, episode_number, id"
    episodes = await _parts(database, category, "episodes", Episode, owners, order)
    return ListPage(found.counts, found.total, [(row, episodes.get(row.id, [])) for row in found.rows])


async def artists(
    database: Database, category: str, title: str, window: PageRange, *, missing: bool
) -> ListPage[tuple[Artist, list[Album]]]:
    """A page of artists with all of their albums, oldest first; `missing`: only artists that lack one."""
    where = _all_of(_of(category), *_titled(category, "artists", title), *([_LACKS_ALBUM] if missing else []))
    found = await _page(database, category, "lidarr", "artists", Artist, where, window)
    owners = [row.id for row in found.rows]
    order = "artist_id, released_at IS NULL, released_at, id"
    albums = await _parts(database, category, "albums", Album, owners, order)
    return ListPage(found.counts, found.total, [(row, albums.get(row.id, [])) for row in found.rows])


async def sizes(database: Database) -> list[tuple[str, str, int, Counts]]:
    """Category, kind, number of items and counts of everything that was synced."""
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
    window: PageRange,
    total: str | None = None,
) -> ListPage[T]:
    """One statement, so that counts, total and rows are of the same moment.

    The rows before the page are skipped in the index, without looking at their other columns. `total` is how what
    matches is counted, unless by its rows.
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
                    SELECT category, id FROM {table} WHERE {where.sql} ORDER BY sort_title, id LIMIT ? OFFSET ?
                ) JOIN {table} USING (category, id)
            ) AS page
            WHERE catalogue.category = ? AND catalogue.kind = ? AND catalogue.synced_at IS NOT NULL
            ORDER BY page.sort_title, page.id""",
        (
            *(() if everything else where.values),
            *where.values,
            window.page_size,
            window.page * window.page_size,
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
    database: Database, category: str, table: str, row: type[T], owners: Sequence[int], order: str
) -> dict[int, list[T]]:
    """The parts of each owner, whose id is the first column and the first of the order."""
    columns = row.__struct_fields__  # type: ignore[attr-defined]
    owner, marks = columns[0], ", ".join("?" * len(owners))
    rows = await database.rows(
        f"SELECT {', '.join(columns)} FROM {table} WHERE category = ? AND {owner} IN ({marks}) ORDER BY {order}",
        (category, *owners),
    )
    return {key: _typed(list(group), row) for key, group in groupby(rows, key=itemgetter(0))}


def _of(category: str) -> _Condition:
    return _Condition("category = ?", (category,))


def _titled(category: str, table: str, part: str) -> list[_Condition]:
    """Whatever somebody types is text: nothing in it is an operator or a wildcard.

    The index knows parts of three letters; shorter ones are looked for in every title.
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


def _movie_is(wanted: MovieFilter) -> list[_Condition]:
    terms = {
        "year >= ?": wanted.year_min,
        "year <= ?": wanted.year_max,
        "monitored = ?": wanted.monitored,
        "has_file = ?": wanted.has_file,
        "quality_met = ?": wanted.quality_met,
        "is_request = ?": wanted.is_request,
    }
    return [_Condition(sql, (value,)) for sql, value in terms.items() if value is not None]


def _all_of(*conditions: _Condition) -> _Condition:
    values = tuple(value for condition in conditions for value in condition.values)
    return _Condition(" AND ".join(condition.sql for condition in conditions), values)


def _typed(rows: list[Row], row: type[T]) -> list[T]:
    """SQLite knows no booleans; they come as 0 and 1."""
    return msgspec.convert(rows, list[row], strict=False)  # type: ignore[valid-type]
