"""What the user asks for by putting a torrent into a category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.torrents.downloading import age
from qbitrr.rules.torrents.failure import discarded_by_user, not_cleared
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def recheck_requested(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
    """`Settings.RecheckCategory`: a torrent in it is rechecked once and returns to its category."""
    if torrent.category != policy.recheck_category:
        return passes("it is not in RecheckCategory")
    return acts(Action.RECHECK, "the user put it into RecheckCategory")


def failed_by_user(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Settings.FailedCategory`: a torrent in it is blocklisted in its Arr, removed and searched again.

    Not before it is older than `Torrent.IgnoreTorrentsYoungerThan`, so that a slip can be corrected.
    """
    if torrent.category != policy.failed_category:
        return passes("it is not in FailedCategory")
    old_at, facts = age(torrent, policy, now)
    if now < old_at:
        return stops("it is in FailedCategory, but younger than IgnoreTorrentsYoungerThan", old_at, **facts)
    if (objection := not_cleared(context, now) or discarded_by_user(context, now)) is not None:
        text, again_at = objection
        return stops(f"it is in FailedCategory, but {text}", again_at, **facts | context.clearance.facts)
    action = Action.FAIL if policy.with_arr else Action.REMOVE
    return acts(action, "the user put it into FailedCategory", **facts)
