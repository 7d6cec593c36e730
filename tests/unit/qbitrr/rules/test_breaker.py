import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.breaker import LEAST, WINDOW_SECONDS, BreakerLimits, objection

NOW = 1_700_000_000.0
SHIPPED = BreakerLimits(10, 0.5)


def begun(number, seconds_ago=1.0):
    return [NOW - seconds_ago] * number


@pytest.mark.parametrize(
    ("earlier", "torrents", "said"),
    [
        (0, 1, None),
        (3, 4, None),  # a fourth of four: fewer than five are never too large a share
        (4, 4, "50%"),
        (4, 9, "50%"),
        (4, 10, None),  # a fifth of ten is exactly half
        (9, 1000, None),
        (10, 1000, "more than 10 removals"),
        (10, 4, "more than 10 removals"),
    ],
)
def test_what_is_too_much_at_once(earlier, torrents, said):
    found = objection(begun(earlier), torrents, NOW, SHIPPED)
    assert (found is None) if said is None else (said in found)


@pytest.mark.parametrize(("seconds_ago", "counts"), [(599.9, True), (600, False), (10**6, False), (-30, True)])
def test_only_the_last_ten_minutes_count_and_what_a_clock_puts_into_the_future(seconds_ago, counts):
    assert (objection(begun(10, seconds_ago), 1000, NOW, SHIPPED) is not None) is counts


@pytest.mark.parametrize(
    ("limits", "earlier", "torrents", "objects"),
    [
        (BreakerLimits(0, 1.0), 0, 1000, True),
        (BreakerLimits(1, 1.0), 0, 1000, False),
        (BreakerLimits(1, 1.0), 1, 1000, True),
        (BreakerLimits(1000, 1.0), 99, 100, False),
        (BreakerLimits(1000, 1.0), 100, 100, True),
        (BreakerLimits(1000, 0.0), 3, 1000, False),
        (BreakerLimits(1000, 0.0), 4, 1000, True),
    ],
)
def test_both_limits_can_be_set(limits, earlier, torrents, objects):
    assert (objection(begun(earlier), torrents, NOW, limits) is not None) is objects


@given(st.integers(0, 50), st.integers(0, 200), st.integers(0, 200))
def test_within_ten_minutes_never_more_than_the_limits_allow(most, share_percent, torrents):
    limits = BreakerLimits(most, share_percent / 100)
    moments = []
    while objection(moments, torrents, NOW, limits) is None and len(moments) < 300:
        moments.append(NOW)
    assert len(moments) <= most
    assert len(moments) < LEAST or len(moments) <= limits.share * torrents


@given(
    st.lists(st.floats(NOW - 2 * WINDOW_SECONDS, NOW), max_size=20),
    st.integers(0, 30),
    st.floats(0, 2 * WINDOW_SECONDS),
)
def test_waiting_never_makes_it_worse(moments, torrents, later):
    if objection(moments, torrents, NOW, SHIPPED) is None:
        assert objection(moments, torrents, NOW + later, SHIPPED) is None
