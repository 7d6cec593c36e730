"""The last verdict on each torrent with its whole trace, written only when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Row


class StoredVerdict(Struct, frozen=True):
    """A verdict on a torrent, since when it holds (epoch seconds), and every rule that was applied."""

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


async def of_torrent(database: Database, infohash: str) -> list[StoredVerdict]:
    """Read the verdicts on a torrent, one for each instance that has it."""
    sql = f"SELECT {_COLUMNS} FROM verdicts WHERE infohash = ? ORDER BY instance"
    return [_verdict(row) for row in await database.rows(sql, (infohash,))]


def _encoded(trace: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(trace).decode()
