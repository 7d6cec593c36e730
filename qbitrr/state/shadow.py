"""What would have been done, had not Shadow been on: each action once for each torrent and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qbitrr.state.database import Database
    from qbitrr.state.ledger import LedgerFilter


class ShadowEntry(Struct, frozen=True):
    """One action that was not done. `gone_at` (epoch seconds) is when the torrent left its client all the same."""

    id: int
    category: str
    instance: str
    infohash: str
    name: str
    added_at: float
    action: str
    rule: str
    because: str
    facts: dict[str, Any]
    decided_at: float
    gone_at: float | None


_COLUMNS = ", ".join(ShadowEntry.__struct_fields__)


async def record(
    database: Database,
    *,
    category: str,
    instance: str,
    infohash: str,
    name: str,
    added_at: float,
    action: str,
    rule: str,
    because: str,
    facts: Mapping[str, Any],
    now: float,
) -> bool:
    """Write an action down unless it is there already; returns whether it was new."""
    sql = f"INSERT OR IGNORE INTO would ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
    encoded = msgspec.json.encode(facts).decode()
    values = (category, instance, infohash, name, added_at, action, rule, because, encoded, now)
    return await database.write(sql, values) > 0


async def left(database: Database, category: str, torrents: Iterable[tuple[str, str]], now: float) -> None:
    """Note that torrents, given as (instance, infohash), are gone."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "UPDATE would SET gone_at = ? WHERE category = ? AND instance = ? AND infohash = ? AND gone_at IS NULL",
            [(now, category, *key) for key in torrents],
        )


async def page(database: Database, limit: int, wanted: LedgerFilter) -> list[ShadowEntry]:
    """The newest of the wanted actions, newest first; none of them has a state."""
    where, values = wanted.where("decided_at")
    rows = await database.rows(f"SELECT {_COLUMNS} FROM would WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit))
    place = ShadowEntry.__struct_fields__.index("facts")
    return [ShadowEntry(*(*row[:place], msgspec.json.decode(row[place]), *row[place + 1 :])) for row in rows]
