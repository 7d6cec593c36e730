from typing import get_args

import pytest

from qbitrr.rules.imports import ImportStep
from qbitrr.rules.verdict import ActionState
from qbitrr.update import record
from supervisor.lifecycle import Phase
from tests.support.generated import FILES, ROOT
from tests.support.state_machines import actions, imports, update, worker


@pytest.mark.parametrize("name", FILES)
def test_what_is_generated_is_up_to_date(name):
    """`make docs` renews it."""
    assert (ROOT / name).read_text() == FILES[name]()


@pytest.mark.parametrize(
    ("machine", "states"),
    [(worker, tuple(Phase)), (actions, get_args(ActionState)), (update, get_args(record.Phase))],
)
def test_every_state_is_reached(machine, states):
    assert {transition.after for transition in machine.transitions()} >= set(states)


def test_every_event_of_the_life_cycle_is_tried():
    assert not worker.uncovered()


def test_every_step_of_an_import_is_drawn():
    assert imports.steps() == set(ImportStep)
