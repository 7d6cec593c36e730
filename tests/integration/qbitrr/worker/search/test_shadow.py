"""Searches under Shadow: what would be sent is recorded at the pace of the budget, and nothing is sent."""

import time

import pytest

from qbitrr.clock import Clock
from qbitrr.rules.search.budget import capacity
from qbitrr.state import shadow_searches
from tests.integration.qbitrr.worker.search.test_loop import STILL, hunt, outlook, sent

__all__ = ["hunt"]

PER_HOUR = 12
AT_ONCE = capacity(PER_HOUR)


class Passing:
    """A clock that goes on when it is said."""

    def __init__(self):
        self.ahead = 0.0
        self.clock = Clock(lambda: time.time() + self.ahead, lambda: 50_000.0 + self.ahead)


async def recorded(room):
    return await shadow_searches.between(room.database, 0.0, 1e12, "radarr-hd")


async def rounds(room, number):
    for _ in range(number):
        await room.searching.one_round()


async def test_they_are_recorded_as_fast_as_the_budget_allows_and_not_sent(hunt, sandbox):
    passing = Passing()
    shadow = {"Shadow": True, "SearchesPerHour": PER_HOUR}
    async with hunt(settings=shadow, clock=passing.clock, search_missing=True, searches_per_hour=PER_HOUR) as room:
        await rounds(room, AT_ONCE + 3)
        found = await recorded(room)
        assert len(found) == AT_ONCE
        planned = {item for search in (await outlook(room)).searches for item in search.item_ids}
        items = [item for search in found for item in search.items]
        assert len(set(items)) == len(items)
        assert set(items) <= planned
        passing.ahead += 3600.0 / PER_HOUR * 2
        await rounds(room, 1)
        assert len(await recorded(room)) == AT_ONCE + 1
    assert sent(sandbox) == []


async def test_an_item_counts_once_a_day_also_over_a_restart(hunt):
    shadow = {"Shadow": True, "SearchesPerHour": 6000}
    for ahead, number in ((0.0, 1), (86_000.0, 1), (86_500.0, 2)):
        passing = Passing()
        passing.ahead = ahead
        async with hunt(settings=shadow, clock=passing.clock, search_missing=True, searches_per_hour=6000) as room:
            await rounds(room, 20)
            found = [item for search in await recorded(room) for item in search.items]
            assert max(found.count(item) for item in found) == number


async def test_a_restart_gives_no_budget_of_its_own(hunt):
    shadow = {"Shadow": True, "SearchesPerHour": PER_HOUR}
    for _ in range(3):
        async with hunt(settings=shadow, search_missing=True, searches_per_hour=PER_HOUR) as room:
            await rounds(room, 3)
            assert len(await recorded(room)) == AT_ONCE


@pytest.mark.parametrize(
    ("settings", "entry"),
    [({}, {}), ({"Shadow": True}, {"search_missing": False}), ({"Shadow": True}, {"search_limit": 0})],
)
async def test_nothing_is_recorded_when_shadow_is_off_or_something_else_is_in_the_way(hunt, settings, entry):
    async with hunt(settings=settings, clock=STILL, **{"search_missing": True, **entry}) as room:
        await rounds(room, 3)
        assert await recorded(room) == []
