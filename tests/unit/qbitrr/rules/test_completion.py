"""When a pass comes because a download may be complete."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.completion import (
    FASTEST_BYTES_PER_SECOND,
    OVERDUE_SECONDS,
    SHORTEST_SECONDS,
    STARTING_SECONDS,
    expected_in,
    next_pass_in,
)
from tests.factories import NOW, completed, torrent

UNKNOWN = 8_640_000


@pytest.mark.parametrize("state", ["downloading", "forcedDL"])
def test_a_download_ends_when_its_client_says(state):
    assert expected_in(torrent(state=state, eta_seconds=7), NOW) == 7


@pytest.mark.parametrize(
    "state", ["stoppedDL", "queuedDL", "checkingDL", "metaDL", "missingFiles", "error", "uploading"]
)
def test_what_does_not_download_does_not_end(state):
    assert expected_in(torrent(state=state, eta_seconds=7), NOW) == math.inf


def test_what_is_complete_does_not_end():
    assert expected_in(completed(eta_seconds=0), NOW) == math.inf


@pytest.mark.parametrize("state", ["downloading", "stalledDL"])
def test_a_download_that_starts_ends_by_its_size_at_the_best_rate(state):
    starting = torrent(state=state, eta_seconds=UNKNOWN, added_at=NOW - 1, left_bytes=3 * FASTEST_BYTES_PER_SECOND)
    assert expected_in(starting, NOW) == 3


def test_a_download_that_gets_nothing_does_not_end():
    stuck = torrent(state="stalledDL", eta_seconds=UNKNOWN, added_at=NOW - STARTING_SECONDS, left_bytes=1)
    assert expected_in(stuck, NOW) == math.inf


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ([], math.inf),
        ([math.inf], math.inf),
        ([100.0], 75.0),
        ([100.0, 8.0], 6.0),
        ([0.1], SHORTEST_SECONDS),
        ([-1.0], SHORTEST_SECONDS),
        ([-OVERDUE_SECONDS], math.inf),
        ([-OVERDUE_SECONDS, 20.0], 15.0),
    ],
)
def test_a_pass_comes_right_before_the_first_end(expected, seconds):
    assert next_pass_in(expected) == seconds


@given(st.floats(0.5, 3600), st.floats(0.5, 2.0))
def test_an_end_is_noticed_soon_in_few_passes(left, haste):
    """Whatever the usual pause, and also when the rate is up to twice as high or half as high as it seemed."""
    moment, passes = 0.0, 0
    end = left / haste
    while moment < end:
        moment += next_pass_in([(end - moment) * haste])
        passes += 1
    assert moment - end <= max(SHORTEST_SECONDS, end * 0.5) + 1e-9 * end
    assert passes <= 40
