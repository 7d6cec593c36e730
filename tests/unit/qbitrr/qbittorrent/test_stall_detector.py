"""Transfers that end one by one are dead; all at the same time means that the connection is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.qbittorrent.stall_detector import AT_ONCE_SECONDS, LEAST, StallDetector


def felt(*answers):
    """A detector after answers, each a time and the states in it."""
    detector = StallDetector()
    for now, states in answers:
        gone = [infohash for infohash, state in states.items() if state is None]
        detector.observe([(h, s) for h, s in states.items() if s is not None], gone, now)
    return detector


def all_in(state, letters="abc"):
    return dict.fromkeys(letters, state)


def test_without_torrents_nothing_stopped():
    assert not felt().stopped
    assert not felt((0, {})).stopped


@pytest.mark.parametrize(("letters", "stopped"), [("a", False), ("ab", False), ("abc", True), ("abcdefgh", True)])
def test_downloads_that_stall_together_are_a_sign_when_they_are_three(letters, stopped):
    assert felt((0, all_in("downloading", letters)), (5, all_in("stalledDL", letters))).stopped is stopped


@pytest.mark.parametrize(("last", "stopped"), [(59, True), (60, False), (600, False)])
def test_together_means_within_a_minute(last, stopped):
    answers = [
        (0, all_in("downloading")),
        (0, {"a": "stalledDL"}),
        (30, {"b": "stalledDL"}),
        (last, {"c": "stalledDL"}),
    ]
    assert felt(*answers).stopped is stopped


def test_what_was_stalled_from_the_beginning_is_no_sign():
    assert not felt((0, all_in("stalledDL", "abcdefgh")), (5, {})).stopped


@pytest.mark.parametrize("state", ["downloading", "uploading"])
def test_one_that_flows_is_enough(state):
    started = {**all_in("downloading"), "z": state}
    assert not felt((0, started), (5, all_in("stalledDL"))).stopped
    assert felt((0, started), (5, all_in("stalledDL")), (9, {"z": "stalledUP"})).stopped


def test_it_beats_again_as_soon_as_something_flows():
    dead = [(0, all_in("downloading")), (5, all_in("stalledDL"))]
    assert felt(*dead, (1000, {})).stopped
    assert not felt(*dead, (1000, {"b": "downloading"})).stopped
    assert not felt(*dead, (1000, {"new": "uploading"})).stopped


def test_what_the_user_stopped_does_not_count():
    assert not felt((0, all_in("downloading")), (5, all_in("stoppedDL"))).stopped
    dead = felt((0, all_in("downloading")), (5, all_in("stalledDL")), (9, all_in("stoppedDL")))
    assert not dead.stopped


def test_torrents_that_are_gone_do_not_count():
    assert not felt((0, all_in("downloading")), (5, {"a": "stalledDL", "b": "stalledDL", "c": None})).stopped
    assert not felt((0, all_in("downloading")), (5, all_in("stalledDL")), (9, all_in(None))).stopped
    assert felt((0, {**all_in("downloading"), "z": "uploading"}), (5, {**all_in("stalledDL"), "z": None})).stopped


def test_metadata_that_does_not_come_is_waiting_too():
    assert felt((0, all_in("downloading")), (5, {"a": "metaDL", "b": "stalledDL", "c": "metaDL"})).stopped


ANSWERS = st.lists(
    st.tuples(
        st.floats(0, 100),
        st.dictionaries(
            st.sampled_from("abcde"),
            st.sampled_from(["downloading", "stalledDL", "metaDL", "uploading", "stalledUP", "stoppedDL", None]),
        ),
    ),
    max_size=12,
)


@given(ANSWERS)
def test_while_anything_flows_it_has_not_stopped_and_only_when_three_wait(answers):
    detector, states, now = StallDetector(), {}, 0.0
    for gap, news in answers:
        now += gap
        states |= news
        before = detector.stopped
        detector.observe([(h, s) for h, s in news.items() if s], [h for h, s in news.items() if s is None], now)
        waiting = [h for h, state in states.items() if state in {"stalledDL", "metaDL"}]
        if any(state in {"downloading", "uploading"} for state in states.values()):
            assert not detector.stopped
        if detector.stopped and not before:
            assert len(waiting) >= LEAST


@given(st.lists(st.floats(AT_ONCE_SECONDS, 1000), min_size=3, max_size=10))
def test_downloads_that_die_one_after_another_are_dead(gaps):
    letters = [str(number) for number in range(len(gaps))]
    detector, now = StallDetector(), 0.0
    detector.observe([(letter, "downloading") for letter in letters], (), now)
    for letter, gap in zip(letters, gaps, strict=True):
        now += gap + 1
        detector.observe([(letter, "stalledDL")], (), now)
        assert not detector.stopped


def test_it_ends_after_an_hour_for_downloads_of_one_source_that_left():
    dead = [(0, all_in("downloading")), (5, all_in("stalledDL"))]
    assert felt(*dead, (3604, {})).stopped
    assert not felt(*dead, (3605, {})).stopped
    assert not felt(*dead, (3605, {}), (9000, all_in("stalledDL"))).stopped
