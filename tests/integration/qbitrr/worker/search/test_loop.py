"""Searching on the living sandbox: what is sent, and what keeps anything from being sent."""

from __future__ import annotations

import dataclasses
import time
from contextlib import asynccontextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from qbitrr import ipc
from qbitrr.arr.client import ArrClient
from qbitrr.clock import Clock
from qbitrr.errors import ServiceError, ThrottledError, UnreachableError
from qbitrr.rules.search.again import SearchAgain
from qbitrr.rules.search.plan import SearchForecast
from qbitrr.sandbox.life.fate import Odds
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.services.faults import Status
from qbitrr.state import searches
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.search.budget import search_after_failure
from qbitrr.worker.search.loop import SearchLoop
from tests.support.polling import until

STILL = Clock(wall=time.time, monotonic=lambda: 50_000.0)
COMMAND = "POST /api/v3/command"


@pytest.fixture
def hunt(bench, sandbox):
    """A worker's searching over a synced library; `entry` are keys of `EntrySearch`."""
    arr = sandbox.world.arrs["Radarr-HD"]
    arr.client = None  # searches find nothing, so that the queue stays as it is
    for movie in [one for one in arr.collection.items.values() if one.file is not None][:12]:
        movie.file, movie.monitored = None, True

    @asynccontextmanager
    async def opened(settings=None, clock=STILL, on_probation=False, **entry):
        async with bench(settings=settings, clock=clock, on_probation=on_probation) as room:
            arr = msgspec.structs.replace(
                room.config.arr, entry_search=msgspec.structs.replace(room.config.arr.entry_search, **entry)
            )
            config = msgspec.structs.replace(room.config, arr_section=arr)
            room.config, room.context = config, dataclasses.replace(room.context, config=config)
            await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", clock)
            room.searching = SearchLoop(room.context)
            yield room

    return opened


async def outlook(room):
    return msgspec.json.decode(await searches.stored_plan(room.database, "radarr-hd"), type=SearchForecast)


def sent(sandbox):
    return [
        seen.body["movieIds"]
        for seen in sandbox.arrs["Radarr-HD"].requests
        if seen.method == "POST" and seen.body and seen.body.get("name") == "MoviesSearch"
    ]


def searches_in(arr):
    return [command for command in arr.commands.listed() if command.name == "MoviesSearch"]


def waits(sandbox):
    """Movies that a search may be for: monitored, missing and not downloading."""
    arr = sandbox.world.arrs["Radarr-HD"]
    queued = {record.item_id for record in arr.queue.values()}
    movies = arr.collection.items.values()
    return {one.id for one in movies if one.monitored and one.file is None and one.is_available(arr.now)} - queued


async def no_commands():
    """Answer as an Arr that lists none."""
    return []


async def test_what_is_missing_is_searched_once_each_and_told_of(hunt, sandbox):
    due = waits(sandbox)  # what is searched may be in the queue a moment later
    async with hunt(search_limit=100, searches_per_hour=60) as room:
        for _ in range(5):
            await room.searching.one_round()
        searched = [item for ids in sent(sandbox) for item in ids]
        assert len(searched) == len(set(searched)) == 5
        assert set(searched) <= due
        shown = await outlook(room)
        assert shown.due == len(due) - 5
        assert not set(searched) & {item for search in shown.searches for item in search.item_ids}
        summary, _ = await searches.last(room.database, room.config.name)
        assert summary.endswith(": missing")


async def test_one_movie_that_is_gone_does_not_keep_the_others_from_being_searched(hunt, sandbox):
    """Radarr fails the whole command then."""
    arr = sandbox.world.arrs["Radarr-HD"]
    async with hunt(search_missing=False) as room:
        gone, *others = sorted(waits(sandbox))[:3]
        del arr.collection.items[gone]
        room.searching.request([gone, *others])
        await room.searching.one_round()
        (first,) = searches_in(arr)

        async def searched_again():
            await room.searching.one_round()
            return len(sent(sandbox)) == 2

        await until(searched_again, 5, "the others were not searched")
        assert first.status == "failed"
        assert sent(sandbox) == [[gone, *others], others]
        await until(lambda: searches_in(arr)[-1].ended is not None, 5, "it does not end")
        await room.searching.one_round()
        assert len(sent(sandbox)) == 2


async def test_what_is_left_of_a_search_is_not_lost_when_the_arr_goes_silent(hunt, sandbox):
    """Of two that failed it does not answer about the second one."""
    arr = sandbox.world.arrs["Radarr-HD"]
    async with hunt(search_missing=False, searches_per_hour=60, search_limit=100) as room:
        gone, *others = sorted(waits(sandbox))[:6]
        del arr.collection.items[gone]
        room.searching.request([gone, *others[:4]])
        await room.searching.one_round()
        room.searching.request(others[4:])
        listed = room.services.arr.commands
        room.services.arr.commands = no_commands  # the first one may have failed by now
        await room.searching.one_round()
        room.services.arr.commands = listed
        await until(lambda: all(one.ended is not None for one in searches_in(arr)), 5, "they do not end")
        searches_in(arr)[0].status = searches_in(arr)[1].status = "failed"
        asked = room.services.arr.item

        async def item(number):
            if number in others[4:]:
                raise UnreachableError("Radarr-HD", "silent")
            return await asked(number)

        room.services.arr.item = item
        with pytest.raises(UnreachableError):
            await room.searching.one_round()
        room.services.arr.item = asked
        await room.searching.one_round()
        assert sent(sandbox)[2:] == [others[:4]]


async def test_a_search_that_the_user_cancels_is_not_waited_for(hunt, sandbox):
    """The Arr lists it no more, and says for good that it is queued: `CommandQueueManager.Cancel` of all three."""
    stand_in, now = sandbox.arrs["Radarr-HD"], [1000.0]
    async with hunt(clock=Clock(monotonic=lambda: now[0]), search_missing=False) as room:
        room.searching.request(sorted(waits(sandbox))[:1])
        await room.searching.one_round()
        (command,) = searches_in(stand_in.arr)
        await until(lambda: command.ended is not None, 5, "it does not end")
        command.status, command.ended = "queued", None
        now[0] += 300
        await room.searching.one_round()
        asked = stand_in.counts["GET /api/v3/command/{id}"]
        await room.searching.one_round()
        assert asked == stand_in.counts["GET /api/v3/command/{id}"] == 1


async def test_a_search_that_fails_for_another_reason_is_not_sent_again(hunt, sandbox):
    arr = sandbox.world.arrs["Radarr-HD"]
    async with hunt(search_missing=False) as room:
        room.searching.request(sorted(waits(sandbox))[:2])
        await room.searching.one_round()
        (command,) = searches_in(arr)
        await until(lambda: command.ended is not None, 5, "it does not end")
        command.status = "failed"
        with capture_logs() as logs:
            await room.searching.one_round()
            await room.searching.one_round()
        assert [entry["gone"] for entry in logs if entry["event"] == "search failed"] == [[]]
        assert len(sent(sandbox)) == 1


async def test_an_arr_is_asked_for_nothing_while_there_is_nothing_to_search(hunt, sandbox):
    async with hunt(search_missing=True) as room:
        for movie in sandbox.world.arrs["Radarr-HD"].collection.items.values():
            movie.monitored = False
        await full_sync(room.services.arr, room.database, "radarr-hd", "http://arr", STILL)
        await room.searching.one_round()  # plans, for which the queue is read
        before = sandbox.arrs["Radarr-HD"].counts.total()
        for _ in range(5):
            await room.searching.one_round()
        assert sandbox.arrs["Radarr-HD"].counts.total() == before


async def test_an_arr_that_has_enough_to_do_is_asked_again_after_a_minute(hunt, sandbox):
    seconds = [0.0]
    clock = Clock(wall=time.time, monotonic=lambda: 50_000.0 + seconds[0])
    async with hunt(clock=clock, search_queue_limit=1) as room:
        await room.searching.one_round()
        before = sandbox.arrs["Radarr-HD"].counts.total()
        await room.searching.one_round()
        assert sandbox.arrs["Radarr-HD"].counts.total() == before
        assert "downloads are in the queue" in (await outlook(room)).waiting_for
        seconds[0] = 61.0
        await room.searching.one_round()
        assert sandbox.arrs["Radarr-HD"].counts.total() == before + 2


async def test_the_budget_is_not_refilled_by_another_process(hunt, sandbox):
    for _ in range(3):
        async with hunt(search_limit=100, searches_per_hour=18) as room:
            for _ in range(4):
                await room.searching.one_round()
            assert (await outlook(room)).waiting_for == "the budget is spent for now"
    assert len(sent(sandbox)) == 3


@pytest.mark.parametrize(("wall", "monotonic"), [(-30 * 86400.0, 0.0), (0.0, -50_000.0), (-86400.0, -1000.0)])
async def test_a_clock_that_went_back_stops_the_searches_only_as_long_as_any_time(hunt, sandbox, wall, monotonic):
    seconds = [0.0]
    then = Clock(wall=lambda: time.time() + seconds[0], monotonic=lambda: 50_000.0 + seconds[0])
    async with hunt(clock=then, search_limit=100, searches_per_hour=6) as room:
        for _ in range(3):
            await room.searching.one_round()
    assert len(sent(sandbox)) == 1
    back = Clock(wall=lambda: then.wall() + wall, monotonic=lambda: then.monotonic() + monotonic)
    async with hunt(clock=back, search_limit=100, searches_per_hour=6) as room:
        await room.searching.one_round()
        assert len(sent(sandbox)) == 1
        seconds[0] += 601.0
        await room.searching.one_round()
    assert len(sent(sandbox)) == 2


async def test_all_arrs_share_a_budget(hunt, sandbox):
    async with hunt(settings={"SearchesPerHour": 6}, search_limit=100) as room:
        for _ in range(3):
            await room.searching.one_round()
    assert len(sent(sandbox)) == 1


@pytest.mark.parametrize(
    ("entry", "settings", "why"),
    [
        ({"search_limit": 0}, {}, "SearchLimit is 0"),
        ({"search_missing": False}, {}, "SearchMissing is off"),
        ({"search_queue_limit": 1}, {}, "downloads are in the queue"),
        ({}, {"Shadow": True}, "Shadow is on"),
        ({"on_probation": True}, {}, "on probation"),
    ],
)
async def test_nothing_is_sent(hunt, sandbox, entry, settings, why):
    async with hunt(settings=settings, **entry) as room:
        await room.searching.one_round()
        assert why in (await outlook(room)).waiting_for
    assert sent(sandbox) == []


async def test_nothing_is_asked_of_the_arr_before_its_library_was_read(hunt, sandbox):
    async with hunt() as room:
        await room.database.write("UPDATE catalogue SET synced_at = NULL")
        asked = len(sandbox.arrs["Radarr-HD"].requests)
        await room.searching.one_round()
        assert (await outlook(room)).waiting_for == "the library was not read yet"
        assert len(sandbox.arrs["Radarr-HD"].requests) == asked


async def test_searches_pause_while_no_indexer_answers_and_one_is_tried_in_an_hour(hunt, sandbox):
    arr = sandbox.world.arrs["Radarr-HD"]
    seconds = [0.0]
    clock = Clock(wall=time.time, monotonic=lambda: 50_000.0 + seconds[0])
    async with hunt(search_limit=100, clock=clock) as room:
        arr.settings.indexers_away = True
        await room.searching.one_round()
        waiting = (await outlook(room)).waiting_for
        assert "no indexer answers" in waiting
        assert "All indexers are unavailable due to failures" in waiting
        seconds[0] = 3500.0
        await room.searching.one_round()
        assert sent(sandbox) == []
        seconds[0] = 3601.0
        await room.searching.one_round()
        assert len(sent(sandbox)) == 1
        seconds[0] = 3700.0
        await room.searching.one_round()
        assert len(sent(sandbox)) == 1
        arr.settings.indexers_away = False
        seconds[0] = 3800.0
        await room.searching.one_round()
        assert len(sent(sandbox)) == 2


class Outage:
    """A worker whose clocks the test moves together, and the indexers of its Arr."""

    def __init__(self, sandbox):
        self.sandbox, self.seconds = sandbox, 0.0
        arr = sandbox.world.arrs["Radarr-HD"]
        arr.odds = Odds(found=0.0)  # also while an indexer answers
        self.settings = arr.settings
        self.clock = Clock(wall=lambda: time.time() + self.seconds, monotonic=lambda: 50_000.0 + self.seconds)

    async def rounds(self, room, number, seconds=0.0):
        """So many rounds after these seconds; returns the movies that were searched."""
        self.seconds += seconds
        before = len(sent(self.sandbox))
        for _ in range(number):
            await room.searching.one_round()
        return [item for ids in sent(self.sandbox)[before:] for item in ids]


BUSY = {"search_limit": 100, "searches_per_hour": 600}


async def test_what_was_searched_while_no_indexer_answered_is_searched_again_first_and_once(hunt, sandbox):
    outage = Outage(sandbox)
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        before = await outage.rounds(room, 1)
        outage.settings.indexers_away = True
        meanwhile = await outage.rounds(room, 2, 60)  # the reading of before is still good
        assert len(meanwhile) == 2
        assert await outage.rounds(room, 2, 300) == []
        (after_failure,) = sorted(waits(sandbox) - {*before, *meanwhile})[-1:]
        await search_after_failure(room.context, [after_failure], [SearchAgain((after_failure,))])
        assert await outage.rounds(room, 2, 600) == []
        outage.settings.indexers_away = False
        again = await outage.rounds(room, 4, 61)
        assert set(again) == {*before, *meanwhile, after_failure}
        shown = await outlook(room)
        assert not any("no indexer answered" in search.why for search in shown.searches)
        assert not set(await outage.rounds(room, 3, 61)) & set(again)


async def test_what_is_searched_again_says_why_and_is_counted_until_then(hunt, sandbox):
    outage = Outage(sandbox)
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        (first,) = await outage.rounds(room, 1)
        outage.settings.indexers_away = True
        await outage.rounds(room, 1, 301)
        outage.settings.indexers_away = False
        outage.seconds += 61
        assert await room.searching._indexers.has_recovered()
        assert await searches.to_repeat(room.database) == {"radarr-hd": 1}
        room.searching.replan()
        assert await outage.rounds(room, 1) == [first]
        last, _ = await searches.last(room.database, "radarr-hd")
        assert last.endswith(": no indexer answered the last search; missing, searched once before")
        assert await searches.to_repeat(room.database) == {}


async def test_what_was_grabbed_meanwhile_or_searched_before_is_not_searched_again(hunt, sandbox, monkeypatch):
    outage, arr = Outage(sandbox), sandbox.world.arrs["Radarr-HD"]
    monkeypatch.setattr(ArrClient, "clock_ahead_seconds", property(lambda _: -outage.seconds))
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        (before,) = await outage.rounds(room, 1)
        await outage.rounds(room, 1, 301)  # another reading without trouble
        outage.settings.indexers_away = True
        (grabbed,) = await outage.rounds(room, 1, 60)
        await outage.rounds(room, 1, 301)
        arr._grabber.note_grab([grabbed], arr.offer([arr.collection.items[grabbed]]))
        outage.settings.indexers_away = False
        (again,) = await outage.rounds(room, 1, 61)
        marked = {item for (item,) in await room.database.rows("SELECT id FROM searches WHERE again IS NOT NULL")}
        assert not {before, grabbed} & {*marked, again}


async def test_a_process_that_starts_meanwhile_sees_the_end_of_it(hunt, sandbox):
    outage = Outage(sandbox)
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        (first,) = await outage.rounds(room, 1)
        outage.settings.indexers_away = True
        await outage.rounds(room, 1, 301)
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        assert await outage.rounds(room, 2, 3500) == []
        outage.settings.indexers_away = False
        assert await outage.rounds(room, 1, 61) == [first]


async def test_while_the_history_cannot_be_read_the_end_of_it_is_not_noted(hunt, sandbox):
    outage = Outage(sandbox)
    stand_in = sandbox.arrs["Radarr-HD"]
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        (first,) = await outage.rounds(room, 1)
        outage.settings.indexers_away = True
        await outage.rounds(room, 1, 301)
        outage.settings.indexers_away = False
        await stand_in.fail(Status(500), "GET /api/v3/history/since")
        with pytest.raises(ServiceError):
            await outage.rounds(room, 1, 61)
        await stand_in.heal()
        assert await outage.rounds(room, 1, 1) == [first]


async def test_a_clock_that_was_set_back_has_nothing_searched_again(hunt, sandbox):
    outage = Outage(sandbox)
    async with hunt(settings={"SearchesPerHour": 600}, clock=outage.clock, **BUSY) as room:
        await outage.rounds(room, 1)
        outage.settings.indexers_away = True
        await outage.rounds(room, 1, 301)
        outage.settings.indexers_away = False
        back = Clock(wall=lambda: time.time() - 9 * 86400, monotonic=outage.clock.monotonic)
        room.searching._indexers._clock = back
        outage.seconds += 61
        assert await room.searching._indexers.has_recovered()
        assert await searches.to_repeat(room.database) == {}


async def test_an_arr_without_an_outage_is_not_asked_for_its_health_when_nothing_is_due(hunt, sandbox):
    outage = Outage(sandbox)
    async with hunt(clock=outage.clock) as room:
        await room.database.write("UPDATE movies SET monitored = 0")
        await outage.rounds(room, 3, 400)
        assert sandbox.arrs["Radarr-HD"].counts["GET /api/v3/health"] == 0


@pytest.mark.parametrize(("ahead", "searched"), [(0, True), (300, True), (301, False), (-3600, False)])
async def test_what_was_released_lately_is_searched_again_soon_unless_the_clocks_disagree(
    hunt, sandbox, monkeypatch, ahead, searched
):
    seconds = [0.0]
    clock = Clock(wall=lambda: time.time() + seconds[0], monotonic=lambda: 50_000.0 + seconds[0])
    async with hunt(search_limit=100, clock=clock, retry_after_release_seconds=2 * 86400) as room:
        item = min(waits(sandbox))
        await room.database.write("UPDATE movies SET monitored = id = ?", (item,))
        await room.database.write("UPDATE movies SET released_at = ?", (time.time() - 3600,))
        await room.searching.one_round()
        assert sent(sandbox) == [[item]]
        seconds[0] = 2.9 * 3600
        await room.searching.one_round()
        assert len(sent(sandbox)) == 1
        seconds[0] = 3.1 * 3600
        monkeypatch.setattr(ArrClient, "clock_ahead_seconds", property(lambda _: ahead))
        await room.searching.one_round()
        assert len(sent(sandbox)) == 1 + searched


async def test_running_searches_are_waited_for(hunt, sandbox):
    sandbox.world.arrs["Radarr-HD"].tempo = Tempo(0.001)  # they take hours
    async with hunt(search_limit=1) as room:
        await room.searching.one_round()
        await room.searching.one_round()
        assert (await outlook(room)).waiting_for == "1 searches are running"
    assert len(sent(sandbox)) == 1


async def test_an_arr_that_asks_for_no_more_gets_no_command_until_its_time(hunt, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    async with hunt() as room:
        await stand_in.fail(Status(429, retry_after=600), COMMAND)
        with pytest.raises(ThrottledError):
            await room.searching.one_round()
        await stand_in.heal()
        before = stand_in.counts[COMMAND]
        with pytest.raises(ThrottledError):
            await room.services.arr.refresh_downloads()
        await room.searching.one_round()
        assert "asked for no more" in (await outlook(room)).waiting_for
        assert await searches.read(room.database, "radarr-hd", range(1, 61)) == []  # it was not searched
    async with hunt() as room:  # another process does not know better
        await room.searching.one_round()
        assert stand_in.counts[COMMAND] == before
    jumped = Clock(wall=lambda: time.time() + 601, monotonic=STILL.monotonic)
    async with hunt(clock=jumped) as room:
        await room.searching.one_round()
        assert stand_in.counts[COMMAND] == before
    late = Clock(wall=lambda: jumped.wall() + 601, monotonic=lambda: STILL.monotonic() + 601)
    async with hunt(clock=late) as room:
        await room.searching.one_round()
        assert stand_in.counts[COMMAND] == before + 1


@pytest.mark.parametrize("route", [COMMAND, "GET /api/v3/queue", "GET /api/v3/movie/{id}"])
async def test_whoever_is_told_to_wait_no_command_is_sent_and_nothing_paid(hunt, sandbox, route):
    stand_in, item = sandbox.arrs["Radarr-HD"], min(waits(sandbox))
    async with hunt() as room:
        arr = room.services.arr
        await stand_in.fail(Status(503 if "queue" in route else 429, retry_after=600), route)
        routes = {
            COMMAND: arr.sync_rss,
            "GET /api/v3/queue": arr.queue,
            "GET /api/v3/movie/{id}": lambda: arr.get("movie/1", dict),
        }
        with pytest.raises(ThrottledError):
            await routes[route]()
        await stand_in.heal()
        asked = stand_in.counts.copy()
        for command in (
            arr.sync_rss(),
            arr.refresh_downloads(),
            arr.search([item]),
            arr.scan("/downloads/x", "A" * 40, "Auto"),
            arr.mark_failed(1),
            arr.blocklist(1),
            search_after_failure(room.context, [item], [SearchAgain((item,))]),
        ):
            with pytest.raises(ThrottledError) as raised:
                await command
            assert 590 < raised.value.retry_after_seconds <= 600
        assert stand_in.counts == asked
        assert await searches.read(room.database, "radarr-hd", [item]) == []
        await arr.status()  # asking is not commanding


async def test_what_somebody_asks_for_comes_first_also_when_nothing_else_is_searched(hunt, sandbox):
    asked = sorted(waits(sandbox))[-2:]
    async with hunt(search_missing=False) as room:
        room.searching.request([*asked, 999_999])
        for _ in range(3):
            await room.searching.one_round()
    assert sent(sandbox) == [asked]


async def test_what_somebody_asked_for_outlasts_the_process(hunt, sandbox):
    asked = sorted(waits(sandbox))[-2:]
    async with hunt(search_missing=False) as room:
        await sandbox.arrs["Radarr-HD"].fail(Status(500), "GET /api/v3/queue")
        room.searching.request(asked)
        with pytest.raises(ServiceError):
            await room.searching.one_round()
        await sandbox.arrs["Radarr-HD"].heal()
        for _ in range(2):
            again = SearchLoop(room.context)
            await again.load()
            await again.one_round()
            assert sent(sandbox) == [asked]
        await searches.store_plan(room.database, "radarr-hd", '{"of": "another version"}')
        await SearchLoop(room.context).load()


async def test_a_search_after_a_failure_passes_and_is_paid_for(hunt, sandbox):
    item = min(waits(sandbox))
    async with hunt(searches_per_hour=6) as room:
        for _ in range(2):
            await search_after_failure(room.context, [item], [SearchAgain((item,))])
        await room.searching.one_round()
        assert (await outlook(room)).waiting_for == "the budget is spent for now"
        ((_, _, _, tries, *_),) = await searches.read(room.database, "radarr-hd", [item])
        assert tries == 2
    assert sent(sandbox)[0] == [item]


async def test_a_pause_keeps_the_plan_from_being_sent_and_outlasts_the_process(hunt, sandbox):
    async with hunt(search_limit=100, searches_per_hour=60) as room:
        room.searching.pause_or_resume(ipc.PauseSearches(True, "127.0.0.1"))
        await room.searching.one_round()
        await room.searching.pause.store()
        assert sent(sandbox) == []
        assert (await outlook(room)).waiting_for == "searches are paused"
        (item, *_) = waits(sandbox)
        room.searching.request([item])  # what the user asks for is sent all the same
        await room.searching.one_round()
        assert sent(sandbox) == [[item]]
        again = SearchLoop(room.context)
        await again.load()
        await again.one_round()
        assert sent(sandbox) == [[item]]
        again.pause_or_resume(ipc.PauseSearches(False))
        await again.pause.store()
        await again.one_round()
        assert len(sent(sandbox)) == 2
        assert await searches.pause(room.database, "radarr-hd") is None
