"""When a pass comes because a download may be complete."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.completion import (
    FASTEST_BYTES_PER_SECOND,
    OVERDUE_SECONDS,
    SHORTEST_SECONDS,
    STALE_SECONDS,
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


def test_an_eta_of_a_download_that_starts_is_no_lower_bound():
    """Its rate only rises then."""
    starting = torrent(state="downloading", eta_seconds=50, added_at=NOW - 1, left_bytes=FASTEST_BYTES_PER_SECOND)
    assert expected_in(starting, NOW) == 1
    assert expected_in(starting, NOW + STARTING_SECONDS) == 50


def test_a_download_that_gets_nothing_does_not_end():
    stuck = torrent(state="stalledDL", eta_seconds=UNKNOWN, added_at=NOW - STARTING_SECONDS, left_bytes=1)
    assert expected_in(stuck, NOW) == math.inf


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ([], math.inf),
        ([math.inf], math.inf),
        ([101.5], 50.0),
        ([101.5, 7.5], 3.0),
        ([0.1], SHORTEST_SECONDS),
        ([-1.0], SHORTEST_SECONDS),
        ([-OVERDUE_SECONDS], math.inf),
        ([-OVERDUE_SECONDS, 21.5], 10.0),
    ],
)
def test_a_pass_comes_right_before_the_first_end(expected, seconds):
    assert next_pass_in(expected) == seconds


@given(st.floats(0.5, 3600), st.floats(0.5, 2.0), st.floats(0.0, STALE_SECONDS))
def test_an_end_is_noticed_soon_in_few_passes(left, haste, age):
    """Also when the rate is up to twice as high or half as high as it seemed, by numbers that are old already."""
    moment, passes = 0.0, 0
    end = left / haste
    while moment < end:
        moment += next_pass_in([(end - moment) * haste + age])
        passes += 1
    assert moment - end <= SHORTEST_SECONDS + 1e-9 * end
    assert passes <= 50
