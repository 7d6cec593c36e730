"""What rules that fail a torrent do to private and to public ones, and torrents that no tracker knows any more."""

import pytest

from qbitrr.rules.files import Selection
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.verdict import Action
from tests.factories import completed, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    DOWNLOADING,
    HOPELESS,
    decision,
    fails_by,
    left_alone_by,
    verdict,
)


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, left_alone_by("stalled")),
        ({"stalled": "act"}, fails_by("stalled")),
        ({"default": "act"}, fails_by("stalled")),
        ({"stalled": "off", "default": "act"}, left_alone_by("stalled")),
        ({"stalled": "tag"}, (Action.TAG_USELESS, "stalled")),
        ({"slow": "act"}, left_alone_by("stalled")),
    ],
)
def test_a_private_torrent_is_left_unless_its_policy_says_otherwise(modes, expected):
    assert decision(verdict(HOPELESS, policy=policy(private_modes=modes), private=True)) == expected


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, fails_by("stalled")),
        ({"stalled": "off"}, left_alone_by("stalled")),
        ({"default": "tag"}, (Action.TAG_USELESS, "stalled")),
    ],
)
def test_a_public_torrent_fails_unless_its_policy_says_otherwise(modes, expected):
    assert decision(verdict(HOPELESS, policy=policy(public_modes=modes), private=False)) == expected


@pytest.mark.parametrize(
    ("private", "public", "expected"),
    [
        ({}, {}, left_alone_by("stalled")),
        ({"stalled": "act"}, {}, fails_by("stalled")),
        ({"stalled": "act"}, {"default": "tag"}, (Action.TAG_USELESS, "stalled")),
        ({"stalled": "tag"}, {}, (Action.TAG_USELESS, "stalled")),
        ({"stalled": "act"}, {"stalled": "off"}, left_alone_by("stalled")),
    ],
)
def test_what_may_be_private_gets_the_milder_of_both(private, public, expected):
    by = policy(private_modes=private, public_modes=public)
    found = verdict(HOPELESS, policy=by, private=None)
    assert decision(found) == expected
    assert found.needs_privacy is (found.action is not Action.FAIL)


def test_what_is_not_known_to_be_public_is_left_and_says_so():
    found = verdict(HOPELESS, private=None)
    assert "not known whether it is private" in found.last.finding.because
    assert not verdict(HOPELESS, private=True).needs_privacy
    assert not verdict(DOWNLOADING, private=None).needs_privacy


def test_what_the_row_of_the_dht_says_counts_before_5_0():
    assert verdict(HOPELESS, context(private=True), private=None).action is Action.NOTHING
    assert verdict(HOPELESS, context(private=False), private=None).action is Action.FAIL
    assert verdict(HOPELESS, context(private=True), private=False).action is Action.FAIL


def test_a_tag_is_set_once():
    tagging = policy(public_modes={"default": "tag"})
    assert verdict(HOPELESS, policy=tagging, tags=frozenset({"qBitrr-useless"})).action is Action.NOTHING


@pytest.mark.parametrize("rule", ["nothing_playable", "nothing_to_import"])
def test_a_private_torrent_with_nothing_to_import_is_left_and_says_why(rule):
    scene = context(history=History(selection=Selection(complete=rule == "nothing_to_import")))
    torrent = COMPLETE if rule == "nothing_to_import" else DOWNLOADING
    found = verdict(torrent, scene, private=True)
    assert decision(found) == left_alone_by(rule)
    assert "a private torrent is left by the policy" in found.last.finding.because
    assert decision(verdict(torrent, scene, private=False)) == fails_by(rule)


# -- unregistered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("private", [True, False])
def test_a_download_that_no_tracker_knows_any_more_fails(private):
    assert decision(verdict(DOWNLOADING, context(unregistered=True), private=private)) == fails_by("unregistered")


@pytest.mark.parametrize("by", [policy(), policy(with_arr=False)])
def test_it_does_not_fail_while_its_client_is_offline(by):
    offline = context(unregistered=True, standstill="it has no connection")
    assert verdict(DOWNLOADING, offline, by).last.rule == "client_at_standstill"


def test_a_stopped_download_stays_although_no_tracker_knows_it():
    assert verdict(DOWNLOADING, context(unregistered=True), state="stoppedDL").last.rule == "stopped_by_user"


IMPORTED = History(imports=ImportFacts(imported=True))


@pytest.mark.parametrize(
    ("on", "history", "granted", "action"),
    [
        (True, IMPORTED, True, Action.REMOVE),
        (False, IMPORTED, True, Action.NOTHING),
        (True, IMPORTED, False, Action.NOTHING),
        (True, History(), True, Action.IMPORT),
    ],
)
def test_an_imported_torrent_that_no_tracker_knows_is_removed_by_its_own_key(on, history, granted, action):
    around = context(unregistered=True, history=history, clearance=Clearance(granted, "a minimum"))
    assert verdict(COMPLETE, around, policy(remove_unregistered=on)).action is action


def test_what_was_complete_once_never_fails_for_it():
    lost = completed(left_bytes=5, state="stalledDL")
    assert verdict(lost, context(unregistered=True)).action is Action.NOTHING


# -- modes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "action", "would"),
    [
        ("act", Action.FAIL, Action.NOTHING),
        ("ask", Action.ASK, Action.FAIL),
        ("tag", Action.TAG_USELESS, Action.NOTHING),
        ("shadow", Action.NOTHING, Action.FAIL),
        ("off", Action.NOTHING, Action.NOTHING),
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_the_mode_of_a_rule_says_what_becomes_of_it(mode, action, would, private):
    by = policy(**{"private_modes" if private else "public_modes": {"stalled": mode}})
    found = verdict(HOPELESS, policy=by, private=private)
    assert (found.action, found.last.finding.would, found.last.rule) == (action, would, "stalled")


def test_what_the_user_answered_to_leave_is_not_asked_again():
    asking = policy(public_modes={"stalled": "ask"})
    left = context(history=History(left=frozenset({"stalled"})))
    assert decision(verdict(HOPELESS, left, asking)) == left_alone_by("stalled")
    assert verdict(HOPELESS, context(history=History(left=frozenset({"slow"}))), asking).action is Action.ASK
