"""Events: kept for reconnecting followers, never waiting for slow ones."""

from control.events import Events
from qbitrr.clock import Clock


def test_only_the_last_events_are_kept(monkeypatch):
    events = Events(Clock())
    for number in range(1500):
        events.publish("n", number)
    run = events._run
    assert len(events.since(f"{run}-500")) == 1000
    assert events.since(f"{run}-499") is None
    assert events.since(f"{run}-1500") == []
    assert events.since(f"{run}-1501") is None


async def test_a_follower_that_is_too_far_behind_is_disconnected():
    events = Events(Clock())
    with events.follow() as slow, events.follow() as quick:
        for number in range(300):
            events.publish("n", number)
            assert (await quick.next(1)).data == str(number).encode()
        got = []
        while (event := await slow.next(1)) is not None:
            got.append(event)
        assert 0 < len(got) < 300


async def test_events_are_followed_until_the_last_follower_leaves():
    events = Events(Clock())
    assert not events.followed.is_set()
    with events.follow():
        with events.follow():
            pass
        assert events.followed.is_set()
    assert not events.followed.is_set()
