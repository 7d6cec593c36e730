"""Writing the catalogue: a full sync is staged and then committed as one generation.

Rows arrive in batches in temporary tables that only this connection sees. A commit compares them with the stored rows
and writes only what differs, in one transaction, so that a crash leaves the old rows or the new ones. The first
generation of a category is written in batches, as lists do not show the category before it is complete.
"""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from msgspec import convert
from msgspec.structs import astuple

from qbitrr.rules.library.items import AlbumRow
from qbitrr.state import media_requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from qbitrr.rules.library.items import Row, TrackRow
    from qbitrr.state.database import Database, Transaction

BATCH_ROWS = 2000

# The tables of each kind: the first holds what is counted and searched, the last what is listed.
TABLES = {
    "radarr": ("movies",),
    "sonarr": ("episodes", "series"),
    "lidarr": ("albums", "artists"),
}
_TO_COME = {"sonarr": "episodes", "lidarr": "albums"}  # tables whose rows are released by time passing
_PARENTS = {"episodes": "series_id", "albums": "artist_id"}  # columns; the other tables are of parents themselves
_SCORED = {"radarr": "movies", "sonarr": "episodes"}  # Lidarr has no scores of albums
_COUNTS = ("items", "monitored", "available", "quality_met", "requests")
_IDS_AT_ONCE = 500


class SyncChanges(NamedTuple):
    """Numbers of rows that a generation changed."""

    changed: int
    removed: int


class StoredScores(NamedTuple):
    """Custom format scores: of an item's file, None without one, and the minimum of its profile, None if not known."""

    of_file: int | None
    minimum: int | None


class Generation:
    """A full sync under way. Only one at a time on a connection."""

    def __init__(self, database: Database, category: str, kind: str) -> None:
        self._database = database
        self._category = category
        self._kind = kind
        self._unstaged: dict[str, list[Row]] = {table: [] for table in TABLES[kind]}

    async def start(self, source: str) -> None:
        """Start empty. `source` is the address of the Arr; a catalogue from another one is not shown any more."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                """INSERT INTO catalogue (category, kind, source) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET kind = excluded.kind, source = excluded.source, synced_at = NULL
                   WHERE kind <> excluded.kind OR source <> excluded.source""",
                (self._category, self._kind, source),
            )
            for table in TABLES[self._kind]:
                await transaction.execute(f"DROP TABLE IF EXISTS temp.staged_{table}")
                await transaction.execute(f"CREATE TEMP TABLE staged_{table} AS SELECT * FROM main.{table} LIMIT 0")

    async def add(self, table: str, rows: Sequence[Row]) -> None:
        """Add some rows, which are staged many together."""
        self._unstaged[table] += rows
        if len(self._unstaged[table]) >= BATCH_ROWS:
            await self._stage(table)

    async def _stage(self, table: str) -> None:
        rows, self._unstaged[table] = self._unstaged[table], []
        if rows:
            sql = _insertion(f"temp.staged_{table}", rows[0])
            await self._database.write_many(sql, [(self._category, *astuple(row)) for row in rows])

    async def commit(self, now: float) -> SyncChanges:
        """Put the added rows in place of the stored ones; returns what that changed."""
        for table in TABLES[self._kind]:
            await self._stage(table)
        for sql in (media_requests.marking(self._kind, "temp.staged_"), _counting_missing(self._kind, "temp.staged_")):
            if sql:
                await self._database.write(sql, (self._category,))
        synced = await self._database.row("SELECT synced_at FROM catalogue WHERE category = ?", (self._category,))
        async with self._database.large_cache():
            changes = await (self._replace(now) if synced and synced[0] is not None else self._fill(now))
        for table in TABLES[self._kind]:
            await self._database.write(f"DROP TABLE temp.staged_{table}")
        return changes

    async def _fill(self, now: float) -> SyncChanges:
        """Write the first generation in short transactions, as nothing of the category is shown yet."""
        changed = removed = 0
        for table in TABLES[self._kind]:
            removed += await self._database.write(
                f"DELETE FROM main.{table} WHERE category = ?",
                (self._category,),
            )
            last = (await self._database.rows(f"SELECT ifnull(max(rowid), 0) FROM temp.staged_{table}"))[0][0]
            for start in range(0, last, BATCH_ROWS):
                await self._database.write(
                    f"INSERT INTO main.{table} SELECT * FROM temp.staged_{table} WHERE rowid > ? AND rowid <= ?",
                    (start, start + BATCH_ROWS),
                )
            changed += last
        async with self._database.transaction() as transaction:
            await _count(transaction, self._category, self._kind)
            await _mark_synced(transaction, self._category, now)
        return SyncChanges(changed, removed)

    async def _replace(self, now: float) -> SyncChanges:
        """Write what differs in one transaction."""
        tables = TABLES[self._kind]
        for table in tables:
            # compared before the transaction, which is then as short as the difference; only this worker writes these
            await self._database.write(f"DROP TABLE IF EXISTS temp.fresh_{table}")
            await self._database.write(
                f"""CREATE TEMP TABLE fresh_{table} AS SELECT * FROM temp.staged_{table}
                    EXCEPT SELECT * FROM main.{table} WHERE category = ?""",
                (self._category,),
            )
        changed = removed = 0
        async with self._database.transaction() as transaction:
            for table in tables:
                rows = f"main.{table} WHERE category = ? AND id"
                removed += await transaction.execute(
                    f"DELETE FROM {rows} NOT IN (SELECT id FROM temp.staged_{table})",
                    (self._category,),
                )
                # deleted, not overwritten: the key of an episode holds its number, which may be what changed
                await transaction.execute(
                    f"DELETE FROM {rows} IN (SELECT id FROM temp.fresh_{table})",
                    (self._category,),
                )
                changed += await transaction.execute(f"INSERT INTO main.{table} SELECT * FROM temp.fresh_{table}")
            await _count(transaction, self._category, self._kind)
            await _mark_synced(transaction, self._category, now)
        for table in tables:
            await self._database.write(f"DROP TABLE temp.fresh_{table}")
        return SyncChanges(changed, removed)


class Comparison:
    """Comparison of a list of movies, series or artists with the stored ones. Nothing is written.

    The ids of the list are in memory, and what differs.
    """

    def __init__(self, database: Database, category: str, kind: str) -> None:
        self._database = database
        self._category = category
        self._kind = kind
        self._unread: dict[int, int] = {}  # of which the stored fingerprints are to be read, many together
        self._listed: set[int] = set()
        self._different: dict[int, int | None] = {}

    async def add(self, fingerprints: Iterable[tuple[int, int]]) -> None:
        """Add some ids with their fingerprints."""
        self._unread.update(fingerprints)
        if len(self._unread) >= _IDS_AT_ONCE:
            await self._read_stored()

    async def differences(self, limit: int) -> dict[int, int | None]:
        """Find ids whose fingerprint is not the stored one, at most `limit`; None for stored ones that were not added.

        Empty when nothing was added: that is no proof that everything is gone.
        """
        await self._read_stored()
        if not self._listed:
            return {}
        gone = [number async for number in self._stored() if number not in self._listed]
        return dict(islice((self._different | dict.fromkeys(gone)).items(), limit))

    async def _read_stored(self) -> None:
        unread, self._unread = list(self._unread.items()), {}
        for start in range(0, len(unread), _IDS_AT_ONCE):
            some = dict(unread[start : start + _IDS_AT_ONCE])
            stored = await fingerprints(self._database, self._category, self._kind, list(some))
            for number, fingerprint in some.items():
                self._different.pop(number, None)  # a list may have an id twice
                if stored.get(number) != fingerprint:
                    self._different[number] = fingerprint
            self._listed.update(some)

    async def _stored(self) -> AsyncIterator[int]:
        """Read all stored ids, some at a time."""
        sql = f"SELECT id FROM {TABLES[self._kind][-1]} WHERE category = ? AND id > ? ORDER BY id LIMIT {BATCH_ROWS}"
        last: int | None = -sys.maxsize
        while last is not None:
            numbers = [number for (number,) in await self._database.rows(sql, (self._category, last))]
            for number in numbers:
                yield number
            last = numbers[-1] if numbers else None


async def fingerprints(database: Database, category: str, kind: str, ids: Sequence[int]) -> dict[int, int]:
    """Read the stored fingerprints of some movies, series or artists."""
    places = ", ".join("?" * len(ids))
    sql = f"SELECT id, fingerprint FROM {TABLES[kind][-1]} WHERE category = ? AND id IN ({places})"
    return dict(await database.rows(sql, (category, *ids)))


async def replace_parent(
    database: Database, category: str, kind: str, parent_id: int, rows: Mapping[str, Sequence[Row]]
) -> None:
    """Replace one movie, series or artist with all that belongs to it by `rows` of each table, none if it is gone.

    Only rows that differ are written: of a series of hundreds of episodes one has changed as a rule.
    """
    async with database.transaction() as transaction:
        before = await _counts_of(transaction, category, kind, parent_id)
        for table in TABLES[kind]:
            await _replace_rows(transaction, category, table, parent_id, rows.get(table, ()))
        if marking := media_requests.marking_of_one(kind):
            await transaction.execute(marking, (category, parent_id))
        owner = _PARENTS.get(TABLES[kind][0])
        if owner is not None:
            of_one = _counting_missing(kind, which=f"category = ?1 AND {owner} = ?2")
            await transaction.execute(of_one, (category, parent_id))
        after = await _counts_of(transaction, category, kind, parent_id)
        await transaction.execute(
            f"UPDATE catalogue SET {', '.join(f'{one} = {one} + ?' for one in _COUNTS)} WHERE category = ?",
            (*(now - then for now, then in zip(after, before, strict=True)), category),
        )


async def _replace_rows(
    transaction: Transaction, category: str, table: str, parent_id: int, rows: Sequence[Row]
) -> None:
    of_parent = f"category = ? AND {_PARENTS.get(table, 'id')} = ?"
    if not rows:
        await transaction.execute(f"DELETE FROM {table} WHERE {of_parent}", (category, parent_id))
        return
    columns = ", ".join(rows[0].__struct_fields__)
    stored = set(await transaction.rows(f"SELECT {columns} FROM {table} WHERE {of_parent}", (category, parent_id)))
    present = dict.fromkeys(map(astuple, rows))
    # deleted, not overwritten: the key of an episode holds its number, which may be what changed
    outdated = [(category, parent_id, row[0]) for row in stored - present.keys()]
    await transaction.execute_many(f"DELETE FROM {table} WHERE {of_parent} AND id = ?", outdated)
    fresh = [(category, *row) for row in present if row not in stored]
    await transaction.execute_many(_insertion(table, rows[0]), fresh)


async def is_from(database: Database, category: str, kind: str, source: str) -> bool:
    """Whether the catalogue was read from the Arr at this address."""
    row = await database.row("SELECT kind, source FROM catalogue WHERE category = ?", (category,))
    return row == (kind, source)


async def synced_at(database: Database, category: str) -> float | None:
    """Return when the library was last read in full; None before the first time."""
    row = await database.row("SELECT synced_at FROM catalogue WHERE category = ?", (category,))
    return row[0] if row else None


async def sync_times(database: Database) -> list[tuple[str, float | None, int]]:
    """Read when each library was last read in full, and how many items it has."""
    return await database.rows("SELECT category, synced_at, items FROM catalogue ORDER BY category")


async def release(database: Database, category: str, kind: str, now: float) -> int:
    """Mark items as released whose release date has passed; returns how many."""
    table = _TO_COME.get(kind)
    if table is None:
        return 0
    due = "category = ? AND NOT released AND released_at <= ?"
    if table == "albums":  # without known tracks it is not released
        due += " AND track_count > 0"
    if await database.row(f"SELECT 1 FROM {table} WHERE {due} LIMIT 1", (category, now)) is None:
        return 0
    async with database.transaction() as transaction:
        count = await transaction.execute(
            f"""UPDATE {table} SET released = 1,
                reason = CASE reason WHEN 'Unreleased' THEN 'Missing' ELSE reason END WHERE {due}""",
            (category, now),
        )
        await transaction.execute(_counting_missing(kind), (category,))
        await _count(transaction, category, kind)
    return count


async def artists_with_other_tracks(database: Database, category: str) -> list[int]:
    """Find artists with an album that lists another number of tracks, or of tracks with a file, than is stored.

    Album by album: files that were matched to the wrong one go to another of the same artist, as many as before.
    """
    rows = await database.rows(
        """SELECT DISTINCT artist_id FROM (
               SELECT artist_id, id AS album_id, track_count AS tracks, track_file_count AS files
               FROM albums WHERE category = ?1
               UNION ALL
               SELECT artist_id, album_id, -count(*), -sum(has_file)
               FROM tracks WHERE category = ?1 GROUP BY artist_id, album_id
           ) GROUP BY artist_id, album_id HAVING sum(tracks) <> 0 OR sum(files) <> 0""",
        (category,),
    )
    return [row[0] for row in rows]


class StoredArtist(NamedTuple):
    """An artist, its quality profile by name, and its fingerprint in the Arr's list."""

    id: int
    quality_profile: str
    fingerprint: int


async def artists_with_other_files(database: Database, category: str) -> dict[int, StoredArtist]:
    """Find artists that have complete albums and were not the same when the quality of their files was read."""
    rows = await database.rows(
        """SELECT id, quality_profile, artists.fingerprint FROM artists
           LEFT JOIN artist_files AS read ON read.category = artists.category AND artist_id = id
           WHERE artists.category = ?1 AND read.fingerprint IS NOT artists.fingerprint
           AND EXISTS (SELECT 1 FROM albums WHERE albums.category = ?1 AND artist_id = artists.id AND has_file)""",
        (category,),
    )
    return {row[0]: StoredArtist(*row) for row in rows}


async def albums_below_cutoff(database: Database, category: str) -> set[int]:
    """Read the albums whose files were found to miss the quality cutoff."""
    rows = await database.rows("SELECT id FROM albums WHERE category = ? AND has_file AND NOT quality_met", (category,))
    return {row[0] for row in rows}


async def albums_of(database: Database, category: str, artist_id: int) -> list[AlbumRow]:
    """Read the albums of one artist."""
    columns = ", ".join(AlbumRow.__struct_fields__)
    sql = f"SELECT {columns} FROM albums WHERE category = ? AND artist_id = ?"
    return [convert(row, AlbumRow, strict=False) for row in await database.rows(sql, (category, artist_id))]


async def store_quality(database: Database, category: str, artist: StoredArtist, changed: Sequence[AlbumRow]) -> None:
    """Store the quality of albums that is another than before, and that the files of their artist were read."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "UPDATE albums SET quality_met = ?, upgrade = ?, reason = ? WHERE category = ? AND id = ?",
            [(album.quality_met, album.upgrade, album.reason, category, album.id) for album in changed],
        )
        await transaction.execute(
            "INSERT OR REPLACE INTO artist_files VALUES (?, ?, ?)", (category, artist.id, artist.fingerprint)
        )
        if changed:
            await _count(transaction, category, "lidarr")


async def replace_tracks(database: Database, category: str, artist_id: int, rows: Sequence[TrackRow]) -> None:
    """Store the tracks of one artist."""
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM tracks WHERE category = ? AND artist_id = ?", (category, artist_id))
        if rows:
            await transaction.execute_many(_insertion("tracks", rows[0]), [(category, *astuple(row)) for row in rows])


async def drop_orphaned_tracks(database: Database, category: str) -> None:
    """Drop the tracks of artists that are gone, and what is known of their files."""
    for table in ("tracks", "artist_files"):
        await database.write(
            f"""DELETE FROM {table} WHERE category = ?1
                AND artist_id NOT IN (SELECT id FROM artists WHERE category = ?1)""",
            (category,),
        )


async def scores(database: Database, category: str, kind: str, items: Iterable[int]) -> dict[int, StoredScores]:
    """Read the scores of those items that the catalogue has; `kind` is radarr, sonarr or lidarr."""
    table = _SCORED.get(kind)
    ids = sorted(set(items)) if table else []
    found: dict[int, StoredScores] = {}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        rows = await database.rows(
            f"""SELECT id, has_file, custom_format_score, min_custom_format_score FROM {table}
                WHERE category = ? AND id IN ({", ".join("?" * len(some))})""",
            (category, *some),
        )
        found |= {item: StoredScores(score if has_file else None, minimum) for item, has_file, score, minimum in rows}
    return found


def _insertion(table: str, row: Row) -> str:
    """Return the statement that inserts rows like this one, whose fields are the columns after the category."""
    columns = ("category", *row.__struct_fields__)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _counting_missing(kind: str, prefix: str = "", which: str = "category = ?1") -> str:
    """Return the statement that counts what is missing of each series or artist; empty for movies, which have no parts.

    Owners of which nothing is missing are not written: they have 0 already. `which` of the parts is counted.
    """
    parts, owners = TABLES[kind][0], TABLES[kind][-1]
    owner = _PARENTS.get(parts)
    if owner is None:
        return ""
    return f"""UPDATE {prefix}{owners} SET missing = number FROM (
                   SELECT {owner}, count(*) AS number FROM {prefix}{parts}
                   WHERE {which} AND monitored AND released AND NOT has_file GROUP BY {owner}
               ) WHERE category = ?1 AND id = {owner} AND missing <> number"""


async def _count(transaction: Transaction, category: str, kind: str) -> None:
    """Count the whole category."""
    await transaction.execute(
        f"UPDATE catalogue SET ({', '.join(_COUNTS)}) = ({_counting(kind)}) WHERE category = ?1", (category,)
    )


async def _counts_of(transaction: Transaction, category: str, kind: str, parent_id: int) -> tuple[int, ...]:
    """Read what one movie, series or artist adds to the counts of its category."""
    part = f"AND {_PARENTS.get(TABLES[kind][0], 'id')} = ?2"
    [counts] = await transaction.rows(_counting(kind, "AND id = ?2", part), (category, parent_id))
    return counts


def _counting(kind: str, which: str = "", which_parts: str = "") -> str:
    """Return the query of the counts, in the order of _COUNTS.

    What is not released yet counts as monitored only when it has a file.
    """
    parts, owners = TABLES[kind][0], TABLES[kind][-1]
    return f"""SELECT (SELECT count(*) FROM {owners} WHERE category = ?1 {which}),
                   ifnull(sum(monitored AND (released OR has_file)), 0), ifnull(sum(monitored AND has_file), 0),
                   ifnull(sum(quality_met), 0), ifnull(sum(is_request), 0)
               FROM {parts} WHERE category = ?1 {which_parts}"""


async def _mark_synced(transaction: Transaction, category: str, now: float) -> None:
    await transaction.execute("UPDATE catalogue SET synced_at = ? WHERE category = ?", (now, category))
