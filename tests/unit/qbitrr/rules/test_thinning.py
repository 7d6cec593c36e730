"""Thinning of backups, also after clocks that were wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.thinning import ALWAYS_KEPT, kept

NOW = 1_700_000_000.0
HOUR, DAY, WEEK = 3600.0, 86400.0, 7 * 86400.0


def ages(times):
    return sorted(NOW - made for made in kept(times, NOW))


def test_hourly_today_daily_this_week_weekly_this_quarter():
    hourly = [NOW - hour * HOUR for hour in range(200 * 24)]
    found = ages(hourly)
    assert len([age for age in found if age < DAY]) == 24
    assert len([age for age in found if DAY <= age < 7 * DAY]) in (5, 6, 7)
    assert len([age for age in found if age >= 7 * DAY]) in (11, 12, 13)
    assert max(found) < 13 * WEEK


def test_the_newest_of_a_span_stays():
    assert ages([NOW - 40 * DAY, NOW - 40 * DAY + HOUR, NOW, NOW - 1, NOW - 2]) == [0, 1, 2, 40 * DAY - HOUR]


def test_old_ones_stay_when_there_are_no_others():
    years_ago = [NOW - 900 * DAY - number for number in range(5)]
    assert kept(years_ago, NOW) == set(years_ago[:ALWAYS_KEPT])


TIMES = st.lists(st.floats(NOW - 400 * DAY, NOW + 400 * DAY), unique=True, max_size=300)


@given(TIMES)
def test_what_was_just_written_stays_and_the_number_is_bounded(times):
    found = kept([*times, NOW], NOW)
    assert NOW in found
    assert len(found) <= 2 * (25 + 8 + 14 + ALWAYS_KEPT)
    assert found <= {*times, NOW}


@pytest.mark.parametrize("behind", [NOW - HOUR, NOW - 3 * DAY, 0.0])
def test_a_clock_that_is_behind_drops_none_of_the_last_days(behind):
    """As that of a machine without a battery, which starts where it stopped, or in 1970."""
    before = kept([NOW - hour * HOUR for hour in range(200 * 24)], NOW)
    during = kept([*before, behind], behind)
    assert before <= during
    assert before <= kept([*during, NOW + 1], NOW + 1)


@given(TIMES)
def test_thinning_what_was_thinned_drops_nothing(times):
    once = kept(times, NOW)
    assert kept(once, NOW) == once


@given(TIMES)
def test_copies_of_a_clock_that_was_ahead_push_none_out(times):
    ahead = [NOW + DAY * (number + 1) for number in range(50)]
    past = {made for made in times if made <= NOW}
    assert kept(past, NOW) <= kept([*past, *ahead], NOW)
