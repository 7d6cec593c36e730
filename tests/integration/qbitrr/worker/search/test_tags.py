"""Searches by the tags of the Arr, on the living sandbox: only what is included, never what is excluded."""

from __future__ import annotations

import dataclasses
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import msgspec
import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.errors import ServiceError
from qbitrr.rules.search.plan import SearchForecast
from qbitrr.rules.search.tags import EXCLUDED, NONE_EXISTS, NOT_INCLUDED, NOT_KNOWN
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status
from qbitrr.state import searches
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.search.loop import SearchLoop
from tests.integration.qbitrr.worker.conftest import rooms

SECTIONS = {
    "radarr": Section("Radarr", "radarr", 60, has_client=False),
    "sonarr": Section("Sonarr", "sonarr", 8, episodes=160, has_client=False),
    "lidarr": Section("Lidarr", "lidarr", 20, has_client=False),
}
KIDS, BLOCKED = 3, 13
SENDS_NOTHING = {"search_limit": 0}
PARENTS = {"radarr": "movies", "sonarr": "series", "lidarr": "artists"}


class Hunt:
    """A worker's searching over a synced library, in which every second movie, series or artist has a tag."""

    def __init__(self, room, stand_in):
        self.room, self.stand_in, self.arr = room, stand_in, stand_in.arr
        self.seconds = 0.0
        self.clock = Clock(wall=time.time, monotonic=lambda: 50_000.0 + self.seconds)
        self.category = room.config.name
        self.tagged = set(sorted(stand_in.parents)[::2])
        self.arr.settings.tags = {KIDS: "kids", BLOCKED: "blocked", 31: "other"}
        for number in self.tagged:
            stand_in.parents[number].tags = (KIDS,)

    async def sync(self):
        arr = self.room.services.arr
        await full_sync(arr, self.room.database, self.category, "http://arr", self.clock)

    def loop(self, **entry):
        """Searching with these keys of `EntrySearch`."""
        config = self.room.config
        searching = replace(config.arr.entry_search, **entry)
        config = replace(config, arr_section=replace(config.arr, entry_search=searching))
        return SearchLoop(dataclasses.replace(self.room.context, config=config, clock=self.clock))

    async def forecast(self):
        stored = await searches.stored_plan(self.room.database, self.category)
        return msgspec.json.decode(stored, type=SearchForecast)

    async def planned(self, **entry):
        """The movies, series or artists that a plan with these keys has, and the forecast."""
        await self.loop(**SENDS_NOTHING | entry).one_round()
        forecast, library = await self.forecast(), self.arr.collection
        ids = {number for one in forecast.searches for number in one.item_ids}
        return SimpleNamespace(parents={library.parent_of(library.items[number]) for number in ids}, shown=forecast)

    def sent(self):
        """The movies that were searched."""
        commands = [seen.body for seen in self.stand_in.requests if seen.method == "POST" and seen.body]
        return {number for body in commands for number in body.get("movieIds", ())}


@pytest.fixture
def hunt(judged, tmp_path):
    @asynccontextmanager
    async def opened(kind="radarr"):
        one = SECTIONS[kind]
        async with Sandbox([one], middlewares=judged, has_past=False) as sandbox, rooms(sandbox, tmp_path)() as room:
            hunting = Hunt(room, sandbox.arrs[one.name])
            await hunting.sync()
            yield hunting

    return opened


@pytest.mark.parametrize("kind", SECTIONS)
async def test_only_what_has_a_tag_to_include_is_planned_and_nothing_that_has_one_to_exclude(hunt, kind):
    async with hunt(kind) as opened:
        everything = await opened.planned()
        with_tag, without = everything.parents & opened.tagged, everything.parents - opened.tagged
        assert with_tag
        assert without
        assert everything.shown.left_out == {}
        included = await opened.planned(include_tags=("Kids", "gone"))
        assert included.parents == with_tag
        assert set(included.shown.left_out) == {NOT_INCLUDED}
        assert included.shown.due + included.shown.left_out[NOT_INCLUDED] == everything.shown.due
        excluded = await opened.planned(exclude_tags=("kids",))
        assert excluded.parents == without
        assert excluded.shown.left_out == {EXCLUDED: included.shown.due}
        both = await opened.planned(include_tags=("kids",), exclude_tags=("kids",))
        assert both.parents == set()
        assert both.shown.due == 0


async def test_tags_to_include_that_the_arr_does_not_have_include_nothing(hunt):
    async with hunt() as opened:
        everything = await opened.planned()
        found = await opened.planned(include_tags=("gone",))
        assert found.parents == set()
        assert found.shown.left_out == {NONE_EXISTS: everything.shown.due}
        assert (await opened.planned(exclude_tags=("gone",))).parents == everything.parents


@pytest.mark.parametrize("kind", SECTIONS)
async def test_what_was_stored_before_tags_were_is_left_out_until_it_was_read_again(hunt, kind):
    async with hunt(kind) as opened:
        everything = await opened.planned()
        await opened.room.database.write(f"UPDATE {PARENTS[kind]} SET tags = NULL, fingerprint = 0")
        for keys in ({"include_tags": ("kids",)}, {"exclude_tags": ("kids",)}):
            found = await opened.planned(**keys)
            assert found.parents == set()
            assert found.shown.left_out == {NOT_KNOWN: everything.shown.due}
        assert (await opened.planned()).parents == everything.parents
        await opened.sync()
        everything = await opened.planned()
        assert everything.parents & opened.tagged
        assert (await opened.planned(include_tags=("kids",))).parents == everything.parents & opened.tagged


async def test_nothing_is_searched_while_the_tags_of_the_arr_cannot_be_read(hunt):
    async with hunt() as opened:
        loop = opened.loop(exclude_tags=("blocked",))
        await opened.stand_in.fail(Status(500), "GET /api/v3/tag")
        with pytest.raises(ServiceError):
            await loop.one_round()
        assert opened.sent() == set()
        await opened.stand_in.heal()
        await loop.one_round()
        assert len(opened.sent()) == 1


async def test_a_renamed_tag_counts_by_its_new_label_with_the_next_plan(hunt):
    async with hunt() as opened:
        loop = opened.loop(include_tags=("children",), **SENDS_NOTHING)
        await loop.one_round()
        assert (await opened.forecast()).due == 0
        opened.arr.settings.tags[KIDS] = "children"
        await loop.one_round()
        assert (await opened.forecast()).due == 0  # the plan is good for five minutes
        opened.seconds += 301.0
        await loop.one_round()
        assert (await opened.forecast()).due > 0


async def test_what_is_sent_has_a_tag_to_include_but_what_the_user_asks_for_needs_none(hunt):
    async with hunt() as opened:
        everything = await opened.planned()
        loop = opened.loop(include_tags=("kids",), search_limit=100, searches_per_hour=60)
        for _ in range(3):
            await loop.one_round()
        assert len(opened.sent()) == 3
        assert opened.sent() <= opened.tagged
        asked = min(everything.parents - opened.tagged)
        loop.request([asked])
        await loop.one_round()
        assert asked in opened.sent()


async def test_the_arr_is_asked_for_its_tags_only_when_some_are_configured(hunt):
    async with hunt() as opened:
        await opened.planned()
        assert opened.stand_in.counts["GET /api/v3/tag"] == 0
        await opened.planned(include_tags=("kids",))
        assert opened.stand_in.counts["GET /api/v3/tag"] == 1
