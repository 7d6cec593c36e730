"""How long a torrent was seen to seed, when its client tells it seldom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.data_dir import STATE_FILE
from qbitrr.state.database import open_writer
from qbitrr.worker.torrents.seeding_time import SeedingTimes
from tests import factories
from tests.support.state import migrated

TORRENT = factories.completed(state="stalledUP", added_at=1.0)


def told(seconds, *, counting=True):
    return replace(TORRENT, seeding=factories.seeding(seconds=seconds, counting=counting))


@pytest.fixture
def times():
    return SeedingTimes(None, "movies")


def test_it_grows_from_look_to_look_while_the_client_is_silent_about_it(times):
    times.polled("qBit", 100)
    times.observe(told(10))
    assert times.seconds(TORRENT) == 10
    times.polled("qBit", 105)
    assert times.seconds(TORRENT) == 15


def test_what_is_told_counts_when_it_is_more(times):
    times.polled("qBit", 100)
    times.observe(told(10))
    times.polled("qBit", 105)
    times.observe(told(5000))
    times.polled("qBit", 106)
    assert times.seconds(TORRENT) == 5001
    times.observe(told(11))  # qBittorrent may have lost some of it; it was seen all the same
    assert times.seconds(TORRENT) == 5001


def test_it_stands_while_it_is_stopped_or_its_client_is_silent(times):
    times.polled("qBit", 100)
    times.observe(told(10))
    times.polled("qBit", 110)
    assert times.seconds(TORRENT) == 20
    times.polled("qBit", 120)
    times.observe(told(10, counting=False))  # it may have been stopped right after the poll at 110
    times.polled("qBit", 160)
    assert times.seconds(TORRENT) == 20
    times.observe(told(10))
    times.polled("qBit", 165)
    times.lost("qBit")
    times.lost("qBit")
    times.polled("qBit", 10_000)
    assert times.seconds(TORRENT) == 25
    times.observe(told(10))
    times.polled("qBit", 10_005)
    assert times.seconds(TORRENT) == 30


@pytest.mark.parametrize(("gap", "seen"), [(60, 70), (61, 10)])
def test_nobody_knows_what_went_on_in_a_long_gap(times, gap, seen):
    times.polled("qBit", 100)
    times.observe(told(10))
    times.polled("qBit", 100 + gap)
    assert times.seconds(TORRENT) == seen
    times.polled("qBit", 101 + gap)
    assert times.seconds(TORRENT) == seen + 1


def test_another_torrent_with_the_same_infohash_begins_anew(times):
    times.polled("qBit", 100)
    times.observe(told(10))
    times.polled("qBit", 110)
    assert times.seconds(replace(TORRENT, added_at=5.0)) == 0


async def test_it_is_remembered(tmp_path):
    migrated(tmp_path / STATE_FILE)
    async with open_writer(tmp_path / STATE_FILE) as database:
        first = SeedingTimes(database, "movies")
        first.polled("qBit", 100)
        first.observe(told(10))
        first.polled("qBit", 150)
        await first.save()
        await first.save(at_least=1)
        second = SeedingTimes(database, "movies")
        await second.load()
        assert second.seconds(TORRENT) == 60
        second.forget({("qBit", "a" * 40)})
        assert second.seconds(TORRENT) == 0


STEPS = st.lists(st.tuples(st.sampled_from(["look", "tell", "silence", "switch"]), st.integers(1, 90)), max_size=30)


@given(STEPS)
def test_it_is_never_more_than_the_truth(story):
    """Time passes, the torrent is stopped and started, and its client tells of it or not."""
    times, now, real, seeds = SeedingTimes(None, "movies"), 0.0, 0.0, True
    times.polled("qBit", now)
    times.observe(told(0))
    silent = False
    for what, seconds in story:
        now += seconds
        real += seconds if seeds else 0
        match what:
            case "silence":
                times.lost("qBit")
                silent = True
            case "look" | "tell":
                times.polled("qBit", now)
                if what == "tell" or silent:
                    times.observe(told(real, counting=seeds))
                silent = False
            case "switch":
                seeds = not seeds
                times.polled("qBit", now)
                times.observe(told(0, counting=seeds))
                silent = False
        assert times.seconds(TORRENT) <= real
