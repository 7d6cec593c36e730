"""The list of rules as a whole, and every state that qBittorrent reports."""

import pytest
from msgspec.structs import replace

from qbitrr.config.model import MakeRoom
from qbitrr.qbittorrent.compat import state_name
from qbitrr.rules import torrents
from qbitrr.rules.adjustment import Adjustment
from qbitrr.rules.facts import ItemScores
from qbitrr.rules.files import Selection, Unwanted
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.imports import ImportProof
from qbitrr.rules.messages import MessageRule
from qbitrr.rules.seed_value import RoomChoice
from qbitrr.rules.seeding import EffectiveLimits, RateLimits
from qbitrr.rules.stuck_imports import ImportAnswer, ImportChoice
from qbitrr.rules.verdict import Action, Outcome
from tests.factories import LONG, NOW, completed, context, policy, seeding
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    HOPELESS,
    decision,
    listed,
    verdict,
    with_history,
    with_imports,
)


def test_every_rule_says_what_it_is_for():
    assert all(rule.check.__doc__ for rule in torrents.RULES)


def test_every_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in torrents.RULES}) == len(torrents.RULES)


def test_the_trace_holds_every_rule_that_was_asked():
    trace = verdict().as_trace()
    assert [step["rule"] for step in trace] == [rule.name for rule in torrents.WITH_ARR]
    assert [step["outcome"] for step in trace] == ["pass"] * (len(trace) - 1) + ["stop"]
    assert all(step["because"] for step in trace)


def test_a_rule_that_decides_is_the_last_one_asked():
    found = verdict(COMPLETE)
    assert found.last.rule == "finished"
    assert [step.finding.outcome for step in found.trace][-1] is Outcome.ACT


# The names of 4.x and of 5.x, each for a download that is dead in every respect: no activity, no peer has it.
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("allocating", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingDL", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingResumeData", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingUP", (Action.NOTHING, "client_is_busy_with_it")),
        ("moving", (Action.NOTHING, "client_is_busy_with_it")),
        ("downloading", (Action.FAIL, "unavailable")),
        ("error", (Action.NOTHING, "in_error")),
        ("forcedDL", (Action.NOTHING, "queued_or_forced")),
        ("forcedMetaDL", (Action.NOTHING, "queued_or_forced")),
        ("metaDL", (Action.FAIL, "stalled")),
        ("missingFiles", (Action.NOTHING, "files_are_missing")),
        ("pausedDL", (Action.NOTHING, "stopped_by_user")),
        ("pausedUP", (Action.NOTHING, "stopped_by_user")),
        ("queuedDL", (Action.NOTHING, "queued_or_forced")),
        ("stalledDL", (Action.FAIL, "unavailable")),
        ("stoppedDL", (Action.NOTHING, "stopped_by_user")),
        ("stoppedUP", (Action.NOTHING, "stopped_by_user")),
        ("unknown", (Action.NOTHING, "in_error")),
        ("ofALaterVersion", (Action.NOTHING, "under_way")),
        # of a torrent that is not complete, as when files were added to what is wanted
        ("forcedUP", (Action.NOTHING, "under_way")),
        ("queuedUP", (Action.NOTHING, "under_way")),
        ("stalledUP", (Action.NOTHING, "under_way")),
        ("uploading", (Action.NOTHING, "under_way")),
    ],
)
def test_what_every_state_means_for_a_download_that_is_dead(state, expected):
    dead = {"state": state_name(state), "availability": 0.0, "last_activity_at": 0.0, "added_at": NOW - LONG}
    assert decision(verdict(**dead)) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("allocating", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingDL", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingResumeData", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingUP", (Action.NOTHING, "client_is_busy_with_it")),
        ("moving", (Action.NOTHING, "client_is_busy_with_it")),
        ("error", (Action.NOTHING, "in_error")),
        ("forcedUP", (Action.IMPORT, "finished")),
        ("missingFiles", (Action.NOTHING, "files_are_missing")),
        ("pausedUP", (Action.IMPORT, "finished")),
        ("queuedUP", (Action.IMPORT, "finished")),
        ("stalledUP", (Action.IMPORT, "finished")),
        ("stoppedUP", (Action.IMPORT, "finished")),
        ("unknown", (Action.NOTHING, "in_error")),
        ("uploading", (Action.IMPORT, "finished")),
    ],
)
def test_what_every_state_means_for_what_is_complete(state, expected):
    assert decision(verdict(COMPLETE, state=state_name(state))) == expected


@pytest.mark.parametrize(
    ("torrent", "changes", "rule"),
    [
        # a tag and the quarantine win over what the user asks for by a category
        (HOPELESS, {"tags": frozenset({"qBitrr-ignored"}), "category": "failed"}, "ignored_by_user"),
        (HOPELESS, {"tags": frozenset({"qBitrr-quarantine"}), "category": "recheck"}, "in_quarantine"),
        (COMPLETE, {"state": "moving", "category": "failed"}, "client_is_busy_with_it"),
        # a request wins over what a state says
        (COMPLETE, {"state": "missingFiles", "category": "recheck"}, "recheck_requested"),
        (COMPLETE, {"category": "failed"}, "failed_by_user"),
        # what was imported is of no interest any more, what is complete is no download
        (COMPLETE, {"tags": frozenset({"qBitrr-imported"}), "state": "error"}, "in_error"),
        (COMPLETE, {"state": "stalledDL", "last_activity_at": 0.0}, "finished"),
    ],
)
def test_which_rule_comes_first(torrent, changes, rule):
    assert verdict(torrent, context(), **changes).last.rule == rule


# -- one torrent for each rule, in which it decides ---------------------------------------------------------------

FILTERING = policy(filters_files=True)
KNOWN = {"proof": ImportProof(frozenset({1})), "faults": {}}
ARCHIVE = Selection(foreign="it is an archive", complete=True)
REFUSED = {"tracked_state": "importBlocked", "status": "completed", "tracked_status": "warning", "messages": ("no",)}
LIMITS = EffectiveLimits(1, 1.0, -1.0)
OVER = completed(seeding=seeding(ratio=2.0))
IMPORTED = ImportFacts(imported=True)
SEEN = {"selection": Selection(playable=1, complete=True)}
FAILS_WITH = policy(messages=(MessageRule("no"),))
ALONE = policy(with_arr=False)
PACK = {"proof": ImportProof(frozenset({1, 2}), frozenset({1}), touched=True), "faults": {}}

DECIDES = {
    "ignored_by_user": verdict(HOPELESS, tags=frozenset({"qBitrr-ignored"})),
    "in_quarantine": verdict(HOPELESS, tags=frozenset({"qBitrr-quarantine"})),
    "client_is_busy_with_it": verdict(HOPELESS, state="checkingDL"),
    "recheck_requested": verdict(HOPELESS, category="recheck"),
    "failed_by_user": verdict(HOPELESS, category="failed"),
    "files_are_missing": verdict(HOPELESS, state="missingFiles"),
    "in_error": verdict(HOPELESS, state="error"),
    "settings_differ": verdict(context=context(adjustment=Adjustment(RateLimits(download_limit=1)))),
    "no_longer_stalled": verdict(tags=frozenset({"qBitrr-allowed_stalled"})),
    "unregistered": verdict(context=context(unregistered=True)),
    "superseded": verdict(
        OVER,
        context(suspected_superseded=True, queue=None, history=History(imports=IMPORTED)),
        policy(remove_superseded="replaced"),
    ),
    "room_needed": verdict(
        OVER,
        context(room=RoomChoice(), queue=None, history=History(imports=IMPORTED)),
        policy(make_room=MakeRoom(enabled=True, min_other_seeders=0, min_seed_ratio=0.0, min_seeding_seconds=0)),
    ),
    "seeding_is_over": verdict(OVER, context(queue=None, limits=LIMITS, history=History(imports=IMPORTED))),
    "seeding": verdict(COMPLETE, policy=ALONE),
    "imported": verdict(COMPLETE, with_imports(imported=True)),
    "data_is_missing": verdict(HOPELESS, completed_at=1.0),
    "files_not_checked": verdict(policy=FILTERING),
    "nothing_playable": verdict(context=with_history(selection=Selection())),
    "arr_queue_is_unknown": verdict(COMPLETE, context(queue_known=False, queue=None)),
    "not_in_queue": verdict(COMPLETE, context(queue=None)),
    "nothing_to_import": verdict(COMPLETE, with_history(selection=Selection(complete=True))),
    "unplayable": verdict(COMPLETE, with_history(unplayable="a.mkv: End of file")),
    "refusal_not_checked": verdict(COMPLETE, replace(listed(**REFUSED), history=History(**SEEN))),
    "answered_by_user": verdict(
        COMPLETE,
        replace(
            listed(**REFUSED),
            history=History(**KNOWN, **SEEN),
            import_answer=ImportAnswer(ImportChoice.BLOCKLIST, "no"),
        ),
        FAILS_WITH,
    ),
    "arr_refuses_the_rest": verdict(COMPLETE, replace(listed(**REFUSED), history=History(**PACK, **SEEN)), FAILS_WITH),
    "arr_refuses_it": verdict(COMPLETE, replace(listed(**REFUSED), history=History(**KNOWN, **SEEN)), FAILS_WITH),
    "arr_has_it": verdict(COMPLETE, listed(tracked_state="importing")),
    "excluded_files_are_left": verdict(COMPLETE, policy=policy(auto_delete=True)),
    "import_failed_lately": verdict(
        COMPLETE, with_history(imports=ImportFacts(failures=1, failed_at=NOW - 1), selection=ARCHIVE)
    ),
    "finished": verdict(COMPLETE),
    "stopped_by_user": verdict(HOPELESS, state="stoppedDL"),
    "queued_or_forced": verdict(HOPELESS, state="queuedDL"),
    "unwanted_files": verdict(context=with_history(selection=Selection((Unwanted(1, "a.exe", "x"),), 1))),
    "client_at_standstill": verdict(HOPELESS, context(standstill="it has no connection")),
    "trackers_out_of_reach": verdict(HOPELESS, context(trackers_out_of_reach=True)),
    "too_young": verdict(HOPELESS, added_at=NOW - 1),
    "custom_format_unmet": verdict(
        context=context(grabbed_score=1, scores=(ItemScores(2, None),)), policy=policy(enforces_custom_formats=True)
    ),
    "stalling_is_allowed": verdict(HOPELESS, policy=policy(stalled_delay_seconds=-1)),
    "stalled_is_searched_again": verdict(HOPELESS, policy=policy(search_stalled_again=True)),
    "unavailable": verdict(availability=0.5),
    "stalled": verdict(HOPELESS),
    "nearly_complete": verdict(progress=0.999),
    "slow": verdict(policy=policy(maximum_eta_seconds=60), eta_seconds=61),
    "slow_by_speed": verdict(policy=policy(minimum_speed=100), speed=99),
    "under_way": verdict(),
}


def test_there_is_a_torrent_for_each_rule():
    assert list(DECIDES) == [rule.name for rule in torrents.RULES]


@pytest.mark.parametrize("name", DECIDES)
def test_the_rule_decides_of_its_torrent_and_every_rule_before_it_was_asked(name):
    found = DECIDES[name]
    rules = torrents.WITHOUT_ARR if name == "seeding" else torrents.WITH_ARR
    asked = [rule.name for rule in rules]
    assert [step.rule for step in found.trace] == asked[: asked.index(name) + 1]
    assert found.last.finding.outcome is not Outcome.PASS


@pytest.mark.parametrize(("name", "found"), [(name, found) for name, found in DECIDES.items() if found.acting])
def test_a_rule_that_acts_has_a_proof_on_the_page(name, found):
    (rule,) = (rule for rule in torrents.RULES if rule.name == name)
    assert rule.proof
    assert rule.by_privacy or found.action not in (Action.FAIL, Action.SEARCH_AGAIN) or name in _WITHOUT_PRIVACY


_WITHOUT_PRIVACY = ("failed_by_user", "answered_by_user", "unregistered")
"""What the user, or the tracker itself, asks for is done to private torrents too."""
