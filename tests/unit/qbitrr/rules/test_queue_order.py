"""The queue in the order of priorities, with few moves."""

from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.queue_order import QueuePosition, to_the_top


def carried_out(names, moves):
    """As qBittorrent does it: a group goes to the top and keeps its order."""
    for group in moves:
        names = [name for name in names if name in group] + [name for name in names if name not in group]
    return names


def queue(*priorities):
    return [QueuePosition(str(at), at, priority) for at, priority in enumerate(priorities, 1)]


def test_nothing_is_moved_when_the_order_is_right():
    assert to_the_top(queue(5, 5, 1, 0, -100)) == []
    assert to_the_top([]) == []
    assert to_the_top([QueuePosition("seed", 0, 9), QueuePosition("a", 3, 1)]) == []


def test_one_that_comes_last_and_goes_first_is_one_move():
    assert to_the_top(queue(1, 1, 1, 9)) == [["4"]]


def test_equal_ones_keep_their_order():
    assert carried_out(list("1234"), to_the_top(queue(1, 2, 1, 2))) == ["2", "4", "1", "3"]


@given(st.lists(st.integers(-3, 3), max_size=12), st.randoms())
def test_after_the_moves_it_is_in_order_and_nothing_is_left_to_move(priorities, random):
    places = queue(*priorities)
    random.shuffle(places)
    names = [place.infohash for place in sorted(places, key=lambda place: place.position)]
    moves = to_the_top(places)
    after = carried_out(names, moves)
    priority = {place.infohash: place.priority for place in places}
    assert [priority[name] for name in after] == sorted(priorities, reverse=True)
    again = [QueuePosition(name, at, priority[name]) for at, name in enumerate(after, 1)]
    assert to_the_top(again) == []
    assert len(moves) < max(1, len(places))
