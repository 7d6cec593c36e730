"""Searches near the query limits that Prowlarr has for the indexers of an Arr, on the living sandbox."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import msgspec
import pytest

from qbitrr.clock import Clock
from qbitrr.rules.search.plan import SearchForecast
from qbitrr.sandbox.life.settings import IndexerSettings
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, Status, WrongCredentials
from qbitrr.sandbox.services.prowlarr import ProwlarrIndexer
from qbitrr.state import searches
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.search.loop import SearchLoop
from tests.integration.qbitrr.worker.conftest import rooms

RADARR = Section("Radarr", "radarr", 60, has_client=False)
SEARCHES = {"EntrySearch": {"SearchLimit": 100, "SearchesPerHour": 600}}


class Hunt:
    """A worker's searching, whose monotonic clock the test moves."""

    def __init__(self, room, sandbox):
        self.room, self.prowlarr, self.stand_in = room, sandbox.prowlarr, sandbox.arrs["Radarr"]
        self.loop = SearchLoop(room.context)

    def sent(self):
        bodies = [seen.body for seen in self.stand_in.requests if seen.method == "POST" and seen.body]
        return len([body for body in bodies if body["name"] == "MoviesSearch"])

    async def forecast(self):
        return msgspec.json.decode(await searches.stored_plan(self.room.database, "radarr"), type=SearchForecast)

    def used(self, *numbers):
        """Have the indexers so many queries of a hundred each; all of them are the Arr's."""
        now = time.time()
        self.prowlarr.indexers = [
            ProwlarrIndexer(id_, f"Street {id_}", query_limit=100, queries=[now - 60] * number)
            for id_, number in enumerate(numbers, 1)
        ]
        self.stand_in.arr.settings.indexers = [
            IndexerSettings(one.name, number_in_prowlarr=one.id) for one in self.prowlarr.indexers
        ]


@pytest.fixture
def hunt(judged, tmp_path):
    seconds = [0.0]
    clock = Clock(wall=time.time, monotonic=lambda: 50_000.0 + seconds[0])

    @asynccontextmanager
    async def opened(near_limit="slow", **keys):
        async with Sandbox([RADARR], middlewares=judged, has_past=False, with_prowlarr=True) as sandbox:
            near = {"Prowlarr": {"NearLimit": near_limit, **keys}}
            opening = rooms(sandbox, tmp_path)(clock=clock, settings={"SearchesPerHour": 600}, arr=SEARCHES, more=near)
            async with opening as room:
                await full_sync(room.services.arr, room.database, "radarr", "http://arr", clock)
                hunting = Hunt(room, sandbox)
                hunting.seconds = seconds

                async def rounds(number, later=0.0):
                    seconds[0] += later
                    before = hunting.sent()
                    for _ in range(number):
                        await hunting.loop.one_round()
                    return hunting.sent() - before

                hunting.rounds = rounds
                yield hunting

    return opened


async def test_far_from_their_limits_searches_are_sent_as_ever_and_the_limits_are_shown(hunt):
    async with hunt() as opened:
        opened.used(49, 0)
        assert await opened.rounds(3) == 3
        assert [(one.name, one.used) for one in (await opened.forecast()).query_limits] == [
            ("Street 1", 49), ("Street 2", 0),
        ]  # fmt: skip
        assert opened.prowlarr.counts["GET /api/v1/indexer"] == 1  # and again in five minutes
        await opened.rounds(1, 301)
        assert opened.prowlarr.counts["GET /api/v1/indexer"] == 2


async def test_near_a_limit_they_are_sent_no_faster_than_it_grows_back(hunt):
    async with hunt() as opened:
        opened.used(50, 0)
        assert await opened.rounds(3) == 1
        assert (await opened.forecast()).waiting_for == (
            "searches are sent slowly for Street 1: 50 of 100 queries in 24 hours"
        )
        assert await opened.rounds(2, 800) == 0
        assert await opened.rounds(2, 130) == 1


async def test_once_all_indexers_are_near_nothing_is_sent_until_one_has_room_again(hunt):
    async with hunt() as opened:
        opened.used(90, 99)
        assert await opened.rounds(2) == 0
        assert "query limits in Prowlarr are near" in (await opened.forecast()).waiting_for
        opened.used(90, 10)
        assert await opened.rounds(1, 61) == 1


@pytest.mark.parametrize(("near_limit", "expected"), [("slow", 1), ("pause", 0)])
async def test_one_indexer_at_its_limit_stops_all_searches_only_when_the_user_has_said_so(hunt, near_limit, expected):
    async with hunt(near_limit) as opened:
        opened.used(95, 0)
        assert await opened.rounds(2) == expected


async def test_indexers_that_the_arr_does_not_search_do_not_count(hunt):
    async with hunt("pause") as opened:
        opened.used(100)
        opened.stand_in.arr.settings.indexers = [
            IndexerSettings("Street 1", number_in_prowlarr=1, is_searched=False), IndexerSettings("Its own"),
        ]  # fmt: skip
        assert await opened.rounds(2) == 2
        assert (await opened.forecast()).query_limits == []


@pytest.mark.parametrize("fault", [Down(), Status(500), WrongCredentials()])
async def test_a_prowlarr_that_does_not_answer_changes_nothing(hunt, fault):
    async with hunt("pause") as opened:
        opened.used(100)
        assert await opened.rounds(1) == 0
        await opened.prowlarr.fail(fault)
        assert await opened.rounds(2, 61) == 2
        assert (await opened.forecast()).query_limits == []
        await opened.prowlarr.heal()
        refused = "SELECT service FROM refused_logins"
        assert await opened.room.database.rows(refused) == [], "a key that was accepted before is tried again"


async def test_a_refused_key_is_not_sent_again(hunt):
    async with hunt(APIKey="wrong") as opened:
        opened.used(100)
        assert await opened.rounds(1) == 1
        before = len(opened.prowlarr.requests)
        assert await opened.rounds(2, 301) == 2
        assert len(opened.prowlarr.requests) == before


async def test_without_a_list_of_the_arr_s_indexers_nothing_is_known(hunt):
    async with hunt("pause") as opened:
        opened.used(100)
        await opened.stand_in.fail(Status(500), "GET /api/v3/indexer")
        assert await opened.rounds(2) == 2
        await opened.stand_in.heal()
        assert await opened.rounds(2, 301) == 0


async def test_what_the_user_asks_for_is_sent_all_the_same(hunt):
    async with hunt() as opened:
        opened.used(100)
        assert await opened.rounds(1) == 0
        (item,) = [one.item_ids[0] for one in (await opened.forecast()).searches][:1]
        opened.loop.request([item])
        assert await opened.rounds(1) == 1


async def test_without_the_section_prowlarr_and_the_indexers_are_not_asked(hunt):
    async with hunt(URI="") as opened:
        opened.used(100)
        assert await opened.rounds(2) == 2
        assert len(opened.prowlarr.requests) == 0
        assert opened.stand_in.counts["GET /api/v3/indexer"] == 0
