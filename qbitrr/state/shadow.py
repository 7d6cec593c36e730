"""Actions that were decided on while Shadow was on, and not done: each once for a torrent and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.verdict import Decision
from qbitrr.state.ledger import DECISION_COLUMNS, decision_values, split_decision

if TYPE_CHECKING:
    from qbitrr.state.database import Database
    from qbitrr.state.ledger import LedgerFilter


class ShadowEntry(Decision, frozen=True):
    """One decision. `gone_at` is when the torrent left its qBittorrent all the same; times are epoch seconds."""

    id: int
    decided_at: float
    gone_at: float | None


async def record(database: Database, decision: Decision, now: float) -> bool:
    """Write a decision unless it is there already; returns whether it was new."""
    values = (*decision_values(decision), now)
    sql = f"INSERT OR IGNORE INTO shadow ({DECISION_COLUMNS}, decided_at) VALUES ({', '.join('?' * len(values))})"
    return await database.write(sql, values) > 0


async def page(database: Database, limit: int, chosen: LedgerFilter) -> list[ShadowEntry]:
    """Read the newest decisions that match, newest first; `state` must be None, as none of them has a state."""
    where, values = chosen.where("decided_at")
    sql = f"SELECT {DECISION_COLUMNS}, id, decided_at, gone_at FROM shadow WHERE {where} ORDER BY id DESC LIMIT ?"
    rows = map(split_decision, await database.rows(sql, (*values, limit)))
    return [
        ShadowEntry(**decision, id=entry_id, decided_at=decided_at, gone_at=gone_at)
        for decision, (entry_id, decided_at, gone_at) in rows
    ]
