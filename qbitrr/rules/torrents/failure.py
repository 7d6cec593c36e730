"""Preconditions of every failure, checked last by each rule that fails a torrent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules.verdict import Action, acts, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding

DISCARDED_SECONDS = 86400
GRABS_AGAIN_SECONDS = 3600


def fails(
    because: str,
    context: RuleContext,
    policy: Policy,
    now: float,
    action: Action = Action.FAIL,
    **facts: Any,
) -> Finding:
    """Fail a torrent for the reason `because`, unless something is not known or speaks against it.

    Its Arr must list it or have grabbed it, the minimums of its trackers must be met (hit and run), no other
    qBittorrent may hold it, `Torrent.IgnoreTorrentsYoungerThan` must have passed since anything was changed about it,
    and its item must have had fewer failed downloads than `Torrent.MaxFailedGrabsPerDay`. Without an Arr it is only
    removed.
    """
    objection = _unknown(context, policy) or discarded_by_user(context, now)
    if objection is not None:
        text, again_at = objection
        return stops(f"{because}, but {text}", again_at, **facts)
    if (more := _too_soon(context, policy, now)) is not None:
        text, again_at, more_facts = more
        return stops(f"{because}, but {text}", again_at, **facts | more_facts)
    if action is Action.FAIL and (objection := not_cleared(context, now)) is not None:
        text, again_at = objection
        return stops(f"{because}, but {text}", again_at, **facts | context.clearance.facts)
    return acts(action if policy.with_arr else Action.REMOVE, because, **facts)


_Objection = tuple[str, float | None]  # a clause, and when to judge again


def _unknown(context: RuleContext, policy: Policy) -> _Objection | None:
    if policy.with_arr and not context.queue_known:
        return "the Arr's queue is not known", None
    if policy.with_arr and context.queue is None and not _is_known_to_arr(context):
        return "the Arr does not list the download", None
    if context.elsewhere:
        return "another qBittorrent holds the same torrent", None
    return None


def _is_known_to_arr(context: RuleContext) -> bool:
    """Whether the Arr's history shows that it has to do with a download that its queue does not list."""
    proof = context.history.proof
    return context.history.searched_again or (proof is not None and bool(proof.grabbed - proof.failed))


def discarded_by_user(context: RuleContext, now: float) -> _Objection | None:
    """The decision of the user against a removal holds for a day."""
    discarded_at = context.history.discarded_at
    if discarded_at is not None and now < discarded_at + DISCARDED_SECONDS:
        return "the user decided against its removal", discarded_at + DISCARDED_SECONDS
    return None


def not_cleared(context: RuleContext, now: float) -> _Objection | None:
    """Minimums of its trackers may keep a torrent, see `qbitrr.rules.hit_and_run`."""
    clearance = context.clearance
    if clearance.granted:
        return None
    return clearance.because, None if clearance.in_seconds is None else now + clearance.in_seconds


def _too_soon(context: RuleContext, policy: Policy, now: float) -> tuple[str, float | None, dict[str, Any]] | None:
    acted_at = context.history.acted_at
    if acted_at is not None and now < acted_at + policy.ignore_younger_than_seconds:
        again_at = acted_at + policy.ignore_younger_than_seconds
        return "something was done about it not long ago", again_at, {}
    if 0 < policy.most_failed_grabs <= context.failed_grabs:
        facts = {"failed_grabs": context.failed_grabs, "MaxFailedGrabsPerDay": policy.most_failed_grabs}
        return "too many downloads of its item failed within a day", now + GRABS_AGAIN_SECONDS, facts
    return None
