"""The rules for torrents, in the order in which they are asked. The first one that does not pass decides.

Each rule is a function of the facts, their context, the policy and the time; its docstring names the configuration
keys that govern it.

    protected        what is left alone in any case       completed    imported, left to the Arr, or failed
    user_categories  what the user asks for by a category downloading  what is left alone while it downloads
    recheck          what a recheck may repair            unwanted     unwanted files and releases
    seeding          limits, tags, trackers; its end      stalled      stalled, slow, unavailable
    failure          what every failure has to ask
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import TorrentFacts
from qbitrr.rules.policy import Policy
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
    client_at_standstill,
    queued_or_forced,
    stopped_by_user,
    too_young,
    trackers_out_of_reach,
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
    files_not_checked,
    nothing_playable,
    unwanted_files,
)
from qbitrr.rules.torrents.user_categories import failed_by_user, recheck_requested
from qbitrr.rules.verdict import Finding, Outcome, TraceStep, Verdict

Check = Callable[[TorrentFacts, RuleContext, Policy, float], Finding]


class Scope(StrEnum):
    """Torrents that a rule is about: those of an Arr, those of `ManagedCategories`, or all."""

    WITH_ARR = "with an Arr"
    WITHOUT_ARR = "without an Arr"
    BOTH = "both"


class Rule(Struct, frozen=True):
    """One rule."""

    check: Check
    scope: Scope = Scope.BOTH

    @property
    def name(self) -> str:
        """Its name for users."""
        return self.check.__name__


RULES = (
    Rule(ignored_by_user),
    Rule(in_quarantine),
    Rule(client_is_busy_with_it),
    Rule(recheck_requested),
    Rule(failed_by_user),
    Rule(files_are_missing),
    Rule(in_error),
    Rule(settings_differ),
    Rule(no_longer_stalled),
    Rule(seeding_is_over),
    Rule(seeding, Scope.WITHOUT_ARR),
    Rule(imported, Scope.WITH_ARR),
    Rule(data_is_missing),
    Rule(files_not_checked, Scope.WITH_ARR),
    Rule(nothing_playable, Scope.WITH_ARR),
    Rule(arr_queue_is_unknown, Scope.WITH_ARR),
    Rule(not_in_queue, Scope.WITH_ARR),
    Rule(arr_refuses_it, Scope.WITH_ARR),
    Rule(arr_has_it, Scope.WITH_ARR),
    Rule(excluded_files_are_left, Scope.WITH_ARR),
    Rule(unplayable, Scope.WITH_ARR),
    Rule(import_failed_lately, Scope.WITH_ARR),
    Rule(finished, Scope.WITH_ARR),
    Rule(stopped_by_user),
    Rule(queued_or_forced),
    Rule(unwanted_files, Scope.WITH_ARR),
    Rule(client_at_standstill),
    Rule(trackers_out_of_reach),
    Rule(too_young),
    Rule(custom_format_unmet, Scope.WITH_ARR),
    Rule(stalling_is_allowed),
    Rule(stalled_is_searched_again, Scope.WITH_ARR),
    Rule(unavailable, Scope.WITH_ARR),
    Rule(stalled),
    Rule(nearly_complete),
    Rule(slow),
    Rule(under_way),
)
WITH_ARR = tuple(rule for rule in RULES if rule.scope is not Scope.WITHOUT_ARR)
WITHOUT_ARR = tuple(rule for rule in RULES if rule.scope is not Scope.WITH_ARR)


def judge(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Verdict:
    """Ask the rules in order until one decides; `now` in epoch seconds."""
    trace: list[TraceStep] = []
    for rule in WITH_ARR if policy.with_arr else WITHOUT_ARR:
        finding = rule.check(torrent, context, policy, now)
        trace.append(TraceStep(rule.name, finding))
        if finding.outcome is not Outcome.PASS:
            break
    return Verdict(tuple(trace))
