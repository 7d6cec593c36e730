import math

import pytest

from qbitrr.qbittorrent.facts import own_limits, ratio_of, torrent_facts
from qbitrr.qbittorrent.models import Torrent
from qbitrr.rules.facts import TorrentKey


@pytest.mark.parametrize(
    ("wire", "limits"),
    [((-2, -2), (-1, -1)), ((-1, -1), (-1, -1)), ((0, 0), (-1, -1)), ((0.5, 1), (0.5, 60)), ((-2, 90), (-1, 5400))],
)
def test_own_limits_have_minutes_and_negative_numbers_on_the_wire(wire, limits):
    assert own_limits(*wire) == limits


def test_an_infinite_ratio_is_minus_one_on_the_wire():
    assert ratio_of(-1) == math.inf
    assert ratio_of(0.5) == 0.5


def test_tags_are_a_set():
    assert torrent_facts("qBit", "a", Torrent(tags="b, a,c, ")).tags == {"a", "b", "c"}
    assert torrent_facts("qBit", "a", Torrent()).tags == frozenset()


def test_a_torrent_is_known_by_its_instance_and_infohash():
    assert torrent_facts("qBit-two", "a", Torrent()).key == TorrentKey("qBit-two", "a") == ("qBit-two", "a")


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        ({}, True),
        ({"completion_on": 0}, False),
        ({"completion_on": -1}, False),
        ({"amount_left": 1}, False),
        ({"size": 0}, False),
    ],
)
def test_a_torrent_is_complete_when_nothing_of_it_is_left(changes, complete):
    facts = torrent_facts("qBit", "a", Torrent(**{"completion_on": 1, "size": 1, **changes}))
    assert (facts.complete, facts.seeding.complete) == (complete, complete)
