"""`torrents/<hash>/explain`: what was done to a torrent, and why nothing was."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.web.answers import moment
from qbitrr.errors import NotFoundError
from qbitrr.state import ledger, verdicts


class ExplainRequest(Struct, frozen=True):
    """The torrent that is meant."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]


class RuleStep(Struct, frozen=True):
    """The outcome of one rule: pass (it does not apply), stop (nothing is to be done) or act."""

    rule: str
    outcome: str
    because: str
    facts: dict[str, Any]


class VerdictView(Struct, frozen=True):
    """The present verdict on the torrent at one qBittorrent: the rule that decided, and all that were evaluated."""

    instance: str
    category: str
    name: str
    action: str
    rule: str
    because: str
    since: datetime
    trace: list[RuleStep]


class Explanation(Struct, frozen=True):
    """`torrents` has one entry for each qBittorrent that has it, `history` is the oldest first."""

    hash: str
    torrents: list[VerdictView]
    history: list[Decision]


async def explain(context: HandlerContext, request: ExplainRequest) -> Explanation:
    """Explain what was done to a torrent, the verdict on it now, and every rule that was evaluated."""
    infohash = request.hash.lower()
    stored = await verdicts.of_torrent(context.database, infohash)
    history = await ledger.of_torrent(context.database, infohash)
    if not stored and not history:
        raise NotFoundError(f"Nothing is known of a torrent {infohash}")
    return Explanation(infohash, [_view(verdict) for verdict in stored], [decision(entry) for entry in history])


def _view(verdict: verdicts.StoredVerdict) -> VerdictView:
    return VerdictView(
        instance=verdict.instance,
        category=verdict.category,
        name=verdict.name,
        action=verdict.action,
        rule=verdict.rule,
        because=verdict.because,
        since=moment(verdict.since),
        trace=[RuleStep(step["rule"], step["outcome"], step["because"], step["facts"]) for step in verdict.trace],
    )
