"""`decisions`: what was done to torrents, the newest first."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from control.context import Context
from control.times import moment
from qbitrr.state import ledger


class DecisionsRequest(Struct, frozen=True):
    """Which decisions."""

    limit: Annotated[int, Meta(description="How many, 1 to 500.", extra={"lowest": 1, "highest": 500})] = 50
    category: Annotated[str, Meta(description="Only of this category.")] = ""


class Decision(Struct, frozen=True, rename="camel"):
    """One action on a torrent: by which rule, on which facts, how far it got and how it ended.

    `state` is planned, done, failed, held or undone. `notes` hold what its steps needed and found.
    """

    id: int
    category: str
    instance: str
    hash: str
    name: str
    added_at: datetime
    action: str
    rule: str
    because: str
    facts: dict[str, Any]
    state: str
    step: str
    notes: dict[str, Any]
    outcome: str | None
    planned_at: datetime
    updated_at: datetime


class Decisions(Struct, frozen=True):
    """The newest decisions."""

    decisions: list[Decision]


async def read(context: Context, request: DecisionsRequest) -> Decisions:
    """What was done to torrents and why, the newest first."""
    categories = [request.category] if request.category else None
    entries = await ledger.latest(context.database, request.limit, categories)
    return Decisions([decision(entry) for entry in entries])


def decision(entry: ledger.Entry) -> Decision:
    """An entry of the ledger as it is shown."""
    return Decision(
        id=entry.id,
        category=entry.category,
        instance=entry.instance,
        hash=entry.infohash,
        name=entry.name,
        added_at=moment(entry.added_at),
        action=entry.action,
        rule=entry.rule,
        because=entry.because,
        facts=entry.facts,
        state=entry.state,
        step=entry.step,
        notes=entry.notes,
        outcome=entry.outcome,
        planned_at=moment(entry.planned_at),
        updated_at=moment(entry.updated_at),
    )
