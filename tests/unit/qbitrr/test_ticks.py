import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.ticks import until_tick


@given(now=st.floats(0, 10**7), seconds=st.floats(1, 10**5))
def test_a_pause_ends_less_than_a_second_early_and_hardly_late(now, seconds):
    assert max(0.049, seconds - 1) < until_tick(now, seconds) <= seconds + 0.051


@given(now=st.floats(0, 10**5), others=st.lists(st.tuples(st.floats(0, 100), st.floats(1, 600)), min_size=2))
def test_pauses_that_began_and_last_differently_end_at_ticks_a_second_apart(now, others):
    ends = [now + after + until_tick(now + after, seconds) for after, seconds in others]
    assert [end - ends[0] for end in ends] == pytest.approx([round(end - ends[0]) for end in ends], abs=1e-6)


def test_a_pause_that_is_repeated_keeps_its_length():
    now = began = 1000.3
    for _ in range(100):
        now += 0.02 + until_tick(now + 0.02, 5.0)
    assert now - began == pytest.approx(500, abs=1)


def test_processes_have_their_ticks_at_different_moments(monkeypatch):
    found = set()
    for pid in range(4000, 4016):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        found.add(round((1000 + until_tick(1000, 5.0)) % 1, 3))
    assert len(found) == 16
