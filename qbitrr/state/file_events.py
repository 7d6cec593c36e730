"""Grabs and imports in the history of an Arr, and how far that was read; see `qbitrr.rules.supersession`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from qbitrr.rules.supersession import FileEvent, HistoryReading, Witness

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from qbitrr.state.database import Database

KEPT_SECONDS = 30 * 86400.0
"""For which events stay that are about no item of a torrent that is there."""
MOST_EVENTS = 500_000
"""Of a category; beyond that the oldest go."""
_COLUMNS = "id, at, download, item, part, file"
_AT_ONCE = 500
_DROPPED_AT_ONCE = 20_000  # more than one reading adds
_ITEMS = {"radarr": "movies", "sonarr": "episodes", "lidarr": "albums"}
_OF_TORRENTS = "SELECT upper(infohash) FROM torrents WHERE category = ?1"


async def reading(database: Database, category: str) -> HistoryReading:
    """Read how far the history was read."""
    sql = "SELECT newest, page, reached, witnesses FROM history_readings WHERE category = ?"
    row = await database.row(sql, (category,))
    if row is None:
        return HistoryReading()
    witnesses = msgspec.json.decode(row[3], type=tuple[Witness, ...])
    return HistoryReading(row[0], row[1], math.inf if row[2] is None else row[2], witnesses)


async def store(database: Database, category: str, found: HistoryReading, events: Iterable[FileEvent]) -> None:
    """Store events, and how far the history was read with them."""
    rows = [(category, one.id, one.at, one.download, one.item, one.part, one.file) for one in events]
    reached = None if found.reached == math.inf else found.reached
    witnesses = msgspec.json.encode(found.witnesses).decode()
    async with database.transaction() as transaction:
        await transaction.execute_many("INSERT OR REPLACE INTO file_events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        await transaction.execute(
            "INSERT OR REPLACE INTO history_readings VALUES (?, ?, ?, ?, ?)",
            (category, found.newest, found.page, reached, witnesses),
        )


async def drop_after(database: Database, category: str, event: int) -> None:
    """Drop what came after an event, as the Arr may have lost it with its database."""
    await database.write("DELETE FROM file_events WHERE category = ? AND id > ?", (category, event))


async def drop_old(database: Database, category: str, now: float) -> None:
    """Drop events of a month ago about items of no torrent that is there, and the oldest when there are too many."""
    async with database.transaction() as transaction:
        await transaction.execute(
            f"""DELETE FROM file_events WHERE category = ?1 AND id IN (
                    SELECT id FROM file_events WHERE category = ?1 AND at < ?2 AND item NOT IN
                    (SELECT item FROM file_events WHERE category = ?1 AND download IN ({_OF_TORRENTS})) LIMIT ?3
                )""",
            (category, now - KEPT_SECONDS, _DROPPED_AT_ONCE),
        )
        await transaction.execute(
            """DELETE FROM file_events WHERE category = ?1 AND id <=
               (SELECT id FROM file_events WHERE category = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)""",
            (category, MOST_EVENTS),
        )


async def oldest_torrent(database: Database, category: str) -> float | None:
    """Return when the oldest torrent that is there was added; None without one."""
    row = await database.row("SELECT min(added_at) FROM torrents WHERE category = ?", (category,))
    return row[0] if row else None


async def suspects(database: Database, category: str, kind: str, *, deleted: bool) -> frozenset[str]:
    """Find the downloads of present torrents each of whose items a later download brought, or the library lacks.

    `deleted`: whether the latter counts. Nothing is proven by that: the Arr is asked about these.
    """
    rows = await database.rows(suspects_sql(kind), (category, deleted))
    return frozenset(row[0] for row in rows)


def suspects_sql(kind: str) -> str:
    """Write the query of `suspects`: by its index, events of an item are found among those of a hundred thousand."""
    return f"""WITH own AS (
            SELECT download, item, max(id) AS last FROM file_events
            WHERE category = ?1 AND download IN ({_OF_TORRENTS}) GROUP BY download, item
        ), judged AS (
            SELECT own.download, EXISTS (
                SELECT 1 FROM file_events AS later INDEXED BY file_events_by_item
                WHERE later.category = ?1 AND later.item = own.item AND later.id > own.last
                AND later.file > 0 AND later.download NOT IN ('', own.download)
            ) OR (
                ?2 AND EXISTS (SELECT 1 FROM catalogue WHERE category = ?1 AND synced_at IS NOT NULL)
                AND own.item NOT IN (SELECT id FROM {_ITEMS[kind]} WHERE category = ?1)
            ) AS gone FROM own
        )
        SELECT download FROM judged GROUP BY download HAVING min(gone)"""


async def of_download(database: Database, category: str, download: str) -> list[FileEvent]:
    """Read the events of a download."""
    return await _read(database, "category = ? AND download = ?", (category, download))


async def of_items(database: Database, category: str, items: Collection[int]) -> list[FileEvent]:
    """Read the events of items."""
    numbers, found = sorted(items), []
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        found += await _read(database, f"category = ? AND item IN ({', '.join('?' * len(some))})", (category, *some))
    return found


async def _read(database: Database, where: str, values: tuple[object, ...]) -> list[FileEvent]:
    rows = await database.rows(f"SELECT {_COLUMNS} FROM file_events WHERE {where} ORDER BY id", values)
    return [FileEvent(*row) for row in rows]
