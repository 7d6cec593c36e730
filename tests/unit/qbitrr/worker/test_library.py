"""The library's task: what changes is seen by the next poll, and a restart reads nothing twice."""

from qbitrr.clock import Clock
from qbitrr.sandbox.life.fate import Fate
from qbitrr.worker.library import FULL_SYNC_SECONDS, Library

ALL_MOVIES = "GET /api/v3/movie"
NOW = Clock()


def library(room, clock=NOW):
    return Library(room.config, room.services, room.database, room.report, clock)


async def test_a_change_is_seen_by_the_next_poll_and_read_once(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    async with bench() as room:
        ours = library(room)
        await ours.changes()  # before the first full sync there is nothing to change
        await ours.sync()
        await ours.changes()
        arr = stand_in.arr
        movie = next(one for one in arr.collection.items.values() if one.file is not None)
        arr.grab([movie], arr.offer([movie]), Fate())
        movie.file = None
        asked = stand_in.counts.copy()
        for _ in range(2):
            await ours.changes()
        assert (stand_in.counts - asked)["GET /api/v3/movie/{id}"] == 1
        assert await room.database.rows("SELECT has_file FROM movies WHERE id = ?", (movie.id,)) == [(0,)]


async def test_another_process_spares_a_full_sync_that_was_made_lately(bench, sandbox):
    counts = sandbox.arrs["Radarr-HD"].counts
    for later, syncs in ((0.0, 1), (60.0, 1), (FULL_SYNC_SECONDS + 60, 2)):
        clock = Clock(wall=lambda later=later: NOW.wall() + later)
        async with bench() as room:
            ours = library(room, clock)
            await ours.begin()
            await ours.sync()
            assert counts[ALL_MOVIES] == syncs
    async with bench() as room:  # the clock went back: when the last one was is not known
        ours = library(room)
        await ours.begin()
        await ours.sync()
        assert counts[ALL_MOVIES] == 3
