"""Torrents that none of their trackers knows any more: replaced by a better release, or deleted there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules import states
from qbitrr.rules.torrents.failure import discarded_by_user, fails, not_cleared
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def unregistered(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """A torrent that all of its trackers refuse as unknown fails, and is removed when it has been imported.

    The refusal must be one of the exact texts that mean it, three times over an hour. After the import only with
    `Torrent.RemoveUnregistered`. A download that is stopped is left, and all are while their client is at a standstill.
    """
    if not context.unregistered or context.standstill:
        return passes("a tracker may know it, or that is not known")
    because = "none of its trackers knows it any more"
    if torrent.state == states.STOPPED_INCOMPLETE:
        return passes(f"{because}, but it is stopped")
    if not torrent.complete and torrent.completed_at is None:
        return fails(because, context, policy, now)
    if not policy.remove_unregistered or not context.history.imports.imported or not torrent.complete:
        return passes(f"{because}, but it is not imported, or RemoveUnregistered is off")
    objection = discarded_by_user(context, now) or not_cleared(context, now)
    if objection is not None:
        text, again_at = objection
        return stops(f"{because}, but {text}", again_at, **context.clearance.facts)
    return acts(Action.REMOVE, because)
