"""Temporary quality profiles: tables for each stage, and that the original comes back whatever happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.search.profile_switch import (
    Parent,
    StoredSwitch,
    SwitchRules,
    SwitchStage,
    SwitchStep,
    decide,
    resolved,
)

NOW = 1_790_000_000.0
HD, ANY, UHD, OTHER = 4, 1, 5, 6
RULES = SwitchRules(temporary={HD: ANY, UHD: ANY})


def parent(profile_id=HD, *, missing=True):
    return Parent(7, "Movie", profile_id, missing)


def stored_switch(stage, ago=10.0):
    return StoredSwitch(HD, ANY, stage, NOW - ago)


def next_stage(step, stored):
    """The stage from now on, and the profile to set."""
    if step is None:
        return stored and stored.stage, None
    return step.stored and step.stored.stage, step.set_profile_id


@pytest.mark.parametrize(
    ("profile", "missing", "stage", "changes", "expected"),
    [
        # nothing is stored
        (HD, True, None, {}, (SwitchStage.SWITCHING, ANY)),
        (HD, False, None, {}, (None, None)),
        (OTHER, True, None, {}, (None, None)),
        (ANY, True, None, {}, (None, None)),
        (None, True, None, {}, (None, None)),
        (HD, True, None, {"temporary": {HD: HD}}, (None, None)),
        (HD, True, None, {"temporary": {}}, (None, None)),
        # sent, not confirmed
        (HD, True, SwitchStage.SWITCHING, {}, (SwitchStage.SWITCHING, ANY)),
        (ANY, True, SwitchStage.SWITCHING, {}, (SwitchStage.SWITCHED, None)),
        (HD, False, SwitchStage.SWITCHING, {}, (None, None)),
        (HD, True, SwitchStage.SWITCHING, {"temporary": {}}, (None, None)),
        (OTHER, True, SwitchStage.SWITCHING, {}, (SwitchStage.LEFT, None)),
        (None, True, SwitchStage.SWITCHING, {}, (SwitchStage.SWITCHING, None)),
        # switched
        (ANY, True, SwitchStage.SWITCHED, {}, (SwitchStage.SWITCHED, None)),
        (ANY, False, SwitchStage.SWITCHED, {}, (SwitchStage.RESTORING, HD)),
        (ANY, False, SwitchStage.SWITCHED, {"keep": True}, (SwitchStage.SWITCHED, None)),
        (ANY, False, SwitchStage.SWITCHED, {"keep": True, "reset": True}, (SwitchStage.RESTORING, HD)),
        (ANY, True, SwitchStage.SWITCHED, {"reset": True}, (SwitchStage.SWITCHED, None)),
        (ANY, True, SwitchStage.SWITCHED, {"temporary": {}}, (SwitchStage.RESTORING, HD)),
        (ANY, True, SwitchStage.SWITCHED, {"temporary": {HD: OTHER}}, (SwitchStage.RESTORING, HD)),
        (ANY, True, SwitchStage.SWITCHED, {"timeout_seconds": 10.0}, (SwitchStage.RESTORING, HD)),
        (ANY, True, SwitchStage.SWITCHED, {"timeout_seconds": 10.0, "keep": True}, (SwitchStage.RESTORING, HD)),
        (ANY, True, SwitchStage.SWITCHED, {"timeout_seconds": 10.5}, (SwitchStage.SWITCHED, None)),
        (OTHER, True, SwitchStage.SWITCHED, {}, (SwitchStage.LEFT, None)),
        (OTHER, False, SwitchStage.SWITCHED, {}, (None, None)),
        (HD, True, SwitchStage.SWITCHED, {}, (SwitchStage.LEFT, None)),
        # on the way back
        (ANY, True, SwitchStage.RESTORING, {}, (SwitchStage.RESTORING, HD)),
        (HD, True, SwitchStage.RESTORING, {"timeout_seconds": 5.0}, (SwitchStage.RESTING, None)),
        (HD, True, SwitchStage.RESTORING, {}, (None, None)),
        (HD, True, SwitchStage.RESTORING, {"timeout_seconds": 5.0, "temporary": {}}, (None, None)),
        (HD, False, SwitchStage.RESTORING, {}, (None, None)),
        (OTHER, True, SwitchStage.RESTORING, {}, (None, None)),
        # tried in vain
        (HD, True, SwitchStage.RESTING, {"timeout_seconds": 10.5}, (SwitchStage.RESTING, None)),
        (HD, True, SwitchStage.RESTING, {"timeout_seconds": 10.0}, (SwitchStage.SWITCHING, ANY)),
        (HD, False, SwitchStage.RESTING, {"timeout_seconds": 10.5}, (None, None)),
        (HD, True, SwitchStage.RESTING, {"temporary": {}}, (None, None)),
        (OTHER, True, SwitchStage.RESTING, {"timeout_seconds": 10.5}, (SwitchStage.LEFT, None)),
        # the user's choice
        (HD, True, SwitchStage.LEFT, {}, (SwitchStage.LEFT, None)),
        (OTHER, True, SwitchStage.LEFT, {}, (SwitchStage.LEFT, None)),
        (OTHER, False, SwitchStage.LEFT, {}, (None, None)),
        (OTHER, True, SwitchStage.LEFT, {"temporary": {}}, (None, None)),
    ],
)
def test_what_is_next(profile, missing, stage, changes, expected):
    rules = SwitchRules(**{"temporary": RULES.temporary, **changes})
    stored = stage and stored_switch(stage)
    assert next_stage(decide(parent(profile, missing=missing), stored, rules, NOW), stored) == expected


def test_at_start_an_unknown_switch_is_undone_when_the_original_can_only_be_one():
    only = SwitchRules(temporary={HD: ANY}, reset=True)
    step = decide(parent(ANY, missing=False), None, only, NOW)
    assert step == SwitchStep(StoredSwitch(HD, ANY, SwitchStage.RESTORING, NOW), HD, "ForceResetTempProfiles is on")
    assert decide(parent(ANY, missing=False), None, SwitchRules(temporary={HD: ANY, UHD: ANY}, reset=True), NOW) is None
    assert decide(parent(ANY, missing=True), None, only, NOW) is None
    assert decide(parent(HD, missing=False), None, only, NOW) is None


def test_names_of_no_profile_or_of_two_are_returned_and_their_pairs_left_out():
    ids = {"HD": [4], "Any": [1], "Twice": [7, 8]}
    mappings = {"HD": "Any", "Twice": "Any", "Any": "Gone"}
    assert resolved(mappings, ids) == ({4: 1}, ["Gone", "Twice"])


class World:
    """An Arr with one movie, and qbitrr that crashes before or after it sends."""

    def __init__(self, rules):
        self.profile, self.missing, self.stored, self.rules, self.now = HD, True, None, rules, NOW
        self.sent = []

    def run_round(self, crash=None):
        step = decide(parent(self.profile, missing=self.missing), self.stored, self.rules, self.now)
        if step is None:
            return False
        self.stored = step.stored
        if step.set_profile_id is not None and crash != "before":
            assert self.profile != step.set_profile_id
            self.profile = step.set_profile_id
            self.sent.append(step.set_profile_id)
        return True

    def settle(self):
        for _ in range(10):
            if not self.run_round():
                return
        raise AssertionError("it never comes to rest")


actions = st.lists(st.sampled_from(["round", "before", "after", "missing", "there", "later", "later"]), max_size=30)


@given(actions, st.booleans(), st.sampled_from([0.0, 60.0]))
def test_whatever_happens_it_ends_with_its_own_profile_once_the_feature_is_off(steps, keep, timeout):
    world = World(SwitchRules(temporary=RULES.temporary, keep=keep, timeout_seconds=timeout))
    for step in steps:
        match step:
            case "round":
                world.run_round()
            case "before" | "after":
                world.run_round(crash=step)
            case "missing" | "there":
                world.missing = step == "missing"
            case "later":
                world.now += 45
        assert world.profile in (HD, ANY)
        assert world.stored is None or world.stored.original_id == HD
    world.rules = SwitchRules(temporary={})
    world.settle()
    assert (world.profile, world.stored) == (HD, None)


@given(actions, st.sampled_from([UHD, OTHER, HD]))
def test_what_the_user_chose_is_never_changed_while_something_is_missing(steps, chosen):
    world = World(SwitchRules(temporary=RULES.temporary, timeout_seconds=60.0))
    world.run_round()
    world.run_round()
    assert (world.profile, world.stored.stage) == (ANY, SwitchStage.SWITCHED)
    world.profile = chosen
    for step in steps:
        if step == "later":
            world.now += 45
        elif step in ("round", "before", "after"):
            world.run_round(crash=step)
    assert world.profile == chosen


@given(st.integers(1, 50))
def test_it_comes_to_rest_without_sending_anything_twice(passes):
    world = World(RULES)
    for _ in range(passes):
        world.run_round()
    assert world.sent == [ANY]
    world.missing = False
    world.settle()
    assert world.sent == [ANY, HD]
