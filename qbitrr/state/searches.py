"""Search history of the items, the search plan, the last search of each category, and the search budgets.

The budgets are in the state file, so that restarts do not refill them. Each is read and written in one transaction, as
all workers share one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr.rules.search.plan import Again

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Sequence

    from qbitrr.state.database import Database, Row, Transaction

_PAGE_ROWS = 2000
_FINISHED = "has_file AND quality_met AND custom_format_met AND NOT upgrade"
# of each kind: the columns of the key, and the fields of `rules.search.plan.Item` up to `tags`
_KEYS = {
    "radarr": ("id",),
    "sonarr": ("series_id", "season_number", "episode_number", "id"),
    "lidarr": ("artist_id", "id"),
}
_TABLES = {"radarr": "movies", "sonarr": "episodes", "lidarr": "albums"}
_YEAR = "CAST(ifnull(strftime('%Y', rows.released_at, 'unixepoch'), '0') AS INTEGER)"
_ITEMS = {
    "radarr": "id, 0, NULL, NULL, title, year, rows.released_at, is_request, has_file, quality_met,"
    " custom_format_met, upgrade, rows.tags",
    "sonarr": f"id, series_id, season_number, episode_number, title, {_YEAR}, rows.released_at, is_request, has_file,"
    " quality_met, custom_format_met, upgrade,"
    " (SELECT tags FROM series WHERE series.category = rows.category AND series.id = rows.series_id)",
    "lidarr": f"id, artist_id, NULL, NULL, title, {_YEAR}, rows.released_at, is_request, has_file, quality_met, 1,"
    " upgrade, (SELECT tags FROM artists WHERE artists.category = rows.category AND artists.id = rows.artist_id)",
}
_HISTORY = "searches.at, ifnull(searches.tries, 0), searches.released_at, searches.again"


class StoredBudget(NamedTuple):
    """Tokens of a budget at a moment of both clocks."""

    tokens: float
    wall: float
    monotonic: float


class StoredPause(NamedTuple):
    """Since when (epoch seconds) the searches of a category are paused, and by whom."""

    paused_at: float
    by: str


class PendingSeason(NamedTuple):
    """A search for a season whose outcome is not known: its command, and when the Arr queued that by its own clock."""

    command: int
    queued: str
    series_id: int
    season: int


class EmptySeason(NamedTuple):
    """A season of which something is missing, and when its last search as a whole was found to be in vain."""

    title: str
    season: int
    empty_at: float


class StoredSeries(NamedTuple):
    """A series: its title, the seasons that are not monitored, and episodes as fields of `rules.search.plan.Item`."""

    title: str
    unmonitored_seasons: frozenset[int]
    episodes: list[Row]


async def unfinished(
    database: Database, category: str, kind: str, *, unmonitored: bool
) -> AsyncIterator[list[tuple[object, ...]]]:
    """Read items that are released and not finished, some rows at a time, as the fields of `rules.search.plan.Item`."""
    key, table = _KEYS[kind], _TABLES[kind]
    finished = _FINISHED if kind != "lidarr" else _FINISHED.replace("custom_format_met AND ", "")
    after: Sequence[object] = [-1] * len(key)
    columns = ", ".join(f"rows.{column}" for column in key)
    while True:
        rows = await database.rows(
            f"""SELECT {columns}, {_ITEMS[kind]}, {_HISTORY}
                FROM {table} AS rows LEFT JOIN searches USING (category, id)
                WHERE category = ? AND ({columns}) > ({", ".join("?" * len(key))})
                AND (monitored OR ?) AND (released OR has_file) AND NOT ({finished})
                ORDER BY {columns} LIMIT {_PAGE_ROWS}""",
            (category, *after, unmonitored),
        )
        if rows:
            yield [row[len(key) :] for row in rows]
        if len(rows) < _PAGE_ROWS:
            return
        after = rows[-1][: len(key)]


async def of_items(database: Database, category: str, kind: str, ids: Iterable[int]) -> list[Row]:
    """Read items by id, as the fields of `rules.search.plan.Item`; unknown ones are left out."""
    chosen = list(ids)
    places = ", ".join("?" * len(chosen))
    return await database.rows(
        f"""SELECT {_ITEMS[kind]}, {_HISTORY} FROM {_TABLES[kind]} AS rows LEFT JOIN searches USING (category, id)
            WHERE category = ? AND id IN ({places})""",
        (category, *chosen),
    )


async def of_series(database: Database, category: str, series_id: int) -> StoredSeries:
    """Read a series with its monitored episodes that have aired, in order; one that is gone has no title."""
    found = await database.row(
        "SELECT title, unmonitored_seasons FROM series WHERE category = ? AND id = ?", (category, series_id)
    )
    title, seasons = found or ("", "")
    rows = await database.rows(
        f"""SELECT {_ITEMS["sonarr"]}, {_HISTORY} FROM episodes AS rows LEFT JOIN searches USING (category, id)
            WHERE category = ? AND series_id = ? AND monitored AND (released OR has_file)
            ORDER BY season_number, episode_number""",
        (category, series_id),
    )
    return StoredSeries(title, frozenset(map(int, seasons.split())), rows)


async def record(transaction: Transaction, category: str, kind: str, ids: Iterable[int], at: float) -> None:
    """Record a search for items: one more, or the first one since their release date changed."""
    await transaction.execute_many(
        f"""INSERT INTO searches SELECT category, id, ?, 1, released_at, NULL FROM {_TABLES[kind]}
            WHERE category = ? AND id = ?
            ON CONFLICT DO UPDATE SET at = excluded.at, released_at = excluded.released_at, again = NULL,
                tries = CASE WHEN released_at IS excluded.released_at THEN tries + 1 ELSE 1 END""",
        [(at, category, item_id) for item_id in ids],
    )


async def to_repeat(database: Database) -> dict[str, int]:
    """Count the items of each category that are searched again at once."""
    return dict(
        await database.rows("SELECT category, count(*) FROM searches WHERE again IS NOT NULL GROUP BY category")
    )


async def read(database: Database, category: str, ids: Iterable[int]) -> list[Row]:
    """Read the search history of some items as it is stored."""
    chosen = list(ids)
    places = ", ".join("?" * len(chosen))
    return await database.rows(f"SELECT * FROM searches WHERE category = ? AND id IN ({places})", (category, *chosen))


async def tries(database: Database, category: str, item_id: int) -> tuple[int, float | None]:
    """Read how often an item was searched, and when last (epoch seconds); None for never."""
    row = await database.row("SELECT tries, at FROM searches WHERE category = ? AND id = ?", (category, item_id))
    return (0, None) if row is None else (row[0], row[1])


async def restore(database: Database, category: str, ids: Iterable[int], rows: Sequence[Row]) -> None:
    """Put back what `read` returned, as the search was refused after all."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "DELETE FROM searches WHERE category = ? AND id = ?", [(category, item_id) for item_id in ids]
        )
        await transaction.execute_many("INSERT INTO searches VALUES (?, ?, ?, ?, ?, ?)", rows)


async def budget(transaction: Transaction, category: str) -> StoredBudget | None:
    """Read the budget of a category, or the shared one for an empty name; None before the first search."""
    rows = await transaction.rows("SELECT tokens, wall, monotonic FROM search_budgets WHERE category = ?", (category,))
    return StoredBudget(*rows[0]) if rows else None


async def budgets(database: Database) -> dict[str, StoredBudget]:
    """Read the budgets of all categories that searched, and the shared one under the empty name."""
    rows = await database.rows("SELECT category, tokens, wall, monotonic FROM search_budgets")
    return {category: StoredBudget(*row) for category, *row in rows}


async def store_budget(transaction: Transaction, category: str, tokens: float, wall: float, monotonic: float) -> None:
    """Store a budget."""
    await transaction.execute(
        """INSERT INTO search_budgets (category, tokens, wall, monotonic) VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET tokens = excluded.tokens, wall = excluded.wall, monotonic = excluded.monotonic""",
        (category, tokens, wall, monotonic),
    )


async def store_plan(database: Database, category: str, plan: str) -> None:
    """Store what will be searched next, as JSON."""
    await database.write(
        """INSERT INTO search_plans VALUES (?, ?)
           ON CONFLICT DO UPDATE SET plan = excluded.plan WHERE plan <> excluded.plan""",
        (category, plan),
    )


async def stored_plan(database: Database, category: str) -> str | None:
    """Read what `store_plan` stored; None before the first plan."""
    row = await database.row("SELECT plan FROM search_plans WHERE category = ?", (category,))
    return row[0] if row else None


async def store_last(database: Database, category: str, summary: str, at: float) -> None:
    """Store the last search of a category, as a sentence and its time, for the process list."""
    await database.write("INSERT OR REPLACE INTO last_searches VALUES (?, ?, ?)", (category, summary, at))


async def last(database: Database, category: str) -> tuple[str, float] | None:
    """Read the last search of a category: sentence and epoch seconds; None before the first one."""
    row = await database.row("SELECT summary, at FROM last_searches WHERE category = ?", (category,))
    return (row[0], row[1]) if row else None


async def store_pause(database: Database, category: str, pause: StoredPause | None) -> None:
    """Store that the searches of a category are paused, or with None that they are not."""
    if pause is None:
        await database.write("DELETE FROM search_pauses WHERE category = ?", (category,))
    else:
        await database.write("INSERT OR REPLACE INTO search_pauses VALUES (?, ?, ?)", (category, *pause))


async def pause(database: Database, category: str) -> StoredPause | None:
    """Read whether the searches of a category are paused; None when they are not."""
    row = await database.row("SELECT paused_at, by FROM search_pauses WHERE category = ?", (category,))
    return StoredPause._make(row) if row else None


# -- whole seasons ------------------------------------------------------------------------------------------------


async def expect_seasons(database: Database, category: str, ids: Iterable[int], command: int, queued: str) -> None:
    """Store that whole seasons are searched by a command: those of the given episodes."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            """INSERT OR REPLACE INTO season_searches
               SELECT category, series_id, season_number, ?, ?, NULL FROM episodes WHERE category = ? AND id = ?""",
            [(command, queued, category, item_id) for item_id in ids],
        )


async def pending_seasons(database: Database, category: str) -> list[PendingSeason]:
    """Read the searches for seasons whose outcome is not known."""
    rows = await database.rows(
        "SELECT command, queued, series_id, season FROM season_searches WHERE category = ? AND command IS NOT NULL",
        (category,),
    )
    return [PendingSeason(*row) for row in rows]


async def settle_season(database: Database, category: str, found: PendingSeason, empty_at: float | None) -> None:
    """Store the outcome of a search for a season; its missing episodes are searched again when it was in vain.

    `empty_at` is None when it was not, or is not known to have been.
    """
    key = (category, found.series_id, found.season)
    async with database.transaction() as transaction:
        await transaction.execute(
            """UPDATE season_searches SET command = NULL, queued = NULL, empty_at = ?
               WHERE category = ? AND series_id = ? AND season = ? AND command = ?""",
            (empty_at, *key, found.command),
        )
        if empty_at is not None:
            await transaction.execute(
                f"""UPDATE searches SET again = '{Again.SEASON}' WHERE category = ?1 AND id IN (
                        SELECT id FROM episodes WHERE category = ?1 AND series_id = ?2 AND season_number = ?3
                        AND NOT has_file)""",
                key,
            )


async def empty_since(database: Database, category: str, series_id: int) -> dict[int, float]:
    """Read the seasons of a series whose last search as a whole was in vain, with the time when that was found."""
    rows = await database.rows(
        "SELECT season, empty_at FROM season_searches WHERE category = ? AND series_id = ? AND empty_at IS NOT NULL",
        (category, series_id),
    )
    return dict(rows)


async def empty_seasons(database: Database, category: str, since: float) -> list[EmptySeason]:
    """Read the seasons with missing episodes whose last search as a whole was found to be in vain after `since`."""
    rows = await database.rows(
        """SELECT series.title, season, empty_at FROM season_searches AS found
           JOIN series ON series.category = found.category AND series.id = found.series_id
           WHERE found.category = ? AND empty_at > ? AND EXISTS (
               SELECT 1 FROM episodes WHERE episodes.category = found.category AND episodes.series_id = found.series_id
               AND season_number = season AND monitored AND released AND NOT has_file)
           ORDER BY series.sort_title, season""",
        (category, since),
    )
    return [EmptySeason(*row) for row in rows]


async def drop_gone_seasons(database: Database, category: str) -> None:
    """Drop what is stored of seasons whose series is gone. An empty library is no proof that all of them are."""
    await database.write(
        """DELETE FROM season_searches WHERE category = ?1
           AND EXISTS (SELECT 1 FROM catalogue WHERE category = ?1 AND synced_at IS NOT NULL)
           AND EXISTS (SELECT 1 FROM series WHERE category = ?1)
           AND series_id NOT IN (SELECT id FROM series WHERE category = ?1)""",
        (category,),
    )


# -- indexers -----------------------------------------------------------------------------------------------------


async def note_outage(database: Database, category: str, good_at: float) -> None:
    """Store since when no indexer may have answered, unless that is known already."""
    await database.write("INSERT OR IGNORE INTO indexer_outages VALUES (?, ?)", (category, good_at))


async def outage(database: Database, category: str) -> float | None:
    """Read since when no indexer may have answered (epoch seconds); None while one does."""
    row = await database.row("SELECT good_at FROM indexer_outages WHERE category = ?", (category,))
    return row[0] if row else None


async def end_outage(
    database: Database, category: str, since: float, until: float, grabbed: Collection[int], most: int
) -> int:
    """Note that an indexer answers again, and that what was searched meanwhile is to be searched again.

    Items that were `grabbed` are left out; of more than `most` the newest searches count. Returns their number.
    """
    async with database.transaction() as transaction:
        rows = await transaction.rows(
            "SELECT id FROM searches WHERE category = ? AND at BETWEEN ? AND ? ORDER BY at DESC",
            (category, since, until),
        )
        chosen = [item_id for (item_id,) in rows if item_id not in grabbed][:most]
        await transaction.execute_many(
            f"UPDATE searches SET again = '{Again.INDEXERS}' WHERE category = ? AND id = ?",
            [(category, item_id) for item_id in chosen],
        )
        await transaction.execute("DELETE FROM indexer_outages WHERE category = ?", (category,))
    return len(chosen)
