"""Media requests of users, and the items of the catalogue that are requested.

`is_request` of an item follows from both: who changes one of them sets it again in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database

# Any id that both sides know is enough. An unknown id is 0 or NULL in the catalogue and NULL in a request.
_MARK_MOVIES = """
    UPDATE {tables}movies SET is_request = NOT is_request
    WHERE category = ?1 AND is_request <> ifnull(
        tmdb_id IN (SELECT tmdb_id FROM requests WHERE category = ?1 AND tmdb_id IS NOT NULL)
        OR imdb_id IN (SELECT imdb_id FROM requests WHERE category = ?1 AND imdb_id IS NOT NULL), 0)"""
_MARK_EPISODES = """
    WITH requested AS MATERIALIZED (
        SELECT one.id AS series_id, requests.season AS season FROM {tables}series AS one CROSS JOIN requests
        WHERE one.category = ?1 {series} AND requests.category = ?1 AND (
            requests.tvdb_id = one.tvdb_id OR requests.tmdb_id = one.tmdb_id OR requests.imdb_id = one.imdb_id)
    )
    UPDATE {tables}episodes SET is_request = NOT is_request
    WHERE category = ?1 AND (is_request OR series_id IN (SELECT series_id FROM requested))
    AND is_request <> ((series_id, season_number) IN (SELECT series_id, season FROM requested)
                       OR (series_id, -1) IN (SELECT series_id, season FROM requested))"""
_MARK = {"radarr": _MARK_MOVIES, "sonarr": _MARK_EPISODES}
_ITEMS = {"radarr": "movies", "sonarr": "episodes"}
_PARENTS = {"radarr": "id", "sonarr": "series_id"}

Row = tuple[int | None, int | None, str | None, int | None]
"""Ids of TMDB, TVDB and IMDb, and a season: NULL for a movie, -1 for a whole series."""


class RequestChanges(NamedTuple):
    """Numbers of new and withdrawn requests, and of items whose `is_request` changed."""

    added: int
    withdrawn: int
    items: int


def marking(kind: str, tables: str = "main.") -> str | None:
    """Return the statement that sets `is_request` in tables with this prefix; None for a kind without requests.

    Its parameter is the category; it changes only rows whose value is another.
    """
    sql = _MARK.get(kind)
    return sql and sql.format(tables=tables, series="")


def marking_of_one(kind: str) -> str | None:
    """Return the statement that does so for one movie or series, whose number is its second parameter."""
    sql = _MARK.get(kind)
    return sql and f"{sql} AND {_PARENTS[kind]} = ?2".format(tables="main.", series="AND one.id = ?2")


async def replace(database: Database, category: str, kind: str, rows: Iterable[Row]) -> RequestChanges:
    """Store the present requests; those that are not among them are withdrawn."""
    requested = set(rows)
    sql = "SELECT tmdb_id, tvdb_id, imdb_id, season FROM requests WHERE category = ?"
    stored = set(await database.rows(sql, (category,)))
    if stored == requested:
        return RequestChanges(0, 0, 0)
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM requests WHERE category = ?", (category,))
        await transaction.execute_many(
            "INSERT INTO requests VALUES (?, ?, ?, ?, ?)", [(category, *row) for row in requested]
        )
        await transaction.execute(_MARK[kind].format(tables="main.", series=""), (category,))
        ((items,),) = await transaction.rows("SELECT changes()")  # of a statement that begins with WITH
        await transaction.execute(
            f"""UPDATE catalogue SET requests = (
                    SELECT ifnull(sum(is_request), 0) FROM {_ITEMS[kind]} WHERE category = ?1)
                WHERE category = ?1""",
            (category,),
        )
    return RequestChanges(len(requested - stored), len(stored - requested), items)
