import math

import pytest

from qbitrr.qbittorrent.facts import own_limits, ratio_of, torrent_facts
from qbitrr.qbittorrent.models import Torrent
from qbitrr.rules.facts import TorrentKey

NOW = 1_700_000_000
HOUR = 3600


def facts_of(**row):
    return torrent_facts(TorrentKey("qBit", "a"), Torrent(**{"added_on": NOW - 60, **row}), NOW)


@pytest.mark.parametrize(
    ("wire", "limits"),
    [
        ((-2, -2), (-1, -1)),
        ((-1, -1), (math.inf, math.inf)),
        ((-2, -1), (-1, math.inf)),
        ((2, -1), (2, -1)),
        ((-1, 1), (-1, 60)),
        ((0, 0), (-1, -1)),
        ((0.5, 1), (0.5, 60)),
        ((-2, 90), (-1, 5400)),
    ],
)
def test_own_limits_have_minutes_and_negative_numbers_on_the_wire(wire, limits):
    assert own_limits(*wire) == limits


def test_an_infinite_ratio_is_minus_one_on_the_wire():
    assert ratio_of(-1) == math.inf
    assert ratio_of(0.5) == 0.5


def test_tags_are_a_set():
    assert facts_of(tags="b, a,c, ").tags == {"a", "b", "c"}
    assert facts_of().tags == frozenset()


def test_a_torrent_is_known_by_its_instance_and_infohash():
    facts = torrent_facts(TorrentKey("qBit-two", "a"), Torrent(), NOW)
    assert (facts.instance, facts.infohash) == facts.key == ("qBit-two", "a")


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
    facts = facts_of(**{"completion_on": NOW, "size": 1, **changes})
    assert (facts.complete, facts.seeding.complete) == (complete, complete)


@pytest.mark.parametrize("hours_west", [-14, -1, 0, 1, 5, 12])
def test_the_completion_time_of_an_incomplete_torrent_is_the_offset_of_the_time_zone_until_4_6(hours_west):
    facts = facts_of(completion_on=hours_west * HOUR, size=10, amount_left=5)
    assert facts.completed_at is None
    assert not facts_of(completion_on=hours_west * HOUR, size=10).complete


@pytest.mark.parametrize("completion_on", [NOW - 90 * 86400, NOW + 30 * 86400])
def test_a_completion_time_that_cannot_be_proves_nothing_of_an_incomplete_torrent(completion_on):
    assert facts_of(completion_on=completion_on, size=10, amount_left=5).completed_at is None
    whole = facts_of(completion_on=completion_on, size=10)
    assert (whole.complete, whole.completed_at) == (True, whole.added_at)


def test_a_client_whose_clock_is_fast_completes_its_torrents():
    assert facts_of(completion_on=NOW + HOUR, size=10).completed_at == NOW + HOUR


@pytest.mark.parametrize(("reported", "possible"), [(94608000, 60), (59, 59), (-1, 0)])
def test_no_torrent_seeds_for_longer_than_since_it_was_added(reported, possible):
    assert facts_of(seeding_time=reported).seeding.seconds == possible


def test_the_clock_of_a_client_that_is_fast_gives_no_negative_seeding_time():
    assert facts_of(added_on=NOW + 60, seeding_time=5).seeding.seconds == 0
