"""Imported torrents of which nothing is in the library any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules import seeding
from qbitrr.rules.supersession import CHECK_AGAIN_SECONDS
from qbitrr.rules.torrents.failure import discarded_by_user, not_cleared
from qbitrr.rules.torrents.seeding import arr_still_has_it
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.supersession import Supersession
    from qbitrr.rules.verdict import Finding


def superseded(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.RemoveSuperseded`: an imported torrent whose files later imports replaced is removed.

    With `all` also one whose movie, episodes or album were deleted in the Arr. By the Arr's history from its grab on,
    and the files that its items have now; what is not known proves nothing. Hit-and-run minimums, and
    share limits that were set on the torrent itself, come first.
    """
    if policy.remove_superseded == "off" or not torrent.complete or not context.history.imports.imported:
        return passes("RemoveSuperseded is off, or it is not complete and imported")
    if not context.suspected_superseded:
        return passes("nothing in the Arr's history suggests that it was replaced or deleted")
    found, checked_at = context.history.supersession, context.history.supersession_checked_at
    if found is None or checked_at is None or not checked_at <= now < checked_at + CHECK_AGAIN_SECONDS:
        return acts(Action.CHECK_SUPERSEDED, "later imports may have replaced its files, or its items were deleted")
    again_at = checked_at + CHECK_AGAIN_SECONDS
    if (unproven := unproven_by(found, policy)) is not None:
        return passes(f"that it is superseded is not proven: {unproven}", again_at, **found.facts)
    objection = (
        discarded_by_user(context, now)
        or arr_still_has_it(context, policy)
        or _kept_in_client(torrent, context, now)
        or not_cleared(context, now)
    )
    if objection is not None:
        text, later = objection
        at = again_at if later is None else min(later, again_at)
        return stops(f"{found.because}, but {text}", at, **{**found.facts, **context.clearance.facts})
    return acts(Action.REMOVE, found.because, **found.facts)


def unproven_by(found: Supersession, policy: Policy) -> str | None:
    """Say why what the Arr says is not enough under a policy; None when it is. Asked again before the deletion."""
    if not found.proven:
        return found.because
    if found.deleted and policy.remove_superseded != "all":
        return f"{found.because}, which RemoveSuperseded does not cover"
    return None


def _kept_in_client(torrent: TorrentFacts, context: RuleContext, now: float) -> tuple[str, float | None] | None:
    kept = seeding.kept_in_client(torrent.seeding.seen_for(context.seeding_seconds))
    if kept is None:
        return None
    text, in_seconds = kept
    return text, None if in_seconds is None else now + in_seconds
