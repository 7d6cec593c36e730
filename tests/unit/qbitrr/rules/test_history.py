from typing import get_args

import pytest
from msgspec.structs import replace

from qbitrr.rules.files import Selection
from qbitrr.rules.history import ADDED_AGAIN, BY_A_PERSON, DISCARDED, NOTHING_DONE, History, ImportFacts, after
from qbitrr.rules.verdict import DESTRUCTIVE, Action, ActionState

AT = 1_700_000_000.0
COUNTED = {*DESTRUCTIVE, Action.IMPORT, Action.RECHECK, Action.SEARCH_AGAIN, Action.FAIL_REST}
STATES = get_args(ActionState)


@pytest.mark.parametrize(
    ("state", "outcome", "discarded_at"),
    [
        ("undone", "taken back", AT),
        ("cancelled", DISCARDED, AT),
        ("cancelled", f"{BY_A_PERSON}took the tag off", AT),
        ("cancelled", "it gets on", None),
        ("cancelled", None, None),
        ("failed", "the Arr refused", None),
        ("done", "removed", None),
        ("awaiting_approval", None, None),
    ],
)
def test_a_decision_of_the_user_against_a_removal_is_remembered(state, outcome, discarded_at):
    assert after(NOTHING_DONE, Action.FAIL, state, AT, outcome) == History(discarded_at=discarded_at)


@pytest.mark.parametrize("action", [action for action in Action if action not in DESTRUCTIVE])
def test_only_a_removal_can_be_decided_against(action):
    assert after(NOTHING_DONE, action, "cancelled", AT, DISCARDED).discarded_at is None
    assert after(NOTHING_DONE, action, "undone", AT, None).discarded_at is None


@pytest.mark.parametrize(
    ("before", "state", "expected"),
    [
        (ImportFacts(), "done", ImportFacts(imported=True)),
        (ImportFacts(failures=3, failed_at=1.0), "done", ImportFacts(imported=True)),
        (ImportFacts(), "failed", ImportFacts(failures=1, failed_at=AT)),
        (ImportFacts(failures=2, failed_at=1.0), "failed", ImportFacts(failures=3, failed_at=AT)),
        (ImportFacts(failures=2, failed_at=1.0), "cancelled", ImportFacts(failures=2, failed_at=1.0)),
        (ImportFacts(imported=True), "failed", ImportFacts(imported=True, failures=1, failed_at=AT)),
    ],
)
def test_imports_are_counted_until_one_is_done(before, state, expected):
    assert after(History(imports=before), Action.IMPORT, state, AT, "x") == History(imports=expected)


def test_rechecks_are_counted():
    once = after(NOTHING_DONE, Action.RECHECK, "done", AT, None)
    assert once == History(rechecks=1, rechecked_at=AT, acted_at=AT)
    assert after(once, Action.RECHECK, "done", AT + 9, None) == History(
        rechecks=2, rechecked_at=AT + 9, acted_at=AT + 9
    )
    assert after(once, Action.RECHECK, "failed", AT + 9, None) == once


@pytest.mark.parametrize("action", [Action.SKIP_FILES, Action.DELETE_FILES, Action.TAG_STALLED])
def test_what_changes_nothing_about_a_download_is_no_reason_to_wait(action):
    assert after(NOTHING_DONE, action, "done", AT, None) == NOTHING_DONE


def test_a_failed_torrent_that_was_added_again_is_one_that_was_searched_again():
    """The Arr counts the download as failed, and does not import it by itself."""
    assert after(NOTHING_DONE, Action.FAIL, "undone", AT, f"{ADDED_AGAIN}; its data is checked").searched_again
    assert not after(NOTHING_DONE, Action.FAIL, "undone", AT, "released from quarantine").searched_again
    assert not after(NOTHING_DONE, Action.REMOVE, "undone", AT, f"{ADDED_AGAIN}; its data is checked").searched_again


def test_that_it_was_searched_again_is_remembered_when_it_was_done():
    assert after(NOTHING_DONE, Action.SEARCH_AGAIN, "done", AT, None) == History(searched_again=True)
    assert after(NOTHING_DONE, Action.SEARCH_AGAIN, "failed", AT, None) == NOTHING_DONE


def test_a_torrent_whose_rest_was_failed_goes_on_as_an_imported_one():
    assert after(NOTHING_DONE, Action.FAIL_REST, "done", AT, None).imports.imported
    assert after(NOTHING_DONE, Action.FAIL_REST, "cancelled", AT, None) == NOTHING_DONE


@pytest.mark.parametrize("action", sorted(set(Action) - COUNTED))
@pytest.mark.parametrize("state", STATES)
def test_other_actions_leave_no_trace_in_it(action, state):
    assert after(NOTHING_DONE, action, state, AT, "x") == NOTHING_DONE


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", STATES)
def test_no_action_forgets_what_was_found_out(action, state):
    found = History(searched_again=True, discarded_at=1.0, unplayable="bad", selection=Selection(playable=1))
    kept = after(found, action, state, AT, None)
    assert replace(kept, discarded_at=1.0, imports=found.imports, rechecks=0, rechecked_at=None, acted_at=None) == found
