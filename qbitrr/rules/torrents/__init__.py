"""The rules for torrents, in the order in which they are asked. The first one that does not pass decides.

Each rule is a function of the facts, their context, the policy and the time; its docstring names the configuration
keys that govern it.

    protected        what is left alone in any case       completed    imported, left to the Arr, or failed
    user_categories  what the user asks for by a category downloading  what is left alone while it downloads
    recheck          what a recheck may repair            unwanted     unwanted files and releases
    seeding          limits, tags, trackers; its end      stalled      stalled, slow, unavailable
    failure          what every failure has to ask  unregistered what no tracker knows any more
    superseded       of what nothing is in the library any more
    room             what goes for the space of a download
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.config.model.modes import MODES_OF_RULES, RULES_BY_PRIVACY, RuleMode
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import TorrentFacts
from qbitrr.rules.policy import Policy, milder
from qbitrr.rules.tags import TAG_USELESS
from qbitrr.rules.torrents.completed import (
    answered_by_user,
    arr_has_it,
    arr_queue_is_unknown,
    arr_refuses_it,
    arr_refuses_the_rest,
    finished,
    import_failed_lately,
    imported,
    not_in_queue,
    nothing_to_import,
    refusal_not_checked,
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
from qbitrr.rules.torrents.room import room_needed
from qbitrr.rules.torrents.seeding import seeding, seeding_is_over, settings_differ
from qbitrr.rules.torrents.stalled import (
    nearly_complete,
    no_longer_stalled,
    slow,
    slow_by_speed,
    stalled,
    stalled_is_searched_again,
    stalling_is_allowed,
    unavailable,
)
from qbitrr.rules.torrents.superseded import superseded
from qbitrr.rules.torrents.unregistered import unregistered
from qbitrr.rules.torrents.unwanted import (
    custom_format_unmet,
    excluded_files_are_left,
    files_not_checked,
    nothing_playable,
    unwanted_files,
)
from qbitrr.rules.torrents.user_categories import failed_by_user, recheck_requested
from qbitrr.rules.verdict import (
    CHECKS,
    PRELIMINARY,
    Action,
    Finding,
    Outcome,
    Verdict,
    acts,
    asks,
    passes,
    stops,
)

Check = Callable[[TorrentFacts, RuleContext, Policy, float], Finding]


class Scope(StrEnum):
    """Torrents that a rule is about: those of an Arr, those of `ManagedCategories`, or all."""

    WITH_ARR = "with an Arr"
    WITHOUT_ARR = "without an Arr"
    BOTH = "both"


class Rule(Struct, frozen=True):
    """One rule.

    `proof` is what it needs before it acts, `harmless` why its default cannot hurt; both are empty for a rule that
    never acts. What becomes of what it asks for depends on its mode, if it has any (`Policy.mode`).
    """

    check: Check
    scope: Scope = Scope.BOTH
    proof: str = ""
    harmless: str = ""

    @property
    def name(self) -> str:
        """Its name for users."""
        return self.check.__name__

    @property
    def modes(self) -> tuple[RuleMode, ...]:
        """The modes that it may have, none when it always acts or never does."""
        return MODES_OF_RULES.get(self.name, ())

    @property
    def by_privacy(self) -> bool:
        """Whether it leaves private torrents by default."""
        return self.name in RULES_BY_PRIVACY


RULES = (
    Rule(ignored_by_user),
    Rule(
        in_quarantine,
        proof="The tag of a quarantine, and no removal under way in the ledger.",
        harmless="It only removes its own tag, and starts what the ledger says was stopped for it.",
    ),
    Rule(client_is_busy_with_it),
    Rule(
        recheck_requested,
        proof="The torrent is in RecheckCategory.",
        harmless="Only you put torrents there; a recheck deletes nothing.",
    ),
    Rule(
        failed_by_user,
        proof="The torrent is in FailedCategory, and no minimum of a tracker keeps it.",
        harmless="Only you put torrents there.",
    ),
    Rule(
        files_are_missing,
        proof="Missing files in qBittorrent, and its data seen here: of what was complete all files in full.",
        harmless="A recheck deletes nothing.",
    ),
    Rule(
        in_error,
        proof="An error in qBittorrent, and its data seen here: of what was complete all files in full.",
        harmless="A recheck deletes nothing.",
    ),
    Rule(
        settings_differ,
        proof="The limits, tags or trackers that qBittorrent reports differ from the configured ones.",
        harmless="By default nothing is configured.",
    ),
    Rule(
        no_longer_stalled,
        proof="The tag is there, and data flows or the torrent is complete.",
        harmless="It only removes its own tag.",
    ),
    Rule(
        unregistered,
        proof="Every tracker of the torrent itself refused it as unknown, in exact words, three times over an hour.",
        harmless="It cannot be downloaded any more. Imported torrents stay by default.",
    ),
    Rule(
        superseded,
        Scope.WITH_ARR,
        proof="The Arr's history from the grab on: each item has a file that a later download brought, or is gone.",
        harmless="Off by default. No minimum of a tracker is broken, and private torrents stay.",
    ),
    Rule(
        room_needed,
        Scope.WITH_ARR,
        proof="The import, all minimums, and a paused download on the same disk that all chosen seeds make room for.",
        harmless="Off by default. One at a time, never below the floor, and not where nothing would be freed.",
    ),
    Rule(
        seeding_is_over,
        proof="The import in the Arr's history, limits reached by a ratio or time that can be, and all minimums.",
        harmless="By default nothing is removed (RemoveTorrent -1).",
    ),
    Rule(seeding, Scope.WITHOUT_ARR),
    Rule(imported, Scope.WITH_ARR),
    Rule(data_is_missing),
    Rule(
        files_not_checked,
        Scope.WITH_ARR,
        proof="The torrent has its metadata.",
        harmless="It only reads the file list.",
    ),
    Rule(
        nothing_playable,
        Scope.WITH_ARR,
        proof="The whole file list: nothing that the Arr imports by its extension, but for small samples.",
        harmless="A word in a name is never enough; discs, images and archives are left.",
    ),
    Rule(arr_queue_is_unknown, Scope.WITH_ARR),
    Rule(
        not_in_queue,
        Scope.WITH_ARR,
        proof="A complete answer of the queue without the download.",
        harmless="It only asks the Arr.",
    ),
    Rule(
        nothing_to_import,
        Scope.WITH_ARR,
        proof="The whole file list of a complete torrent that was never imported: no media file in it.",
        harmless="Discs, images and archives are left, and whatever only a name excludes.",
    ),
    Rule(
        unplayable,
        Scope.WITH_ARR,
        proof="ffprobe calls every media file bad, while the files can be read and a good clip plays.",
        harmless="A message about a disk, or a broken ffprobe, is no proof.",
    ),
    Rule(
        refusal_not_checked,
        Scope.WITH_ARR,
        proof="The Arr refuses something of a complete torrent.",
        harmless="It only reads the history and the files.",
    ),
    Rule(
        answered_by_user,
        Scope.WITH_ARR,
        proof="Your answer about this torrent, and the Arr says what it said then.",
        harmless="Only you answer. A manual import takes nothing that is uncertain; a removal has all guards.",
    ),
    Rule(
        arr_refuses_the_rest,
        Scope.WITH_ARR,
        proof="A part imported in the history; for each refused file a configured message, or ffprobe proves it bad.",
        harmless="Nothing is deleted: the torrent goes on as an imported one.",
    ),
    Rule(
        arr_refuses_it,
        Scope.WITH_ARR,
        proof="A complete download; for all that the Arr refuses a configured message, or ffprobe proves it bad.",
        harmless="Not before its age allows it, and never while the Arr waits for you.",
    ),
    Rule(arr_has_it, Scope.WITH_ARR),
    Rule(
        excluded_files_are_left,
        Scope.WITH_ARR,
        proof="A complete torrent, the file list, and no other torrent that shares the data.",
        harmless="Off by default.",
    ),
    Rule(import_failed_lately, Scope.WITH_ARR),
    Rule(
        finished,
        Scope.WITH_ARR,
        proof="A complete torrent that the Arr lists and has not imported.",
        harmless="An import deletes nothing in the client.",
    ),
    Rule(stopped_by_user),
    Rule(queued_or_forced),
    Rule(
        unwanted_files,
        Scope.WITH_ARR,
        proof="The file list, and something playable that remains.",
        harmless="Files are only not downloaded; never half of the bytes, nor what the title names.",
    ),
    Rule(client_at_standstill),
    Rule(trackers_out_of_reach),
    Rule(too_young),
    Rule(
        custom_format_unmet,
        Scope.WITH_ARR,
        proof="Scores of the download and of every item, as the Arr reports them.",
        harmless="Off by default.",
    ),
    Rule(
        stalling_is_allowed,
        proof="qBittorrent reports the download as stalled.",
        harmless="It only tags.",
    ),
    Rule(
        stalled_is_searched_again,
        Scope.WITH_ARR,
        proof="The first of its strikes.",
        harmless="Off by default.",
    ),
    Rule(
        unavailable,
        Scope.WITH_ARR,
        proof="An availability below 1 over the whole delay, with the client online.",
        harmless="A quarter of an hour without a full copy in any peer; never above MaximumDeletablePercentage.",
    ),
    Rule(
        stalled,
        proof="No byte downloaded over the whole delay, with the client online and the trackers in reach.",
        harmless="Time in which nothing can be known does not count.",
    ),
    Rule(nearly_complete),
    Rule(
        slow,
        proof="A time left above MaximumETA, observed at each strike, while no limit of qBittorrent slows it.",
        harmless="Off by default (DoNotRemoveSlow, MaximumETA -1).",
    ),
    Rule(
        slow_by_speed,
        proof="A speed below MinimumSpeed over the whole SlowDelay, while no limit of qBittorrent slows it.",
        harmless="Off by default (DoNotRemoveSlow, MinimumSpeed 0).",
    ),
    Rule(under_way),
)
WITH_ARR = tuple(rule for rule in RULES if rule.scope is not Scope.WITHOUT_ARR)
WITHOUT_ARR = tuple(rule for rule in RULES if rule.scope is not Scope.WITH_ARR)
_CHECKS = {
    with_arr: (tuple(rule.name for rule in rules), tuple((rule.check, bool(rule.modes)) for rule in rules))
    for with_arr, rules in ((True, WITH_ARR), (False, WITHOUT_ARR))
}
"""Names, then checks and whether they have modes, ready for ten thousand torrents at once."""


def judge(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Verdict:
    """Ask the rules in order until one decides; `now` in epoch seconds."""
    return _ask(torrent, context, policy, now, frozenset())


def judge_in_shadow(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Verdict:
    """Ask the rules in order as if preliminary actions were done at once; each of them is in the trace.

    As nothing is done under Shadow, the rules behind one of them are never asked otherwise.
    """
    return _ask(torrent, context, policy, now, PRELIMINARY)


def _ask(
    torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float, passed: AbstractSet[Action]
) -> Verdict:
    names, checks = _CHECKS[policy.with_arr]
    findings: list[Finding] = []
    needs_privacy = False
    for check, has_modes in checks:
        finding = check(torrent, context, policy, now)
        if finding.outcome is not Outcome.PASS:
            if has_modes and finding.outcome is Outcome.ACT and finding.action not in CHECKS:
                finding = _by_mode(names[len(findings)], finding, torrent, context, policy)
                needs_privacy = needs_privacy or finding.facts.get("private", False) is None
            if finding.outcome is not Outcome.PASS and finding.action not in passed:
                findings.append(finding)
                break
        findings.append(finding)
    return Verdict(names, tuple(findings), needs_privacy)


def _by_mode(rule: str, finding: Finding, torrent: TorrentFacts, context: RuleContext, policy: Policy) -> Finding:
    """What becomes of an action that a rule asks for; the milder mode counts while privacy is not known."""
    private = torrent.private if torrent.private is not None else context.private
    mode, deed = policy.mode(rule, private=private), finding.action
    if deed is Action.ASK:
        mode, deed = milder(mode, "ask"), finding.would
    if mode == "act" or (deed is Action.TAG_USELESS and mode in ("tag", "ask")):
        return finding
    depends = policy.mode(rule, private=True) != policy.mode(rule, private=False)
    facts = finding.facts | {"private": private} if depends or private is not None else finding.facts
    if mode == "ask" and deed not in PRELIMINARY:
        return _by_answer(rule, replace(finding, facts=facts, action=deed, would=Action.NOTHING), context)
    if mode == "tag" and TAG_USELESS not in torrent.tags and not policy.tagless:
        return acts(Action.TAG_USELESS, finding.because, **facts)
    waits = private is None and depends and rule in RULES_BY_PRIVACY
    finds = passes if deed in PRELIMINARY and not waits else stops
    if mode == "shadow":
        return replace(finds(f"{finding.because}, but this rule is in Shadow", **facts), would=deed)
    left = _LEFT[private] if depends or private is not None else "it is left by the policy"
    return finds(f"{finding.because}, but {left}", **facts)


def _by_answer(rule: str, finding: Finding, context: RuleContext) -> Finding:
    """Ask the user, unless that was answered: to leave this torrent, or for good about its tracker."""
    answer = context.answers.get(rule)
    if rule in context.history.left or answer is False:
        return stops(f"{finding.because}, but the user answered to leave it", **finding.facts)
    return replace(finding, facts=finding.facts | {"answered": "always"}) if answer else asks(finding)


_LEFT = {
    True: "a private torrent is left by the policy",
    False: "a public torrent is left by the policy",
    None: "it is not known whether it is private",
}
