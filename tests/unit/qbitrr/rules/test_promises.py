"""What holds for every torrent there can be, whatever the configuration and the history."""

import msgspec
from hypothesis import given

from qbitrr.rules import states, torrents
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.imports import ImportProof, QueueState
from qbitrr.rules.seeding import progress
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import NOT_SEEN
from qbitrr.rules.verdict import DESTRUCTIVE, PRELIMINARY, Action, Outcome
from tests import factories
from tests.unit.qbitrr.rules.anything import CONTEXTS, NOW, POLICIES, TORRENTS

everything = given(TORRENTS, CONTEXTS, POLICIES)
AFTER_IMPORT = ("room_needed", "seeding_is_over", "superseded", "unregistered")
"""Rules that may remove what the ledger proves to be imported."""


def judged(torrent, context, policy, **changes):
    return torrents.judge(msgspec.structs.replace(torrent, **changes), context, policy, NOW)


def of_an_arr(policy):
    return msgspec.structs.replace(policy, with_arr=True)


@everything
def test_every_torrent_gets_a_verdict_and_every_rule_before_it_passed(torrent, context, policy):
    found = judged(torrent, context, policy)
    asked = torrents.WITH_ARR if policy.with_arr else torrents.WITHOUT_ARR
    assert [step.rule for step in found.trace] == [rule.name for rule in asked[: len(found.trace)]]
    assert all(step.finding.outcome is Outcome.PASS for step in found.trace[:-1])
    assert (found.last.finding.outcome is Outcome.ACT) == (found.action is not Action.NOTHING)
    assert found.revisit_at is None or found.revisit_at >= NOW


@everything
def test_a_protected_torrent_is_never_touched(torrent, context, policy):
    protecting = msgspec.structs.replace(policy, protect_tags=frozenset({"keep"}))
    for tag in ("qBitrr-ignored", "keep"):
        assert judged(torrent, context, protecting, tags=torrent.tags | {tag}).action is Action.NOTHING


@everything
def test_what_is_in_quarantine_waits_and_is_released_when_no_removal_is_under_way(torrent, context, policy):
    tags = torrent.tags | {"qBitrr-quarantine"}
    for until, actions in ((NOW + 60, {Action.NOTHING}), (None, {Action.NOTHING, Action.RELEASE})):
        history = msgspec.structs.replace(context.history, quarantined_until=until)
        there = msgspec.structs.replace(context, history=history)
        assert judged(torrent, there, policy, tags=tags).action in actions


@everything
def test_what_is_unknown_removes_nothing(torrent, context, policy):
    """But for what the user put into FailedCategory, which is a clear request."""
    blind = msgspec.structs.replace(context, queue_known=False, queue=None)
    assert judged(torrent, blind, of_an_arr(policy), category="movies").action not in DESTRUCTIVE


@everything
def test_a_download_is_not_removed_while_its_client_is_offline(torrent, context, policy):
    offline = msgspec.structs.replace(context, standstill="qBittorrent has no connection to the internet")
    assert judged(torrent, offline, policy, category="movies", completed_at=None).action not in DESTRUCTIVE


@everything
def test_what_was_never_observed_in_trouble_does_not_fail_for_it(torrent, context, policy):
    timers = dict.fromkeys(("stalled", "slow", "below_speed", "unavailable"), NOT_SEEN)
    unseen = msgspec.structs.replace(context, **timers)
    found = judged(torrent, unseen, policy)
    by_time = ("stalled", "slow", "slow_by_speed", "unavailable")
    assert found.last.rule not in by_time or found.action is Action.NOTHING


@everything
def test_no_download_fails_for_its_speed_while_something_else_limits_it(torrent, context, policy):
    for speed in (ClientSpeed(True, 0, 0), ClientSpeed(False, 100, 90), ClientSpeed()):
        limited = msgspec.structs.replace(context, client_speed=speed)
        found = judged(torrent, limited, policy)
        assert found.last.rule not in ("slow", "slow_by_speed") or found.action is Action.NOTHING


@everything
def test_a_range_only_ever_gives_a_stalled_download_more_time(torrent, context, policy):
    plain = msgspec.structs.replace(policy, ranges=())
    with_ranges, without = (judged(torrent, context, one) for one in (policy, plain))
    if with_ranges.last.rule in ("stalled", "unavailable") and with_ranges.action in DESTRUCTIVE:
        assert without.action in DESTRUCTIVE


@everything
def test_missing_files_never_delete(torrent, context, policy):
    assert judged(torrent, context, policy, category="movies", state="missingFiles").action not in DESTRUCTIVE
    lost = {"completed_at": 1.0, "left_bytes": 1}
    assert judged(torrent, context, policy, category="movies", **lost).action not in DESTRUCTIVE


@everything
def test_what_the_user_stopped_stays_stopped(torrent, context, policy):
    found = judged(torrent, context, policy, category="movies", state="stoppedDL", completed_at=None)
    assert found.action in (Action.NOTHING, Action.CHECK_FILES, Action.ADJUST, Action.RELEASE)


@everything
def test_what_is_complete_goes_only_for_what_it_is_or_when_its_seeding_is_over(torrent, context, policy):
    complete = {"left_bytes": 0, "completed_at": NOW, "size_bytes": 1, "category": "movies"}
    found = judged(torrent, context, policy, **complete)
    if found.action in DESTRUCTIVE:
        assert found.last.rule in ("arr_refuses_it", "unplayable", "nothing_to_import", *AFTER_IMPORT)


@everything
def test_what_was_imported_in_part_is_never_removed_for_the_rest(torrent, context, policy):
    part = ImportProof(frozenset({1, 2}), frozenset({1}), touched=True)
    history = msgspec.structs.replace(context.history, proof=part)
    complete = {"left_bytes": 0, "completed_at": NOW, "size_bytes": 1, "category": "movies"}
    found = judged(torrent, msgspec.structs.replace(context, history=history), of_an_arr(policy), **complete)
    assert found.action not in DESTRUCTIVE or found.last.rule in AFTER_IMPORT


@everything
def test_what_the_arr_refuses_is_never_imported_over(torrent, context, policy):
    queue = factories.queue(tracked_state="importBlocked", status="completed", messages=("because",))
    listed = msgspec.structs.replace(context, queue=queue, queue_known=True)
    assert judged(torrent, listed, of_an_arr(policy)).action is not Action.IMPORT


@everything
def test_what_was_imported_does_not_fail(torrent, context, policy):
    tags = torrent.tags | {"qBitrr-imported"}
    found = judged(torrent, context, of_an_arr(policy), category="movies", tags=tags)
    assert found.action not in DESTRUCTIVE or found.last.rule in AFTER_IMPORT


@everything
def test_what_the_user_decided_against_is_not_removed_on_the_same_day(torrent, context, policy):
    history = msgspec.structs.replace(context.history, discarded_at=NOW - 1)
    decided = msgspec.structs.replace(context, history=history)
    assert judged(torrent, decided, policy, category="movies").action not in DESTRUCTIVE


@everything
def test_reasons_hold_no_numbers_that_change_by_themselves(torrent, context, policy):
    for step in judged(torrent, context, policy).trace:
        assert not any(c.isdigit() for c in step.finding.because.replace("StalledDelay -1", "").replace("0", ""))
        msgspec.json.encode(step.finding)


@everything
def test_nothing_is_removed_below_a_minimum_on_any_path(torrent, context, policy):
    owing = msgspec.structs.replace(context, clearance=Clearance(False, "the hit-and-run minimum is not met"))
    for category in ("movies", "failed"):
        assert judged(torrent, owing, policy, category=category).action not in DESTRUCTIVE


@everything
def test_a_seeding_rule_removes_only_what_the_ledger_proves_to_be_imported(torrent, context, policy):
    found = judged(torrent, context, policy)
    if found.last.rule == "seeding_is_over" and found.action is Action.REMOVE:
        assert context.history.imports.imported or not policy.with_arr
        assert torrent.complete
        assert progress(torrent.seeding, context.limits).reached


@everything
def test_what_was_complete_is_removed_as_unregistered_only_after_its_import_and_by_its_key(torrent, context, policy):
    unknown = msgspec.structs.replace(context, unregistered=True)
    found = judged(torrent, unknown, policy, completed_at=torrent.completed_at or NOW)
    if found.last.rule == "unregistered" and found.action in DESTRUCTIVE:
        assert found.action is Action.REMOVE
        assert policy.remove_unregistered
        assert context.history.imports.imported


@everything
def test_a_torrent_is_removed_as_superseded_only_by_its_key_and_with_a_proof(torrent, context, policy):
    found = judged(torrent, context, policy)
    if found.last.rule == "superseded" and found.action in DESTRUCTIVE:
        proof = context.history.supersession
        assert found.action is Action.REMOVE
        assert policy.with_arr
        assert policy.remove_superseded == "all" or (policy.remove_superseded == "replaced" and not proof.deleted)
        assert context.history.imports.imported
        assert context.suspected_superseded
        assert proof.proven
        assert context.clearance.granted


@everything
def test_a_torrent_goes_for_space_only_when_it_was_chosen_and_its_minimums_are_met(torrent, context, policy):
    found = judged(torrent, context, policy)
    if found.last.rule == "room_needed" and found.action in DESTRUCTIVE:
        assert policy.make_room.enabled
        assert context.room is not None
        assert torrent.complete
        assert context.history.imports.imported
        assert context.clearance.granted
        assert (context.room.numbers.other_seeders or 0) >= policy.make_room.min_other_seeders


@everything
def test_without_an_arr_nothing_is_asked_of_one(torrent, context, policy):
    alone = msgspec.structs.replace(policy, with_arr=False)
    assert judged(torrent, context, alone).action in {
        Action.NOTHING,
        Action.RECHECK,
        Action.ADJUST,
        Action.REMOVE,
        Action.TAG_STALLED,
        Action.UNTAG_STALLED,
        Action.RELEASE,
    }


@everything
def test_only_a_rule_that_names_its_proof_acts(torrent, context, policy):
    found = judged(torrent, context, policy)
    proofs = {rule.name: rule.proof for rule in torrents.RULES}
    assert found.action is Action.NOTHING or proofs[found.last.rule]


@everything
def test_a_private_torrent_is_left_by_default_unless_its_trackers_refuse_it_or_the_user_asks(torrent, context, policy):
    """Also one that may be private."""
    plain = msgspec.structs.replace(policy, private_modes={})
    unknown = msgspec.structs.replace(context, private=None)
    for private, there in ((True, context), (None, unknown)):
        found = judged(torrent, there, plain, private=private, category="movies")
        assert found.action not in DESTRUCTIVE or found.last.rule in AFTER_IMPORT


@everything
def test_nothing_fails_while_its_trackers_are_out_of_reach_but_for_what_is_in_it(torrent, context, policy):
    waiting = msgspec.structs.replace(context, trackers_out_of_reach=True, unregistered=False)
    found = judged(torrent, waiting, policy, category="movies", completed_at=None)
    assert found.action not in DESTRUCTIVE or found.last.rule == "nothing_playable"


@everything
def test_shadow_asks_the_same_rules_and_goes_on_only_behind_preliminary_actions(torrent, context, policy):
    done, reported = judged(torrent, context, policy), torrents.judge_in_shadow(torrent, context, policy, NOW)
    assert reported.trace[: len(done.trace)] == done.trace
    assert all(step.finding.action in PRELIMINARY for step in reported.acting if step != reported.last)
    assert (len(reported.trace) > len(done.trace)) == (done.action in PRELIMINARY)


# -- sentences of docs/rules.md ---------------------------------------------------------------------------------

BY_TIME = ("custom_format_unmet", "stalled_is_searched_again", "unavailable", "stalled", "slow", "slow_by_speed")
FAILING = {Action.FAIL, Action.SEARCH_AGAIN, Action.FAIL_REST}


def acting(found, *rules):
    """Whether one of these rules asks for more than a tag."""
    return found.last.rule in rules and found.action not in (Action.NOTHING, Action.TAG_USELESS, Action.TAG_STALLED)


@everything
def test_nothing_is_done_to_what_its_client_is_busy_with(torrent, context, policy):
    for state in states.BUSY:
        assert judged(torrent, context, policy, state=state).action in (Action.NOTHING, Action.RELEASE)


@everything
def test_what_is_lost_or_in_error_is_never_rechecked_out_of_sight(torrent, context, policy):
    out_of_sight = msgspec.structs.replace(context, content_is_there=False)
    for state in (states.MISSING_FILES, states.ERROR):
        found = judged(torrent, out_of_sight, policy, category="movies", state=state, completed_at=1.0)
        assert found.action not in DESTRUCTIVE | {Action.RECHECK} or found.last.rule == "unregistered"


@everything
def test_what_is_queued_forced_or_too_young_fails_by_no_rule_about_time(torrent, context, policy):
    for state in {states.QUEUED} | states.FORCED:
        assert not acting(judged(torrent, context, policy, state=state), *BY_TIME)
    patient = msgspec.structs.replace(policy, ignore_younger_than_seconds=60)
    assert not acting(judged(torrent, context, patient, added_at=NOW - 59), *BY_TIME)


@everything
def test_where_stalling_is_allowed_nothing_fails_for_it(torrent, context, policy):
    for delay in (-1, 0):
        allowing = msgspec.structs.replace(policy, stalled_delay_seconds=delay)
        found = judged(torrent, context, allowing)
        assert not acting(found, "stalled", "stalled_is_searched_again", "unavailable")
        assert found.action is not Action.TAG_STALLED or delay == 0


@everything
def test_what_is_nearly_complete_is_not_removed_for_being_slow_or_unavailable(torrent, context, policy):
    lenient = msgspec.structs.replace(policy, maximum_deletable_progress=0.5)
    found = judged(torrent, context, lenient, progress=0.51)
    assert not acting(found, "slow", "slow_by_speed", "unavailable")


@everything
def test_slow_downloads_are_kept_where_the_user_says_so(torrent, context, policy):
    keeping = msgspec.structs.replace(policy, keep_slow=True)
    assert not acting(judged(torrent, context, keeping), "slow", "slow_by_speed")


@everything
def test_no_failure_while_another_client_holds_it_or_after_too_many_or_soon_after_an_action(torrent, context, policy):
    """But for what the user asks for by a category."""
    in_time = msgspec.structs.replace(context.history, acted_at=NOW - 1)
    patient = msgspec.structs.replace(policy, ignore_younger_than_seconds=60, most_failed_grabs=2)
    for objection in (
        msgspec.structs.replace(context, elsewhere=True),
        msgspec.structs.replace(context, failed_grabs=2),
        msgspec.structs.replace(context, history=in_time),
    ):
        found = judged(torrent, objection, of_an_arr(patient), category="movies")
        assert found.action not in FAILING


@everything
def test_what_the_arr_neither_lists_nor_grabbed_does_not_fail(torrent, context, policy):
    history = msgspec.structs.replace(context.history, proof=None, searched_again=False)
    unlisted = msgspec.structs.replace(context, queue_known=True, queue=None, history=history)
    assert judged(torrent, unlisted, of_an_arr(policy), category="movies").action not in FAILING


@everything
def test_a_refusal_without_a_message_or_a_proof_is_left_to_the_user(torrent, context, policy):
    silent = msgspec.structs.replace(of_an_arr(policy), messages=())
    unproven = msgspec.structs.replace(context, history=msgspec.structs.replace(context.history, faults={}))
    assert not acting(judged(torrent, unproven, silent), "arr_refuses_it", "arr_refuses_the_rest")


@everything
def test_an_import_needs_a_queue_that_is_known_and_a_complete_torrent(torrent, context, policy):
    found = judged(torrent, context, policy)
    if found.action is Action.IMPORT:
        assert torrent.complete
        assert context.queue_known
        assert not context.history.imports.imported
        assert context.reading.state not in (QueueState.REFUSED, QueueState.NEEDS_USER)


@everything
def test_only_tags_of_ours_are_set_and_none_without_tags(torrent, context, policy):
    tagless = msgspec.structs.replace(policy, tagless=True)
    found = judged(torrent, context, tagless)
    assert found.action not in (Action.TAG_STALLED, Action.TAG_USELESS, Action.UNTAG_STALLED)


@everything
def test_files_are_only_deselected_of_a_download_in_which_something_playable_remains(torrent, context, policy):
    found = judged(torrent, context, policy)
    selection = context.history.selection
    if found.action is Action.SKIP_FILES:
        assert selection.playable
        assert not torrent.complete
    if found.action is Action.DELETE_FILES:
        assert policy.auto_delete
        assert torrent.complete
