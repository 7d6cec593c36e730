"""The last verdict on each torrent with its whole trace, written only when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Row


class Forecast(Struct, frozen=True):
    """What would be decided at a later time if nothing but time changed."""

    action: str
    rule: str
    because: str


class StoredVerdict(Struct, frozen=True):
    """A verdict on a torrent and every rule that was applied; times in epoch seconds.

    It holds since `since`; the facts in the trace were measured at `measured_at`. At `revisit_at` time alone may change
    it, to `forecast` if nothing else changes; both are None when time alone does not. The forecast is known once the
    verdict was explained.
    """

    category: str
    instance: str
    infohash: str
    name: str
    action: str
    rule: str
    because: str
    trace: list[dict[str, Any]]
    since: float
    measured_at: float = 0.0
    revisit_at: float | None = None
    forecast: Forecast | None = None


_COLUMNS = ", ".join(StoredVerdict.__struct_fields__)


_PLACES = ", ".join("?" * len(StoredVerdict.__struct_fields__))


def _verdict(row: Row) -> StoredVerdict:
    fields = dict(zip(StoredVerdict.__struct_fields__, row, strict=True))
    fields["trace"] = msgspec.json.decode(fields["trace"])
    if fields["forecast"] is not None:
        fields["forecast"] = msgspec.json.decode(fields["forecast"], type=Forecast)
    return StoredVerdict(**fields)


async def store(database: Database, verdicts: Sequence[StoredVerdict]) -> None:
    """Write verdicts that differ from the stored ones."""
    rows = [_row(verdict) for verdict in verdicts]
    async with database.transaction() as transaction:
        await transaction.execute_many(
            f"INSERT OR REPLACE INTO verdicts ({_COLUMNS}) VALUES ({_PLACES})",
            rows,
        )


async def of_torrent(database: Database, infohash: str) -> list[StoredVerdict]:
    """Read the verdicts on a torrent, one for each instance that has it."""
    sql = f"SELECT {_COLUMNS} FROM verdicts WHERE infohash = ? ORDER BY instance"
    return [_verdict(row) for row in await database.rows(sql, (infohash,))]


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _row(verdict: StoredVerdict) -> tuple[Any, ...]:
    fields = msgspec.structs.asdict(verdict)
    fields["trace"] = _encoded(verdict.trace)
    fields["forecast"] = None if verdict.forecast is None else _encoded(verdict.forecast)
    return tuple(fields.values())
