"""Switching quality profiles on the living sandbox: in bulk, stored first, nothing else of a movie changed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from qbitrr.errors import ServiceError, UnreachableError
from qbitrr.sandbox.services.faults import Down, EmptyLists, Status
from qbitrr.state import profile_switches
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.search.profile_switch import ProfileSwitcher

HD, ANY = "HD-1080p", "Any"
EDITOR = "PUT /api/v3/movie/editor"


@pytest.fixture
def rooms(bench, sandbox):
    """A worker's profiles over a synced library; `entry` are keys of `EntrySearch`."""
    own = ids_of(sandbox)[HD]
    for movie in [one for one in movies(sandbox).values() if one.profile_id == own][:8]:
        movie.file, movie.monitored = None, True

    @asynccontextmanager
    async def opened(clock=None, shadow=False, on_probation=False, **entry):
        defaults = {
            "use_temp_for_missing": True,
            "quality_profile_mappings": {HD: ANY},
            "profile_switch_retry_attempts": 1,
        }
        clock = clock or Clock()
        async with bench(clock=clock, settings={"Shadow": shadow}, on_probation=on_probation) as room:
            search = msgspec.structs.replace(room.config.arr.entry_search, **defaults | entry)
            arr = msgspec.structs.replace(room.config.arr, entry_search=search)
            config = msgspec.structs.replace(room.config, arr_section=arr)
            await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", clock)
            room.profiles = ProfileSwitcher(dataclasses.replace(room.context, config=config), asyncio.Lock())
            yield room

    return opened


def ids_of(sandbox):
    return {profile.name: number for number, profile in sandbox.world.arrs["Radarr-HD"].collection.profiles.items()}


def movies(sandbox):
    return sandbox.world.arrs["Radarr-HD"].collection.items


def missing_in_hd(sandbox):
    collection, now = sandbox.world.arrs["Radarr-HD"].collection, sandbox.world.now
    own = ids_of(sandbox)[HD]
    return {
        movie.id
        for movie in collection.items.values()
        if movie.profile_id == own and movie.file is None and movie.monitored and movie.is_available(now)
    }


def on_any(sandbox):
    return {movie.id for movie in movies(sandbox).values() if movie.profile_id == ids_of(sandbox)[ANY]}


def edits(sandbox):
    return [seen.body for seen in sandbox.arrs["Radarr-HD"].requests if seen.method == "PUT"]


async def settle(room):
    """What takes several rounds."""
    for _ in range(3):
        await room.profiles.one_round()


async def whole(sandbox):
    """Every movie as Radarr lists it."""
    stand_in = sandbox.arrs["Radarr-HD"]
    async with (
        aiohttp.ClientSession(headers={"X-Api-Key": stand_in.api_key}) as session,
        session.get(f"{stand_in.url}/api/v3/movie") as response,
    ):
        return {movie["id"]: movie for movie in await response.json()}


async def test_what_is_missing_is_switched_in_one_request_and_nothing_else_of_it_changes(rooms, sandbox):
    async with rooms() as room:
        missing, others, before = missing_in_hd(sandbox), on_any(sandbox), await whole(sandbox)
        assert len(missing) > 3
        await room.profiles.one_round()
        assert on_any(sandbox) == missing | others
        assert [set(body) for body in edits(sandbox)] == [{"movieIds", "qualityProfileId"}]
        await room.profiles.one_round()
        await room.profiles.one_round()
        assert len(edits(sandbox)) == 1
        for number in missing:
            movies(sandbox)[number].monitored = False
        await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", Clock())
        await room.profiles.one_round()
        assert on_any(sandbox) == others
        for number in missing:
            movies(sandbox)[number].monitored = True
    assert json.dumps(await whole(sandbox), sort_keys=True) == json.dumps(before, sort_keys=True)


async def test_the_original_is_remembered_before_anything_is_sent(rooms, sandbox):
    async with rooms() as room:
        missing = missing_in_hd(sandbox)
        await sandbox.arrs["Radarr-HD"].fail(Status(500), EDITOR)
        await room.profiles.one_round()
        stored = await profile_switches.read(room.database, "radarr-hd")
        assert {number: switch[:3] for number, switch in stored.items()} == {
            number: (ids_of(sandbox)[HD], ids_of(sandbox)[ANY], "switching") for number in missing
        }
        await sandbox.arrs["Radarr-HD"].heal()
        await room.profiles.one_round()
        assert missing <= on_any(sandbox)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_worker_that_dies_while_it_sends_neither_forgets_nor_sends_twice(rooms, sandbox, arrived):
    class Killed(BaseException):
        pass

    async with rooms() as room:
        missing, others = missing_in_hd(sandbox), on_any(sandbox)
        send = room.services.arr.set_quality_profile

        async def die(ids, profile_id):
            if arrived:
                await send(ids, profile_id)
            raise Killed

        room.services.arr.set_quality_profile = die
        with pytest.raises(Killed):
            await room.profiles.one_round()
    async with rooms() as room:
        await room.profiles.one_round()
        assert on_any(sandbox) == missing | others
        assert len(edits(sandbox)) == 1
    async with rooms(use_temp_for_missing=False) as room:
        await settle(room)
        assert on_any(sandbox) == others
        assert await profile_switches.read(room.database, "radarr-hd") == {}


async def test_what_a_person_chose_a_moment_ago_is_not_overwritten(rooms, sandbox):
    async with rooms() as room:
        number = min(missing_in_hd(sandbox))
        await room.profiles.one_round()
        await room.profiles.one_round()
        movie = movies(sandbox)[number]
        chosen = next(i for name, i in ids_of(sandbox).items() if name not in (HD, ANY))
        movie.profile_id = chosen  # the catalogue does not know yet
        room.profiles._arr = msgspec.structs.replace(
            room.profiles._arr,
            entry_search=msgspec.structs.replace(room.profiles._arr.entry_search, use_temp_for_missing=False),
        )
        await room.profiles.one_round()
        assert movie.profile_id == chosen


async def test_a_movie_that_radarr_refuses_does_not_hinder_the_others(rooms, sandbox):
    async with rooms() as room:
        missing = missing_in_hd(sandbox)
        gone = min(missing)
        read = room.services.arr.quality_profiles_of

        async def still_there(ids):
            return {**await read(ids), gone: ids_of(sandbox)[HD]}

        room.services.arr.quality_profiles_of = still_there
        del movies(sandbox)[gone]
        await room.profiles.one_round()
        assert missing - {gone} <= on_any(sandbox)


async def test_a_wrong_name_is_told_with_its_key_and_switches_nothing(rooms, sandbox):
    others = on_any(sandbox)
    async with rooms(quality_profile_mappings={HD: "Anything"}) as room:
        await room.profiles.one_round()
        assert on_any(sandbox) == others
        (waiting,) = room.report._waiting.values()
        assert waiting.service == "Radarr-HD.EntrySearch.QualityProfileMappings"
        assert '"Anything"' in waiting.error
        assert waiting.needs_attention


@pytest.mark.parametrize(
    "entry",
    [{"use_temp_for_missing": False}, {"quality_profile_mappings": {}}, {"shadow": True}, {"on_probation": True}],
)
async def test_nothing_is_asked_or_switched_while_it_is_off(rooms, sandbox, entry):
    async with rooms(**entry) as room:
        before = len(sandbox.arrs["Radarr-HD"].requests)
        await room.profiles.one_round()
        assert len(sandbox.arrs["Radarr-HD"].requests) == before


async def test_after_the_time_it_goes_back_and_comes_again_as_much_later(rooms, sandbox):
    now = [time.time()]
    async with rooms(clock=Clock(wall=lambda: now[0]), temp_profile_reset_timeout_seconds=600) as room:
        missing, others = missing_in_hd(sandbox), on_any(sandbox)

        async def later(seconds):
            now[0] += seconds
            for _ in range(2):
                await room.profiles.one_round()

        await later(0)
        assert on_any(sandbox) == missing | others
        await later(599)
        assert on_any(sandbox) == missing | others
        await later(2)
        assert on_any(sandbox) == others
        await later(590)
        assert on_any(sandbox) == others
        await later(20)
        assert on_any(sandbox) == missing | others


async def test_while_radarr_lists_nothing_the_originals_are_remembered(rooms, sandbox):
    radarr = sandbox.arrs["Radarr-HD"]

    async def read_library():
        await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", Clock())

    async with rooms() as room:
        missing, others = missing_in_hd(sandbox), on_any(sandbox)
        await settle(room)
        assert on_any(sandbox) == missing | others
        await radarr.fail(EmptyLists(), "GET /api/v3/movie")
        await read_library()
        await settle(room)
        await radarr.heal()
        for number in missing:
            movies(sandbox)[number].monitored = False
        await read_library()
        await settle(room)
        assert on_any(sandbox) == others


async def test_of_a_movie_that_is_gone_nothing_is_remembered(rooms, sandbox):
    async with rooms() as room:
        missing = missing_in_hd(sandbox)
        await settle(room)
        gone = min(missing)
        del movies(sandbox)[gone]
        await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", Clock())
        await settle(room)
        assert set(await profile_switches.read(room.database, "radarr-hd")) == missing - {gone}


async def test_tries_are_counted(rooms, sandbox, monkeypatch):
    monkeypatch.setattr("qbitrr.worker.search.profile_switch._RETRY", Backoff(first_seconds=0.01, limit_seconds=0.01))
    async with rooms(profile_switch_retry_attempts=3) as room:
        tries = []

        async def fail(ids, profile_id):
            tries.append(ids)
            raise UnreachableError("Radarr-HD", "no answer")

        room.services.arr.set_quality_profile = fail
        with pytest.raises(UnreachableError):
            await room.profiles.one_round()
        assert len(tries) == 3


async def test_profiles_are_read_every_five_minutes_while_there_is_nothing_to_switch(rooms, sandbox):
    seconds, route = [0.0], "GET /api/v3/qualityprofile"
    async with rooms(Clock(monotonic=lambda: 50_000.0 + seconds[0])) as room:
        counts = sandbox.arrs["Radarr-HD"].counts
        for _ in range(3):
            await room.profiles.one_round()
        before = counts.copy()
        for seconds[0] in range(15, 300, 15):
            await room.profiles.one_round()
        assert counts == before
        seconds[0] = 301.0
        await room.profiles.one_round()
        assert counts - before == {route: 1}


async def test_an_arr_that_does_not_answer_changes_nothing(rooms, sandbox):
    seconds = [0.0]
    async with rooms(Clock(monotonic=lambda: 50_000.0 + seconds[0])) as room:
        await room.profiles.one_round()
        await room.profiles.one_round()
        before = await profile_switches.read(room.database, "radarr-hd")
        await sandbox.arrs["Radarr-HD"].fail(Down())
        seconds[0] = 301.0
        with pytest.raises(ServiceError):
            await room.profiles.one_round()
        assert await profile_switches.read(room.database, "radarr-hd") == before
