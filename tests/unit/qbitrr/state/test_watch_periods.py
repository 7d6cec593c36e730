import pytest

from qbitrr.rules.side_by_side import UNSEEN_SECONDS
from qbitrr.state import watch_periods

START = 1_700_000_000.0


async def extend(database, at, instance="qBit", category="movies"):
    await watch_periods.extend(database, category, {instance: START + at})


async def periods(database, since=0.0):
    return [(one.since - START, one.until - START) for one in await watch_periods.since(database, START + since)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0.0], [(0.0, 0.0)]),
        ([0.0, 300.0, 600.0], [(0.0, 600.0)]),
        ([0.0, UNSEEN_SECONDS], [(0.0, UNSEEN_SECONDS)]),
        ([0.0, UNSEEN_SECONDS + 1.0], [(UNSEEN_SECONDS + 1.0, UNSEEN_SECONDS + 1.0), (0.0, 0.0)]),
        ([0.0, 300.0, 300.0, 100.0], [(0.0, 300.0)]),  # nothing new was answered, and a clock that was set back
    ],
)
async def test_a_period_goes_on_unless_the_gap_is_longer(database, times, expected):
    for at in times:
        await extend(database, at)
    assert await periods(database, -1.0) == expected


async def test_each_qbittorrent_and_category_has_its_own(database):
    await extend(database, 0.0)
    await extend(database, 5000.0, "qBit-2")
    await extend(database, 9000.0, category="tv")
    assert await watch_periods.last(database, "movies") == {"qBit": START, "qBit-2": START + 5000.0}
    assert await watch_periods.last(database, "tv") == {"qBit": START + 9000.0}
    assert await watch_periods.last(database, "music") == {}


async def test_those_that_reach_beyond_a_time_are_read_the_newest_first(database):
    for at in (0.0, 300.0, 5000.0, 5300.0, 9000.0):
        await extend(database, at)
    assert await periods(database, 299.0) == [(9000.0, 9000.0), (5000.0, 5300.0), (0.0, 300.0)]
    assert await periods(database, 300.0) == [(9000.0, 9000.0), (5000.0, 5300.0)]


async def test_nothing_that_answered_is_nothing_to_store(database):
    await watch_periods.extend(database, "movies", {})
    assert await periods(database, -1.0) == []
