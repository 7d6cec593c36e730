"""`decisions`: what was done to torrents, and what Shadow kept from being done, the newest first."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.web.answers import moment
from control.web.errors import invalid
from qbitrr.clock import from_iso, to_iso
from qbitrr.rules.verdict import ActionState
from qbitrr.state import ledger, shadow


class DecisionsRequest(Struct, frozen=True):
    """Conditions on decisions; one that is left out is met by all."""

    limit: Annotated[int, Meta(description="How many, 1 to 500.", extra={"lowest": 1, "highest": 500})] = 50
    category: Annotated[str, Meta(description="Only of this category.")] = ""
    action: Annotated[str, Meta(description="Only this action: import, fail, recheck, skip_files, …")] = ""
    rule: Annotated[str, Meta(description="Only those of this rule.")] = ""
    state: Annotated[
        str, Meta(description="Only planned, awaiting_approval, done, failed, cancelled or undone ones.")
    ] = ""
    q: Annotated[str, Meta(description="Only those with this text in name or reason, in any case.")] = ""
    since: Annotated[str, Meta(description="Only those planned at this time or later, ISO 8601.")] = ""
    until: Annotated[str, Meta(description="Only those planned before this time, ISO 8601.")] = ""
    before: Annotated[
        int, Meta(description="Only those that are older than this one: `next` of the page before.", ge=0)
    ] = 0
    shadow: Annotated[bool, Meta(description="What Shadow kept from being done.")] = False


class Decision(Struct, frozen=True, rename="camel"):
    """One action on a torrent: its rule and facts, its progress and its end.

    `state` is would for what Shadow kept from being done. `notes` hold what its steps need and found.
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
    state: Literal[ActionState, "would"]
    step: str
    notes: dict[str, Any]
    outcome: str | None
    planned_at: datetime
    updated_at: datetime


class Decisions(Struct, frozen=True):
    """A page of decisions. `next` is the `before` of the next page, null after the last one.

    A page of those with a text (`q`) may be short: it searches the next 10,000 decisions, and the next page goes on.
    """

    decisions: list[Decision]
    next: int | None


async def read(context: HandlerContext, request: DecisionsRequest) -> Decisions:
    """List what was done to torrents and why, the newest first.

    With `shadow`, what would have been done while Shadow was on.
    """
    conditions = ledger.LedgerFilter(
        categories=[request.category] if request.category else None,
        action=request.action or None,
        rule=request.rule or None,
        state=None if request.shadow else request.state or None,
        since=_moment("since", request.since),
        until=_moment("until", request.until),
        before=request.before or None,
        text=request.q or None,
    )
    if request.shadow:
        shown = [_shadow_decision(entry) for entry in await shadow.page(context.database, request.limit, conditions)]
        return Decisions(shown, shown[-1].id if len(shown) == request.limit else None)
    page = await ledger.page(context.database, request.limit, conditions)
    return Decisions([decision(entry) for entry in page.entries], page.next)


def decision(entry: ledger.Entry) -> Decision:
    """Convert an entry of the ledger to the form of an answer."""
    return _view(
        entry,
        state=entry.state,
        step=entry.step,
        notes=entry.notes,
        outcome=entry.outcome,
        planned_at=entry.planned_at,
        updated_at=entry.updated_at,
    )


def _shadow_decision(entry: shadow.ShadowEntry) -> Decision:
    return _view(
        entry,
        state="would",
        step="",
        notes={},
        outcome=f"it left its client all the same at {to_iso(entry.gone_at)}" if entry.gone_at else None,
        planned_at=entry.decided_at,
        updated_at=entry.gone_at or entry.decided_at,
    )


def _view(
    entry: ledger.Entry | shadow.ShadowEntry,
    *,
    state: Literal[ActionState, "would"],
    step: str,
    notes: dict[str, Any],
    outcome: str | None,
    planned_at: float,
    updated_at: float,
) -> Decision:
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
        state=state,
        step=step,
        notes=notes,
        outcome=outcome,
        planned_at=moment(planned_at),
        updated_at=moment(updated_at),
    )


def _moment(parameter: str, text: str) -> float | None:
    """Convert a parameter to epoch seconds, None when it was left out. Raises BadRequestError."""
    if not text:
        return None
    at = from_iso(text)
    if at is None:
        raise invalid(parameter, text, "Must be a date or time as in ISO 8601, such as 2026-11-25T12:00:00Z")
    return at
