"""The rules for torrents of an Arr category, in the order in which they are asked.

The first rule that does not pass decides. Each rule is a function of the facts, the policy and the time; its
docstring says which configuration keys govern it.

    untouchable  what is left alone whatever else holds     finished    what is complete: imported, or failed
    wishes       what a person asked for by a category      unfinished  what is left alone while it downloads
    ailing       what a recheck may heal                    unwanted    files, releases that should not be there
    failing      what every failure needs besides           dead        stalled, slow, unavailable
    seeding      limits, tags, trackers; the end of seeding
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.torrents.completed import (
    arr_has_it,
    arr_queue_is_unknown,
    arr_refuses_it,
    finished,
    import_failed_lately,
    imported,
    not_in_queue,
    unplayable,
)
from qbitrr.rules.torrents.downloading import (
    clocks_stand_still,
    queued_or_forced,
    stopped_by_user,
    too_young,
    under_way,
)
from qbitrr.rules.torrents.protected import client_is_busy_with_it, ignored_by_user, in_quarantine
from qbitrr.rules.torrents.recheck import data_is_missing, files_are_missing, in_error
from qbitrr.rules.torrents.seeding import seeding, seeding_is_over, settings_differ
from qbitrr.rules.torrents.stalled import (
    nearly_complete,
    no_longer_stalled,
    slow,
    stalled,
    stalled_is_searched_again,
    stalling_is_allowed,
    unavailable,
)
from qbitrr.rules.torrents.unwanted import (
    custom_format_unmet,
    excluded_files_are_left,
    files_not_looked_at,
    nothing_playable,
    unwanted_files,
)
from qbitrr.rules.torrents.user_categories import failed_by_user, recheck_requested
from qbitrr.rules.verdict import Outcome, TraceStep, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.rules.facts import Policy, RuleContext, TorrentFacts
    from qbitrr.rules.verdict import Finding

    Rule = Callable[[TorrentFacts, RuleContext, Policy, float], Finding]

RULES: tuple[Rule, ...] = (
    ignored_by_user,
    in_quarantine,
    client_is_busy_with_it,
    recheck_requested,
    failed_by_user,
    files_are_missing,
    in_error,
    settings_differ,
    no_longer_stalled,
    seeding_is_over,
    imported,
    data_is_missing,
    arr_queue_is_unknown,
    not_in_queue,
    arr_refuses_it,
    arr_has_it,
    excluded_files_are_left,
    unplayable,
    import_failed_lately,
    finished,
    stopped_by_user,
    queued_or_forced,
    files_not_looked_at,
    unwanted_files,
    clocks_stand_still,
    too_young,
    nothing_playable,
    custom_format_unmet,
    stalling_is_allowed,
    stalled_is_searched_again,
    stalled,
    nearly_complete,
    slow,
    unavailable,
    under_way,
)

WITHOUT_ARR: tuple[Rule, ...] = (
    ignored_by_user,
    in_quarantine,
    client_is_busy_with_it,
    recheck_requested,
    failed_by_user,
    files_are_missing,
    in_error,
    settings_differ,
    no_longer_stalled,
    seeding_is_over,
    seeding,
    data_is_missing,
    stopped_by_user,
    queued_or_forced,
    clocks_stand_still,
    too_young,
    stalling_is_allowed,
    stalled,
    nearly_complete,
    slow,
    under_way,
)
"""The rules for `ManagedCategories`, which belong to no Arr."""


def judge(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Verdict:
    """Ask the rules in order until one decides; `now` in epoch seconds."""
    trace: list[TraceStep] = []
    for rule in RULES if policy.with_arr else WITHOUT_ARR:
        finding = rule(torrent, context, policy, now)
        trace.append(TraceStep(rule.__name__, finding))
        if finding.outcome is not Outcome.PASS:
            break
    return Verdict(tuple(trace))
