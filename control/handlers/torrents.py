"""`torrents/<hash>/explain`: what was done to a torrent, and why nothing was."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.web.answers import moment
from control.worker_lookup import send
from qbitrr import ipc
from qbitrr.errors import NotFoundError, NotReadyError
from qbitrr.state import ledger, verdicts

_PATIENCE_SECONDS = 1.5
_POLL_SECONDS = 0.05


class ExplainRequest(Struct, frozen=True):
    """The torrent that is meant."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]


class RuleStep(Struct, frozen=True):
    """The outcome of one rule: pass (it does not apply), stop (nothing is to be done) or act."""

    rule: str
    outcome: str
    because: str
    facts: dict[str, Any]


class ForecastView(Struct, frozen=True):
    """What would be decided at `revisitAt` if nothing but time changed."""

    action: str
    rule: str
    because: str


class VerdictView(Struct, frozen=True, rename="camel"):
    """The present verdict on the torrent at one qBittorrent: the rule that decided, and all that were evaluated.

    The facts were measured at `measuredAt`. At `revisitAt` time alone may change the verdict, to `forecast` if nothing
    else changes. Without it only a change of the torrent, of its Arr or of the configuration can.
    """

    instance: str
    category: str
    name: str
    action: str
    rule: str
    because: str
    since: datetime
    measured_at: datetime
    revisit_at: datetime | None
    forecast: ForecastView | None
    trace: list[RuleStep]


class Explanation(Struct, frozen=True):
    """`torrents` has one entry for each qBittorrent that has it, `history` is the oldest first."""

    hash: str
    torrents: list[VerdictView]
    history: list[Decision]


async def explain(context: HandlerContext, request: ExplainRequest) -> Explanation:
    """Explain what was done to a torrent, the verdict on it now, and every rule that was evaluated.

    Its workers are asked to judge it now; one that does not within a moment is left with what it measured before.
    """
    infohash = request.hash.lower()
    stored = await _judged_now(context, infohash)
    history = await ledger.of_torrent(context.database, infohash)
    if not stored and not history:
        raise NotFoundError(f"Nothing is known of a torrent {infohash}")
    return Explanation(infohash, [_view(verdict) for verdict in stored], [decision(entry) for entry in history])


async def _judged_now(context: HandlerContext, infohash: str) -> list[verdicts.StoredVerdict]:
    asked_at = context.clock.wall()
    stored = await verdicts.of_torrent(context.database, infohash)
    asked = {verdict.category for verdict in stored if _ask(context, verdict.category, infohash)}
    deadline = context.clock.monotonic() + _PATIENCE_SECONDS
    while context.clock.monotonic() < deadline and any(
        verdict.category in asked and verdict.measured_at < asked_at for verdict in stored
    ):
        await asyncio.sleep(_POLL_SECONDS)
        stored = await verdicts.of_torrent(context.database, infohash)
    return stored


def _ask(context: HandlerContext, category: str, infohash: str) -> bool:
    try:
        send(context, category, ipc.Explain(infohash))
    except NotReadyError:
        return False
    return True


def _view(verdict: verdicts.StoredVerdict) -> VerdictView:
    later = verdict.forecast
    return VerdictView(
        instance=verdict.instance,
        category=verdict.category,
        name=verdict.name,
        action=verdict.action,
        rule=verdict.rule,
        because=verdict.because,
        since=moment(verdict.since),
        measured_at=moment(verdict.measured_at),
        revisit_at=None if verdict.revisit_at is None else moment(verdict.revisit_at),
        forecast=None if later is None else ForecastView(later.action, later.rule, later.because),
        trace=[RuleStep(step["rule"], step["outcome"], step["because"], step["facts"]) for step in verdict.trace],
    )
