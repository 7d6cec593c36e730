"""What an undo of an action comes to, at every state and step."""

from typing import get_args

import pytest

from qbitrr.rules.quarantine import ENTERING, INSIDE, OVER, UNDOING, Undo, undo_of
from qbitrr.rules.verdict import DESTRUCTIVE, Action, ActionState

KEPT = {"until": 5.0, "torrent_file": "1.torrent"}
WITHOUT_FILE = {"until": 5.0, "torrent_file": None}


@pytest.mark.parametrize("action", sorted(DESTRUCTIVE))
@pytest.mark.parametrize("notes", [KEPT, WITHOUT_FILE])
@pytest.mark.parametrize("step", [ENTERING, INSIDE, OVER])
def test_while_nothing_of_a_removal_was_sent_it_is_released_also_without_a_file(action, notes, step):
    assert undo_of(action, "planned", step, notes) is Undo.RELEASE


@pytest.mark.parametrize("step", ["planned", "blocklisting", "blocklisted", "deleting", "deleted", "searching"])
def test_what_is_being_carried_out_has_no_undo(step):
    assert undo_of(Action.FAIL, "planned", step, KEPT) is None


@pytest.mark.parametrize("step", ["deleting", "searching", UNDOING])
def test_what_is_done_is_added_again_by_its_file(step):
    assert undo_of(Action.REMOVE, "done", step, KEPT) is Undo.ADD_AGAIN
    assert undo_of(Action.REMOVE, "done", step, WITHOUT_FILE) is None
    assert undo_of(Action.REMOVE, "done", step, {}) is None


@pytest.mark.parametrize("state", sorted(set(get_args(ActionState)) - {"planned", "done"}))
def test_other_states_have_no_undo(state):
    assert undo_of(Action.FAIL, state, INSIDE, KEPT) is None


@pytest.mark.parametrize("action", sorted(set(Action) - DESTRUCTIVE))
def test_other_actions_have_no_undo(action):
    assert {undo_of(action, state, INSIDE, KEPT) for state in get_args(ActionState)} == {None}
