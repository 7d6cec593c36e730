"""The last verdict on each torrent with its whole trace, written only when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from qbitrr.rules.facts import TorrentKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qbitrr.state.database import Database, Row


class StoredVerdict(Struct, frozen=True):
    """What was decided on a torrent, since when (epoch seconds), and every rule that was asked."""

    category: str
    instance: str
    infohash: str
    name: str
    action: str
    rule: str
    because: str
    trace: list[dict[str, Any]]
    since: float


_COLUMNS = ", ".join(StoredVerdict.__struct_fields__)


def _verdict(row: Row) -> StoredVerdict:
    fields = dict(zip(StoredVerdict.__struct_fields__, row, strict=True))
    fields["trace"] = msgspec.json.decode(fields["trace"])
    return StoredVerdict(**fields)


async def store(database: Database, verdicts: Sequence[StoredVerdict]) -> None:
    """Write verdicts that differ from the stored ones."""
    rows = [
        (v.category, v.instance, v.infohash, v.name, v.action, v.rule, v.because, _encoded(v.trace), v.since)
        for v in verdicts
    ]
    async with database.transaction() as transaction:
        await transaction.execute_many(
            f"INSERT OR REPLACE INTO verdicts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


async def forget(database: Database, category: str, torrents: Iterable[tuple[str, str]]) -> None:
    """Drop the verdicts on torrents, given as (instance, infohash), that are no longer there."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "DELETE FROM verdicts WHERE category = ? AND instance = ? AND infohash = ?",
            [(category, instance, infohash) for instance, infohash in torrents],
        )


async def keys_of_category(database: Database, category: str) -> list[TorrentKey]:
    """Instance and infohash of every torrent of a category that has a verdict."""
    sql = "SELECT instance, infohash FROM verdicts WHERE category = ?"
    return [TorrentKey(*row) for row in await database.rows(sql, (category,))]


async def of_torrent(database: Database, infohash: str) -> list[StoredVerdict]:
    """The verdicts on a torrent, one for each instance that holds it."""
    sql = f"SELECT {_COLUMNS} FROM verdicts WHERE infohash = ? ORDER BY instance"
    return [_verdict(row) for row in await database.rows(sql, (infohash,))]


def _encoded(trace: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(trace).decode()
