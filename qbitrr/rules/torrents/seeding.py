"""Settings of torrents, and the end of their seeding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.delays import over_at, retry_seconds
from qbitrr.rules.seeding import progress
from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.rules.torrents.failure import discarded_by_user, not_cleared
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding

WRITE_AGAIN_SECONDS = 3600
"""What was changed back is written again after this time: the user may have a reason."""


def settings_differ(_torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """`SeedingMode`, `CategorySeeding` and tracker rows: rate limits, super seeding, tags and trackers of a torrent.

    Only what differs is written, and never -1. What is changed back is written again after an hour.
    """
    difference, history = context.adjustment, context.history
    if not difference:
        return passes("its limits, tags and trackers are as they should be")
    again_at = over_at(history.adjusted_at, WRITE_AGAIN_SECONDS, now)
    if difference == history.adjusted and again_at is not None:
        return passes(
            "its settings were written not long ago, and were changed back", again_at, **difference.in_facts()
        )
    return acts(Action.ADJUST, "its settings are not as they should be", **difference.in_facts())


def seeding_is_over(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`RemoveTorrent` with `MaxUploadRatio` and `MaxSeedingTime`, of the category or of its tracker's row.

    Only a torrent whose import the Arr's history proves is removed, and none below a hit-and-run minimum.
    """
    if context.limits is None or context.limits.remove < 0 or not torrent.complete:
        return passes("it is not complete, or nothing ends its seeding, or its trackers are not known")
    found = progress(torrent.seeding.seen_for(context.seeding_seconds), context.limits)
    reached_at = None if found.in_seconds is None else now + found.in_seconds
    if not context.history.imports.imported and policy.with_arr:
        return (
            _prove_import(torrent, context, now) if found.reached else passes(found.because, reached_at, **found.facts)
        )
    if not found.reached:
        return stops(found.because, reached_at, **found.facts)
    objection = discarded_by_user(context, now) or arr_still_has_it(context, policy) or not_cleared(context, now)
    if objection is not None:
        text, again_at = objection
        return stops(f"{found.because}, but {text}", again_at, **found.facts | context.clearance.facts)
    return acts(Action.REMOVE, found.because, **found.facts)


def _prove_import(torrent: TorrentFacts, context: RuleContext, now: float) -> Finding:
    """A tag alone is no proof: the user or another program may have set it."""
    imports = context.history.imports
    if TAG_IMPORTED not in torrent.tags:
        return passes("its seeding is over, but it has not been imported")
    again_at = over_at(imports.checked_at, retry_seconds(imports.checks), now)
    if again_at is not None:
        return passes("its seeding is over, but the Arr's history shows no import", again_at, checks=imports.checks)
    return acts(Action.CHECK_IMPORT, "its seeding is over, and its tag says that it was imported")


def arr_still_has_it(context: RuleContext, policy: Policy) -> tuple[str, float | None] | None:
    """Say that the Arr may not be done with a download, which only its queue can change; None when it is."""
    if not policy.with_arr:
        return None
    if not context.queue_known:
        return "the Arr's queue is not known", None
    if context.queue is not None and context.queue.tracked_state != "imported":
        return "the Arr still lists the download", None
    return None


def seeding(torrent: TorrentFacts, _context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A complete torrent in a category without an Arr seeds until its seeding is over."""
    if torrent.complete:
        return stops("it is complete and seeds", state=torrent.state)
    return passes("it is not complete", left_bytes=torrent.left_bytes, progress=torrent.progress)
