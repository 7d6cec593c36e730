"""The budget: never more within an hour, whatever the clocks do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.rules.search.plan import is_inside


def at(seconds):
    return Moment(1e9 + seconds, seconds)


@given(
    per_hour=st.integers(1, 200),
    steps=st.lists(st.tuples(st.floats(0, 4000), st.integers(1, 5)), max_size=200),
)
def test_never_more_than_allowed_within_any_hour(per_hour, steps):
    bucket, now, taken = budget.full(per_hour, at(0)), 0.0, []
    for pause, asked in steps:
        now += pause
        cost = min(asked, budget.capacity(per_hour))
        bucket = budget.filled(bucket, per_hour, at(now))
        after = budget.take(bucket, per_hour, cost)
        if after is not None:
            bucket = after
            taken.append((now, cost))
    for start, _ in taken:
        assert sum(cost for when, cost in taken if start <= when < start + 3600) <= per_hour


@given(per_hour=st.integers(1, 200), cost=st.integers(1, 50))
def test_it_may_be_taken_after_the_announced_time(per_hour, cost):
    bucket = Bucket(-3.0, at(0))
    seconds = budget.seconds_until(bucket, per_hour, cost)
    early, late = (budget.filled(bucket, per_hour, at(seconds + off)) for off in (-1, 1))
    assert budget.take(early, per_hour, cost) is None
    assert budget.take(late, per_hour, cost) is not None


@pytest.mark.parametrize(
    ("wall", "monotonic", "tokens"),
    [
        (+3600, +3600, 10.0),  # an hour passed: full
        (+36000, +60, 0.85),  # the wall clock jumped: only what the other one saw
        (-36000, +60, 0.0),  # it went back
        (+60, -5000, 0.0),  # the machine was restarted
        (0, 0, 0.0),
    ],
)
def test_jumping_clocks_give_nothing(wall, monotonic, tokens):
    start = Moment(1e9, 6000.0)
    then = Moment(1e9 + wall, 6000.0 + monotonic)
    assert budget.filled(Bucket(0.0, start), 60, then) == Bucket(pytest.approx(tokens), then)


def test_what_cannot_wait_overdraws_the_bucket():
    owed = budget.charge(Bucket(1.0, at(0)), 4)
    assert owed.tokens == -3
    assert budget.take(owed, 60, 1) is None
    assert budget.seconds_until(owed, 60, 1) == pytest.approx(4 * 3600 / 51)


@pytest.mark.parametrize(
    ("window", "minute", "inside"),
    [
        ("", 0, True),
        ("22:00-07:00", 22 * 60 - 1, False),
        ("22:00-07:00", 22 * 60, True),
        ("22:00-07:00", 0, True),
        ("22:00-07:00", 7 * 60 - 1, True),
        ("22:00-07:00", 7 * 60, False),
        ("09:30-17:00", 9 * 60 + 29, False),
        ("09:30-17:00", 9 * 60 + 30, True),
        ("09:30-17:00", 17 * 60, False),
        ("08:00-08:00", 3, True),
    ],
)
def test_the_window_includes_its_start_and_not_its_end(window, minute, inside):
    assert is_inside(window, minute) == inside
