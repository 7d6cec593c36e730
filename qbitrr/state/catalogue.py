"""Writing the catalogue: a full sync is staged aside and taken over as one generation.

Rows arrive in batches in temporary tables that only this connection sees. Taking over compares them with what is
there and changes only what differs, in one transaction, so a crash leaves the old picture or the new one. The very
first generation is written in batches, as nobody is shown the category before it is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr.state import media_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Transaction

BATCH_ROWS = 2000

# The tables of each kind: the first holds what is counted and wanted, the last what is listed.
TABLES = {
    "radarr": ("movies",),
    "sonarr": ("episodes", "series"),
    "lidarr": ("albums", "artists"),
}
_TO_COME = {"sonarr": "episodes", "lidarr": "albums"}  # tables whose rows are released by time passing
_PARENTS = {"episodes": "series_id", "albums": "artist_id"}  # columns; the other tables are of parents themselves


class SyncChanges(NamedTuple):
    """What a generation changed, in rows."""

    changed: int
    removed: int


class Generation:
    """A full sync under way. Only one at a time on a connection."""

    def __init__(self, database: Database, category: str, kind: str) -> None:
        self._database = database
        self._category = category
        self._kind = kind

    async def begin(self, source: str) -> None:
        """Start empty. `source` is the address of the Arr: what another one said is forgotten."""
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

    async def add(self, table: str, rows: Sequence[NamedTuple]) -> None:
        """Stage some rows; their fields are the columns."""
        if not rows:
            return
        columns = ("category", *rows[0]._fields)
        sql = f"INSERT INTO temp.staged_{table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        await self._database.write_many(sql, [(self._category, *row) for row in rows])

    async def commit(self, now: float) -> SyncChanges:
        """Take over what was staged; returns what it changed."""
        if sql := media_requests.marking(self._kind, "temp.staged_"):
            await self._database.write(sql, (self._category,))
        synced = await self._database.row("SELECT synced_at FROM catalogue WHERE category = ?", (self._category,))
        if synced is None or synced[0] is None:
            difference = await self._fill(now)
        else:
            difference = await self._replace(now)
        for table in TABLES[self._kind]:
            await self._database.write(f"DROP TABLE temp.staged_{table}")
        return difference

    async def _fill(self, now: float) -> SyncChanges:
        """The first generation: nothing of the category is shown yet, so short transactions suffice."""
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
        tables = TABLES[self._kind]
        for table in tables:
            # compared before the transaction, which then is as short as the difference: nobody else writes these rows
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
    """The marks of all movies, series or artists, compared with the stored ones. Only one at a time on a connection."""

    def __init__(self, database: Database, category: str, kind: str) -> None:
        self._database = database
        self._category = category
        self._table = TABLES[kind][-1]

    async def begin(self) -> None:
        """Start empty."""
        await self._database.write("DROP TABLE IF EXISTS temp.compared")
        await self._database.write("CREATE TEMP TABLE compared (id INTEGER PRIMARY KEY, mark INTEGER NOT NULL)")

    async def add(self, marks: Sequence[tuple[int, int]]) -> None:
        """Some ids with their marks."""
        await self._database.write_many("INSERT OR REPLACE INTO temp.compared VALUES (?, ?)", marks)

    async def differences(self, most: int) -> dict[int, int | None]:
        """At most so many ids with other marks than are stored; None for those that were not added.

        None at all when nothing was added: that is no proof that everything is gone.
        """
        rows = await self._database.rows(
            f"""SELECT compared.id, compared.mark FROM temp.compared
                LEFT JOIN main.{self._table} AS stored ON stored.category = ?1 AND stored.id = compared.id
                WHERE stored.mark IS NOT compared.mark
                UNION ALL
                SELECT id, NULL FROM main.{self._table} WHERE category = ?1
                AND id NOT IN (SELECT id FROM temp.compared) AND EXISTS (SELECT 1 FROM temp.compared)
                LIMIT ?2""",
            (self._category, most),
        )
        await self._database.write("DROP TABLE temp.compared")
        return dict(rows)


async def marks(database: Database, category: str, kind: str, ids: Sequence[int]) -> dict[int, int]:
    """The stored marks of some movies, series or artists."""
    places = ", ".join("?" * len(ids))
    sql = f"SELECT id, mark FROM {TABLES[kind][-1]} WHERE category = ? AND id IN ({places})"
    return dict(await database.rows(sql, (category, *ids)))


async def replace_parent(
    database: Database, category: str, kind: str, parent_id: int, rows: dict[str, Sequence[NamedTuple]]
) -> None:
    """Take over one movie, series or artist with all that belongs to it; no rows when the Arr has it no more.

    `rows` by table; their fields are the columns.
    """
    async with database.transaction() as transaction:
        for table in TABLES[kind]:
            parent = _PARENTS.get(table, "id")
            await transaction.execute(f"DELETE FROM {table} WHERE category = ? AND {parent} = ?", (category, parent_id))
            if some := rows.get(table):
                columns = ("category", *some[0]._fields)
                sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
                await transaction.execute_many(sql, [(category, *row) for row in some])
        if marking := media_requests.marking(kind):
            await transaction.execute(marking, (category,))
        await _count(transaction, category, kind)


async def is_from(database: Database, category: str, kind: str, source: str) -> bool:
    """Whether the catalogue is that of the Arr at this address."""
    row = await database.row("SELECT kind, source FROM catalogue WHERE category = ?", (category,))
    return row == (kind, source)


async def synced_at(database: Database, category: str) -> float | None:
    """When the library was read in full the last time; None while it never was."""
    row = await database.row("SELECT synced_at FROM catalogue WHERE category = ?", (category,))
    return row[0] if row else None


async def release(database: Database, category: str, kind: str, now: float) -> int:
    """Mark items whose time has come as released; returns how many."""
    table = _TO_COME.get(kind)
    if table is None:
        return 0
    due = "category = ? AND NOT released AND released_at <= ?"
    if await database.row(f"SELECT 1 FROM {table} WHERE {due} LIMIT 1", (category, now)) is None:
        return 0
    async with database.transaction() as transaction:
        count = await transaction.execute(
            f"""UPDATE {table} SET released = 1,
                reason = CASE reason WHEN 'Unreleased' THEN 'Missing' ELSE reason END WHERE {due}""",
            (category, now),
        )
        await _count(transaction, category, kind)
    return count


async def artists_with_other_tracks(database: Database, category: str) -> list[int]:
    """Artists whose albums speak of other tracks than are stored: how many there are, and how many have a file."""
    rows = await database.rows(
        """SELECT artist_id FROM (
               SELECT artist_id, sum(track_count) AS tracks, sum(track_file_count) AS files
               FROM albums WHERE category = ?1 GROUP BY artist_id
           ) LEFT JOIN (
               SELECT artist_id, count(*) AS stored, sum(has_file) AS stored_files
               FROM tracks WHERE category = ?1 GROUP BY artist_id
           ) USING (artist_id)
           WHERE (tracks, files) IS NOT (ifnull(stored, 0), ifnull(stored_files, 0))""",
        (category,),
    )
    return [row[0] for row in rows]


async def replace_tracks(database: Database, category: str, artist_id: int, rows: Sequence[NamedTuple]) -> None:
    """Store the tracks of one artist."""
    async with database.transaction() as transaction:
        await transaction.execute("DELETE FROM tracks WHERE category = ? AND artist_id = ?", (category, artist_id))
        await transaction.execute_many(
            "INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(category, *row) for row in rows]
        )


async def drop_orphaned_tracks(database: Database, category: str) -> None:
    """Forget the tracks of artists that are gone."""
    await database.write(
        """DELETE FROM tracks WHERE category = ?1
           AND artist_id NOT IN (SELECT id FROM artists WHERE category = ?1)""",
        (category,),
    )


async def _count(transaction: Transaction, category: str, kind: str) -> None:
    """Counts over the whole category. What is not released yet counts as monitored only when it is there."""
    await transaction.execute(
        f"""UPDATE catalogue SET items = (SELECT count(*) FROM {TABLES[kind][-1]} WHERE category = ?1),
                (monitored, available, quality_met, requests) = (
                SELECT ifnull(sum(monitored AND (released OR has_file)), 0), ifnull(sum(monitored AND has_file), 0),
                       ifnull(sum(quality_met), 0), ifnull(sum(is_request), 0)
                FROM {TABLES[kind][0]} WHERE category = ?1)
            WHERE category = ?1""",
        (category,),
    )


async def _mark_synced(transaction: Transaction, category: str, now: float) -> None:
    await transaction.execute("UPDATE catalogue SET synced_at = ? WHERE category = ?", (now, category))
