import pytest
from msgspec.structs import replace

from qbitrr.rules.facts import ItemScores
from qbitrr.rules.files import Selection, Unwanted
from qbitrr.rules.verdict import Action
from tests.factories import NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    DOWNLOADING,
    decision,
    fails_by,
    left_alone_by,
    listed,
    verdict,
    with_history,
)

FILTERING = policy(filters_files=True)
SAMPLE = (Unwanted(1, "Some.Release/Sample/sample.mkv", "FolderExclusionRegex sample"),)


def seen(unwanted=(), playable=0, foreign="", **changes):
    return with_history(selection=Selection(unwanted, playable, foreign), **changes)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("downloading", (Action.CHECK_FILES, "files_not_checked")),
        ("stalledDL", (Action.CHECK_FILES, "files_not_checked")),
        ("metaDL", left_alone_by("stalled")),  # it has no files yet
        ("stoppedDL", left_alone_by("stopped_by_user")),
        ("queuedDL", left_alone_by("queued_or_forced")),
    ],
)
def test_files_are_checked_as_soon_as_they_are_known(state, expected):
    assert decision(verdict(policy=FILTERING, state=state, added_at=NOW - 500)) == expected


def test_files_are_not_checked_without_rules_or_twice():
    assert verdict().last.rule == "under_way"
    assert verdict(context=seen(playable=1), policy=FILTERING).last.rule == "under_way"


def test_files_of_a_young_torrent_are_checked_and_skipped_at_once():
    assert verdict(policy=FILTERING, added_at=NOW).action is Action.CHECK_FILES
    assert verdict(context=seen(SAMPLE, playable=1), policy=FILTERING, added_at=NOW).action is Action.SKIP_FILES


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (seen(SAMPLE, playable=1), (Action.SKIP_FILES, "unwanted_files")),
        (seen((), playable=1), left_alone_by("under_way")),
        (seen(SAMPLE, playable=0), fails_by("nothing_playable")),
        (seen((), playable=0), fails_by("nothing_playable")),
        (seen((), foreign="it is a disc"), left_alone_by("under_way")),
        (seen((), foreign="it is an archive"), left_alone_by("under_way")),
    ],
)
def test_what_a_file_list_leads_to(selection, expected):
    assert decision(verdict(context=selection, policy=FILTERING)) == expected


def test_files_that_are_skipped_are_named_with_the_reason():
    assert verdict(context=seen(SAMPLE, playable=1), policy=FILTERING).last.finding.facts["files"] == {
        "Some.Release/Sample/sample.mkv": "FolderExclusionRegex sample"
    }


@pytest.mark.parametrize("state", ["metaDL", "stoppedDL", "forcedDL", "queuedDL"])
def test_files_are_no_reason_while_it_does_not_try(state):
    assert verdict(context=seen(SAMPLE), policy=FILTERING, state=state, added_at=NOW - 500).action is Action.NOTHING


def test_what_is_in_a_torrent_does_not_depend_on_its_age():
    assert decision(verdict(context=seen(SAMPLE), policy=FILTERING, added_at=NOW)) == fails_by("nothing_playable")


def test_a_complete_torrent_is_judged_by_its_files_before_it_is_imported():
    young = replace(COMPLETE, added_at=NOW)
    assert decision(verdict(young, policy=FILTERING)) == (Action.CHECK_FILES, "files_not_checked")
    assert decision(verdict(young, seen(()), FILTERING)) == (Action.CHECK_FILES, "nothing_to_import")
    assert decision(verdict(young, seen((), playable=1), FILTERING)) == (Action.IMPORT, "finished")


@pytest.mark.parametrize("tracked_state", ["importing", "imported"])
def test_what_the_arr_imports_is_not_judged_by_its_files(tracked_state):
    found = verdict(COMPLETE, listed(tracked_state=tracked_state), FILTERING)
    assert found.last.rule not in ("files_not_checked", "nothing_playable")


def test_what_only_patterns_for_names_leave_empty_is_left_to_the_user():
    found = verdict(context=with_history(selection=Selection(SAMPLE, by_name=True)), policy=FILTERING)
    assert decision(found) == left_alone_by("nothing_playable")


# -- AutoDelete -------------------------------------------------------------------------------------------------

DELETING = policy(filters_files=True, auto_delete=True)
LEFT = Selection(playable=1, complete=True, left_on_disk=("Some.Release/sample.mkv",))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, (Action.CHECK_FILES, "files_not_checked")),
        # a look at a download tells nothing of what is left after it
        (Selection(playable=1, left_on_disk=("x",)), (Action.CHECK_FILES, "excluded_files_are_left")),
        (LEFT, (Action.DELETE_FILES, "excluded_files_are_left")),
        (Selection(playable=1, complete=True), (Action.IMPORT, "finished")),
    ],
)
def test_what_was_excluded_is_deleted_from_disk_before_the_import(selection, expected):
    assert decision(verdict(COMPLETE, with_history(selection=selection), DELETING)) == expected


def test_nothing_is_deleted_without_auto_delete_nor_before_it_is_complete():
    assert verdict(COMPLETE, with_history(selection=LEFT), FILTERING).action is Action.IMPORT
    assert verdict(DOWNLOADING, with_history(selection=LEFT), DELETING).last.rule == "under_way"


def test_nothing_is_deleted_while_the_arr_imports():
    importing = listed(tracked_state="importing")
    assert decision(verdict(COMPLETE, importing, DELETING)) == left_alone_by("arr_has_it")


# -- custom formats ---------------------------------------------------------------------------------------------

ENFORCING = policy(enforces_custom_formats=True)
FORCING = policy(enforces_custom_formats=True, forces_minimum_custom_format=True)


def scored(score, *items):
    return context(
        grabbed_score=score,
        scores=tuple(ItemScores(of_file, minimum) for of_file, minimum in items),
    )


@pytest.mark.parametrize(
    ("score", "item", "by_file", "by_minimum"),
    [
        # with a file: compared with the file's score
        (9, (10, None), Action.FAIL, Action.FAIL),
        (10, (10, None), Action.NOTHING, Action.NOTHING),
        (11, (10, None), Action.NOTHING, Action.NOTHING),
        (-11, (-10, None), Action.FAIL, Action.FAIL),
        # the minimum counts only when it is enforced
        (49, (10, 50), Action.NOTHING, Action.FAIL),
        (50, (10, 50), Action.NOTHING, Action.NOTHING),
        # without a file
        (-5, (None, None), Action.NOTHING, Action.NOTHING),
        (-1, (None, 0), Action.NOTHING, Action.FAIL),
        (0, (None, 0), Action.NOTHING, Action.NOTHING),
        # not known
        (None, (10, 10), Action.NOTHING, Action.NOTHING),
    ],
)
def test_what_scores_worse_than_what_is_there_fails(score, item, by_file, by_minimum):
    assert verdict(context=scored(score, item), policy=ENFORCING).action is by_file
    assert verdict(context=scored(score, item), policy=FORCING).action is by_minimum


def test_the_reason_says_which_score_it_misses():
    below_file = verdict(context=scored(9, (10, 10)), policy=FORCING).last.finding.because
    below_minimum = verdict(context=scored(9, (None, 10)), policy=FORCING).last.finding.because
    assert below_file == "its custom format score is below that of the present file"
    assert below_minimum == "its custom format score is below the minimum of the profile"


def test_custom_formats_do_not_matter_unless_they_are_enforced():
    assert verdict(context=scored(0, (10, 10))).last.rule == "under_way"
    only_forcing = policy(forces_minimum_custom_format=True)
    assert verdict(context=scored(0, (10, 10)), policy=only_forcing).last.rule == "under_way"


@pytest.mark.parametrize(
    ("items", "action"),
    [
        (((10, None), (10, None)), Action.FAIL),
        (((10, None), (9, None)), Action.NOTHING),
        (((10, None), (None, None)), Action.NOTHING),
        ((), Action.NOTHING),
    ],
)
def test_a_pack_fails_only_when_it_is_worse_for_every_item(items, action):
    assert verdict(context=scored(9, *items), policy=ENFORCING).action is action


@pytest.mark.parametrize(("changes", "action"), [({}, Action.FAIL), ({"added_at": NOW - 179}, Action.NOTHING)])
def test_a_young_torrent_does_not_fail_for_its_score(changes, action):
    assert verdict(context=scored(9, (10, None)), policy=ENFORCING, **changes).action is action


def test_what_is_complete_is_imported_whatever_its_score():
    assert verdict(COMPLETE, scored(9, (10, None)), ENFORCING).action is Action.IMPORT
