import pytest

from qbitrr.rules.verdict import Action
from tests.factories import NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import COMPLETE, DOWNLOADING, HOPELESS, decision, left_alone_by, verdict


@pytest.mark.parametrize(("age", "action"), [(179, Action.NOTHING), (180, Action.FAIL)])
def test_a_young_torrent_is_given_time(age, action):
    found = verdict(policy=policy(stalled_delay_seconds=60), state="metaDL", added_at=NOW - age)
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


def test_with_zero_no_torrent_is_too_young():
    eager = policy(stalled_delay_seconds=60, ignore_younger_than_seconds=0)
    assert verdict(policy=eager, state="metaDL", added_at=NOW - 60).action is Action.FAIL


@pytest.mark.parametrize("state", ["stoppedDL", "stoppedUP"])
def test_what_is_stopped_stays_stopped(state):
    assert decision(verdict(HOPELESS, state=state)) == left_alone_by("stopped_by_user")


@pytest.mark.parametrize(("guards", "words"), [(True, "until there is space"), (False, "start it by hand")])
def test_what_the_guard_stopped_is_told_from_what_it_left_behind(guards, words):
    tags = frozenset({"qBitrr-free_space_paused"})
    found = verdict(HOPELESS, policy=policy(guards_space=guards), state="stoppedDL", tags=tags)
    assert decision(found) == left_alone_by("stopped_by_user")
    assert words in found.last.finding.because


@pytest.mark.parametrize("state", ["queuedDL", "forcedDL", "forcedMetaDL"])
def test_what_waits_for_its_turn_or_is_forced_is_left_alone(state):
    assert decision(verdict(HOPELESS, state=state)) == left_alone_by("queued_or_forced")


def test_nothing_is_dead_while_its_client_is_at_a_standstill():
    found = verdict(HOPELESS, context(standstill="qBittorrent has no connection to the internet"))
    assert decision(found) == left_alone_by("client_at_standstill")
    assert found.last.finding.because == "qBittorrent has no connection to the internet, so no time counts"


def test_what_is_complete_is_imported_while_its_client_is_at_a_standstill():
    assert verdict(COMPLETE, context(standstill="all transfers stopped")).action is Action.IMPORT


def test_what_gets_on_is_under_way():
    assert decision(verdict(DOWNLOADING)) == left_alone_by("under_way")


@pytest.mark.parametrize("state", ["stalledDL", "metaDL", "downloading"])
def test_a_download_whose_trackers_are_out_of_reach_does_not_fail(state):
    found = verdict(HOPELESS, context(trackers_out_of_reach=True), state=state, availability=0.0)
    assert decision(found) == left_alone_by("trackers_out_of_reach")
