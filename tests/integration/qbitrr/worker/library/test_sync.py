"""The library's task: what changes is seen by the next poll, and a restart reads nothing twice."""

import dataclasses
from contextlib import suppress

import msgspec
import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.clock import Clock
from qbitrr.errors import ServiceError
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.services.faults import EmptyLists, HalfAnswer, Status
from qbitrr.worker.library.sync import FULL_SYNC_SECONDS, LibrarySync

ALL_MOVIES = "GET /api/v3/movie"
NOW = Clock()
QUICK_SECONDS = [0.0]
QUICK = Clock(monotonic=lambda: 50_000.0 + QUICK_SECONDS[0])


@pytest.fixture(autouse=True)
def _nothing_is_imported_meanwhile(sandbox):
    sandbox.world.client.torrents.clear()


def library(room, clock=NOW):
    return LibrarySync(dataclasses.replace(room.context, clock=clock))


async def test_a_change_is_seen_by_the_next_poll_and_read_once(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    async with bench() as room:
        ours = library(room)
        await ours.read_changes()  # before the first full sync there is nothing to change
        await ours.sync()
        await ours.read_changes()
        arr = stand_in.arr
        movie = next(one for one in arr.collection.items.values() if one.file is not None)
        arr.grab([movie], arr.offer([movie]), Fate())
        movie.file = None
        asked = stand_in.counts.copy()
        for _ in range(2):
            await ours.read_changes()
        assert (stand_in.counts - asked)["GET /api/v3/movie/{id}"] == 1
        assert await room.database.rows("SELECT has_file FROM movies WHERE id = ?", (movie.id,)) == [(0,)]


async def test_a_change_is_seen_while_the_clock_of_the_arr_is_behind(bench, sandbox, monkeypatch):
    """Its history has the date of its own clock."""
    stand_in, hours = sandbox.arrs["Radarr-HD"], 3600.0
    ahead = Clock(wall=lambda: NOW.wall() + hours)
    monkeypatch.setattr(ArrClient, "clock_ahead_seconds", property(lambda _: -hours))
    async with bench() as room:
        ours = library(room, ahead)
        await ours.sync()
        ours.on_push(available=True)
        arr = stand_in.arr
        movie = next(one for one in arr.collection.items.values() if one.file is not None)
        arr.grab([movie], arr.offer([movie]), Fate())
        asked = stand_in.counts.copy()
        await ours.read_changes()
        assert (stand_in.counts - asked)["GET /api/v3/movie/{id}"] == 1


async def test_another_process_spares_a_full_sync_that_was_made_lately(bench, sandbox):
    counts = sandbox.arrs["Radarr-HD"].counts
    for later, syncs in ((0.0, 1), (60.0, 1), (FULL_SYNC_SECONDS + 60, 2)):
        clock = Clock(wall=lambda later=later: NOW.wall() + later)
        async with bench() as room:
            ours = library(room, clock)
            await ours.load()
            await ours.sync()
            assert counts[ALL_MOVIES] == syncs
    async with bench() as room:  # the clock went back: when the last one was is not known
        ours = library(room)
        await ours.load()
        await ours.sync()
        assert counts[ALL_MOVIES] == 3


async def test_what_history_does_not_tell_is_seen_by_the_next_poll(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    movies = stand_in.arr.collection.items
    async with bench() as room:
        ours = library(room, QUICK)
        await ours.sync()
        QUICK_SECONDS[0] += 30
        movies[1].monitored = not movies[1].monitored
        del movies[2]
        await ours.read_changes()
        assert dict(await room.database.rows("SELECT id, monitored FROM movies WHERE id < 4")) == {
            1: movies[1].monitored,
            3: movies[3].monitored,
        }
        movies[2] = msgspec.structs.replace(movies[3], id=2)
        QUICK_SECONDS[0] += 30
        asked = stand_in.counts.copy()
        await ours.read_changes()
        assert (stand_in.counts - asked).total() <= 3 + 2  # history, profiles, the list; and what was added
        assert await room.database.row("SELECT 1 FROM movies WHERE id = 2") is not None
        QUICK_SECONDS[0] += 30
        asked = stand_in.counts.copy()
        await ours.read_changes()
        assert (stand_in.counts - asked)["GET /api/v3/movie/{id}"] == 0


async def test_another_tag_is_seen_by_the_next_poll(bench, sandbox):
    movies = sandbox.arrs["Radarr-HD"].arr.collection.items
    movies[1].tags = (4, 2)
    async with bench() as room:
        ours = library(room, QUICK)
        await ours.sync()
        for tags, stored in (((4, 2), "2 4"), ((4,), "4"), ((), "")):
            movies[1].tags = tags
            QUICK_SECONDS[0] += 30
            await ours.read_changes()
            assert await room.database.rows("SELECT tags FROM movies WHERE id = 1") == [(stored,)]


async def test_where_the_arr_tells_of_changes_its_list_is_read_seldom_but_when_it_begins_to(bench, sandbox):
    counts = sandbox.arrs["Radarr-HD"].counts
    async with bench() as room:
        ours = library(room, QUICK)
        await ours.sync()
        ours.on_push(available=True)
        assert ours.poll.is_set()
        for seconds, lists in ((0, 2), (100, 2), (700, 2), (100, 3), (100, 3)):
            QUICK_SECONDS[0] += seconds
            await ours.read_changes()
            assert counts[ALL_MOVIES] == lists
        ours.on_push(available=False)
        for lists in (4, 5):
            await ours.read_changes()
            QUICK_SECONDS[0] += 30
            assert counts[ALL_MOVIES] == lists


async def test_an_arr_that_lists_nothing_is_not_believed(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    async with bench() as room:
        ours = library(room, QUICK)
        await ours.sync()
        before = await room.database.rows("SELECT * FROM movies")
        QUICK_SECONDS[0] += 30
        for fault in (EmptyLists(), HalfAnswer(), Status(500)):
            await stand_in.fail(fault, ALL_MOVIES)
            with suppress(ServiceError):
                await ours.read_changes()
            await stand_in.heal()
            assert await room.database.rows("SELECT * FROM movies") == before


async def test_another_quality_profile_is_seen(bench, sandbox):
    async with bench() as room:
        ours = library(room, QUICK)
        await ours.sync()
        stand_in = sandbox.arrs["Radarr-HD"]
        profile = stand_in.arr.collection.profiles[1]
        stand_in.arr.collection.profiles = {
            number: msgspec.structs.replace(profile, id=number, name="Another")
            for number in stand_in.arr.collection.profiles
        }
        QUICK_SECONDS[0] += 30
        await ours.read_changes()
        names = await room.database.rows("SELECT DISTINCT quality_profile FROM movies")
        assert names == [("Another",)]
