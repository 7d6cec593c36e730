"""What is stored of each torrent while it is there.

Its category, checked files, strikes, seeding time, refusals of its trackers, and what the user answered about it. All
of it, and the verdict, is forgotten together when the torrent is gone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import DESTRUCTIVE, Action
from qbitrr.state.schema import BY_TORRENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qbitrr.state.database import Database


class StoredTorrent(NamedTuple):
    """One torrent of a category; `added_at` (epoch seconds) tells it from an earlier one with the same key.

    `qbit_category` is the category in qBittorrent that it belongs to, also while the user has it in another one.
    """

    instance: str
    infohash: str
    added_at: float
    qbit_category: str


class StoredFileCheck(NamedTuple):
    """A torrent whose files need nothing more; `rules` is a fingerprint of the rules by which they were checked."""

    instance: str
    infohash: str
    added_at: float
    rules: str


class StoredStrikes(NamedTuple):
    """Time (seconds) and number of observations of a torrent in one kind of trouble; see `rules.strikes`.

    `left_bytes` is what was left to download when counting started.
    """

    instance: str
    infohash: str
    kind: str
    added_at: float
    seconds: float
    observations: int
    left_bytes: int


class StoredSeedingTime(NamedTuple):
    """The seeding time of one torrent, in seconds."""

    instance: str
    infohash: str
    added_at: float
    seconds: float


class StoredRefusals(NamedTuple):
    """Consecutive refusals of one torrent by one tracker; times are epoch seconds."""

    instance: str
    infohash: str
    host: str
    kind: str
    added_at: float
    times: int
    first_at: float
    last_at: float


class StoredImportAnswer(NamedTuple):
    """What the user answered (epoch seconds) about a torrent that the Arr does not import, while it says `words`."""

    instance: str
    infohash: str
    added_at: float
    choice: str
    words: str
    answered_at: float

    @property
    def key(self) -> TorrentKey:
        """The torrent that is meant."""
        return TorrentKey(self.instance, self.infohash)


Stored = TypeVar("Stored", bound=NamedTuple)

# of each kind of row: its table, and how many of its fields are the key within the category
_TABLES: dict[type[NamedTuple], tuple[str, int]] = {
    StoredTorrent: ("torrents", 2),
    StoredFileCheck: ("file_checks", 2),
    StoredStrikes: ("strikes", 3),
    StoredSeedingTime: ("seeding_times", 2),
    StoredRefusals: ("tracker_refusals", 4),
    StoredImportAnswer: ("import_answers", 2),
}


_REMOVING = ", ".join(f"'{action}'" for action in sorted(DESTRUCTIVE))
_DEPART = f"""INSERT INTO departures (category, instance, infohash, name, added_at, left_at, seen_at, state, moved_to,
        action, rule, because, revisit_at, forecast)
    SELECT torrents.category, torrents.instance, torrents.infohash, ifnull(verdicts.name, ''), torrents.added_at,
        ?4, ?5, ?6, ?7, action, rule, because, revisit_at, forecast
    FROM torrents LEFT JOIN verdicts USING (category, instance, infohash)
    WHERE torrents.category = ?1 AND torrents.instance = ?2 AND torrents.infohash = ?3 AND NOT EXISTS (
        SELECT 1 FROM ledger WHERE ledger.infohash = torrents.infohash AND ledger.instance = torrents.instance
        AND ledger.added_at = torrents.added_at AND action IN ({_REMOVING}) AND state IN ('planned', 'done'))"""


class LastSeen(NamedTuple):
    """What was seen last of a torrent that is missed: when (epoch seconds), None when that is not known, and its state.

    `moved_to` is the category that it is in now, None when its client has it no more.
    """

    at: float | None = None
    state: str = ""
    moved_to: str | None = None


class Departure(NamedTuple):
    """A torrent that left without us: its client has it no more, or in no category of ours. Times in epoch seconds.

    `state` is that in which it was seen last, empty when it is not known, `moved_to` the category that it is in now.
    """

    category: str
    instance: str
    infohash: str
    name: str
    left_at: float
    state: str
    moved_to: str | None


_OF_DEPARTURE = ", ".join(Departure._fields)


async def departures(database: Database, infohash: str) -> list[Departure]:
    """Read when a torrent left without us, oldest first."""
    sql = f"SELECT {_OF_DEPARTURE} FROM departures WHERE infohash = ? ORDER BY id"
    return [Departure._make(row) for row in await database.rows(sql, (infohash,))]


async def departures_since(database: Database, since: float) -> dict[str, int]:
    """Count the torrents that left without us since a time, by category."""
    sql = "SELECT category, count(*) FROM departures INDEXED BY departures_by_age WHERE left_at >= ? GROUP BY category"
    return {row[0]: row[1] for row in await database.rows(sql, (since,))}


async def left_unimported(database: Database, category: str, since: float) -> list[Departure]:
    """Read which torrents left without us since a time and were never imported, oldest first; a thousand at most.

    Of those that were there before the ledger began nothing is known.
    """
    sql = f"""SELECT {_OF_DEPARTURE} FROM departures
        WHERE category = ?1 AND left_at > ?2
        AND added_at > (SELECT planned_at FROM ledger WHERE category = ?1 ORDER BY id LIMIT 1) AND NOT EXISTS (
            SELECT 1 FROM ledger WHERE ledger.infohash = departures.infohash
            AND ledger.instance = departures.instance AND ledger.added_at = departures.added_at
            AND action IN ('{Action.IMPORT}', '{Action.MANUAL_IMPORT}', '{Action.FAIL_REST}') AND state = 'done')
        ORDER BY id DESC LIMIT 1000"""
    rows = await database.rows(sql, (category, since))
    return [Departure._make(row) for row in reversed(rows)]


async def read(database: Database, category: str, kind: type[Stored]) -> list[Stored]:
    """Read all rows of one kind of a category."""
    table, _ = _TABLES[kind]
    rows = await database.rows(f"SELECT {', '.join(kind._fields)} FROM {table} WHERE category = ?", (category,))
    return [kind._make(row) for row in rows]


async def save(
    database: Database,
    category: str,
    kind: type[Stored],
    rows: Iterable[Stored],
    dropped: Iterable[tuple[str, ...]] = (),
) -> None:
    """Store rows, each in place of the one with the same key, after those were dropped that are given by their keys."""
    table, width = _TABLES[kind]
    columns = ("category", *kind._fields)
    key = " AND ".join(f"{column} = ?" for column in columns[: width + 1])
    insert = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    async with database.transaction() as transaction:
        await transaction.execute_many(f"DELETE FROM {table} WHERE {key}", [(category, *one) for one in dropped])
        await transaction.execute_many(insert, [(category, *row) for row in rows])


async def keys(database: Database, category: str) -> set[TorrentKey]:
    """Read the keys of all torrents of a category of which something is stored."""
    sql = " UNION ".join(f"SELECT instance, infohash FROM {table} WHERE category = ?1" for table in BY_TORRENT)
    return {TorrentKey(*row) for row in await database.rows(sql, (category,))}


async def forget(
    database: Database,
    category: str,
    gone: Iterable[tuple[str, str]],
    now: float,
    seen: Mapping[TorrentKey, LastSeen] = MappingProxyType({}),
) -> None:
    """Drop all that is stored of torrents, given as (instance, infohash); decisions of Shadow on them note the time.

    Those that no action of ours removes, or has removed, are stored as departed, with what was `seen` of them last.
    """
    torrents = [(category, *key) for key in gone]
    departing = [(*key, now, *seen.get(TorrentKey(*key[1:]), LastSeen())) for key in torrents]
    of_torrent = "category = ? AND instance = ? AND infohash = ?"
    async with database.transaction() as transaction:
        await transaction.execute_many(_DEPART, departing)
        for table in BY_TORRENT:
            await transaction.execute_many(f"DELETE FROM {table} WHERE {of_torrent}", torrents)
        await transaction.execute_many(
            f"UPDATE shadow SET gone_at = ? WHERE {of_torrent} AND gone_at IS NULL", [(now, *key) for key in torrents]
        )
