"""A season that a search found nothing of, on the living sandbox: its episodes, and later the season again."""

from __future__ import annotations

import dataclasses
import time
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.errors import ServiceError
from qbitrr.rules.search.plan import SearchForecast
from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, Odds
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status
from qbitrr.state import searches
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.search.loop import SearchLoop
from tests.integration.qbitrr.worker.conftest import rooms
from tests.support.polling import until

SONARR = Section("Sonarr", "sonarr", 5, episodes=120)
DAY = 86400.0
NOTHING = Odds(found=0)


class Hunt:
    """A worker's searching over a library of which the first season of one series is missing, and nothing else."""

    def __init__(self, room, stand_in):
        self.room, self.stand_in, self.arr = room, stand_in, stand_in.arr
        self.days = 0.0
        self.clock = Clock(wall=lambda: time.time() + self.days * DAY, monotonic=lambda: 50_000.0 + self.days * DAY)
        self.arr.odds = NOTHING
        shows = self.arr.collection
        self.series = max(shows.series.values(), key=lambda one: len(one.seasons))
        file = next(one.file for one in shows.items.values() if one.file is not None)
        for series in shows.series.values():
            series.monitored = True
            for season in series.seasons:
                season.monitored = season.number > 0
                for episode in season.episodes:
                    episode.monitored = True
                    episode.file = None if (series, season.number) == (self.series, 1) else episode.file or file
        self.season = next(one for one in self.series.seasons if one.number == 1)
        self.restart()

    async def sync(self):
        await full_sync(self.room.services.arr, self.room.database, "sonarr", "http://arr", self.clock)

    def restart(self, **entry):
        """Another process, with these keys of `EntrySearch`."""
        keys = {"search_limit": 100, "searches_per_hour": 6000, **entry}
        config = self.room.config
        config = replace(config, arr_section=replace(config.arr, entry_search=replace(config.arr.entry_search, **keys)))
        settings = replace(config.settings, searches_per_hour=6000)
        config = replace(config, settings=settings)
        self.loop = SearchLoop(dataclasses.replace(self.room.context, config=config, clock=self.clock))

    def sent(self):
        """The names of the searches that were sent."""
        bodies = [seen.body for seen in self.stand_in.requests if seen.method == "POST" and seen.body]
        return [body["name"] for body in bodies if body["name"].endswith("Search")]

    def ended(self):
        return all(one.ended is not None for one in self.arr.commands.listed())

    async def searched(self):
        """Search until nothing is due, and every search has ended."""
        before = -1
        while before != len(self.sent()):
            before = len(self.sent())
            await self.loop.one_round()
            await until(self.ended, 10, "the search does not end")
            await self.loop.one_round()
        return self.sent()

    async def forecast(self):
        return msgspec.json.decode(await searches.stored_plan(self.room.database, "sonarr"), type=SearchForecast)


@pytest.fixture
def hunt(judged, tmp_path):
    @asynccontextmanager
    async def opened():
        async with Sandbox([SONARR], middlewares=judged, has_past=False) as sandbox, rooms(sandbox, tmp_path)() as room:
            stand_in = sandbox.arrs["Sonarr"]
            stand_in.arr.tempo = Tempo(20)
            hunting = Hunt(room, stand_in)
            await hunting.sync()
            yield hunting

    return opened


def rounds(episodes):
    """Searches for so many episodes, five at a time."""
    return ["EpisodeSearch"] * -(-episodes // 5)


async def test_after_a_season_that_was_searched_in_vain_its_episodes_are_searched_at_once(hunt):
    async with hunt() as opened:
        size = len(opened.season.episodes)
        assert await opened.searched() == ["SeasonSearch", *rounds(size)]
        assert await searches.empty_since(opened.room.database, "sonarr", opened.series.id)


async def test_the_reason_says_so(hunt):
    async with hunt() as opened:
        await opened.loop.one_round()
        await until(opened.ended, 10, "the search does not end")
        opened.restart(search_limit=0)  # plans, and sends nothing
        await opened.loop.one_round()
        (*_, last) = (await opened.forecast()).searches
        assert "a search for the whole season found nothing" in last.why


async def test_the_season_comes_back_after_its_rest(hunt):
    async with hunt() as opened:
        first = len(await opened.searched())
        opened.days = 13.9
        await opened.searched()
        assert set(opened.sent()[first:]) == {"EpisodeSearch"}
        before = len(opened.sent())
        opened.days = 22.0  # the next time an episode is due
        assert (await opened.searched())[before] == "SeasonSearch"


async def test_a_season_of_which_something_was_grabbed_stays_a_season(hunt):
    async with hunt() as opened:
        opened.arr.odds = ALWAYS_HEALTHY
        assert await opened.searched() == ["SeasonSearch"]
        assert await searches.empty_since(opened.room.database, "sonarr", opened.series.id) == {}


async def test_without_a_rest_a_season_stays_a_season(hunt):
    async with hunt() as opened:
        opened.restart(season_search_rest_seconds=0)
        assert await opened.searched() == ["SeasonSearch"]
        assert await searches.pending_seasons(opened.room.database, "sonarr") == []


def one_indexer_failed(opened, _command):
    opened.arr.settings.an_indexer_away = True


def command_failed(_opened, command):
    command.status = "failed"


def command_forgotten(opened, command):
    command.ended -= 2 * DAY
    del opened.arr.commands.commands[command.id]


def command_cancelled(_opened, command):
    command.status, command.ended = "queued", None


def grabbed_and_gone_from_the_queue(opened, _command):
    (episode, *_) = opened.season.episodes
    opened.arr._grabber.note_grab([episode.id], opened.arr.offer([episode]))


def another_command(_opened, command):
    command.body = {"seriesId": 9999, "seasonNumber": 1}


@pytest.mark.parametrize(
    "change",
    [
        *(one_indexer_failed, command_failed, command_forgotten, command_cancelled, another_command),
        grabbed_and_gone_from_the_queue,
    ],
)
async def test_what_is_not_proven_changes_nothing(hunt, change):
    async with hunt() as opened:
        await opened.loop.one_round()
        await until(opened.ended, 10, "the search does not end")
        (command,) = [one for one in opened.arr.commands.listed() if one.name == "SeasonSearch"]
        change(opened, command)
        assert await opened.searched() == ["SeasonSearch"]
        assert await searches.empty_since(opened.room.database, "sonarr", opened.series.id) == {}
        assert await searches.pending_seasons(opened.room.database, "sonarr") == []
        opened.days = 1.1
        assert (await opened.searched())[1] == "SeasonSearch"


async def test_the_outcome_is_found_by_the_next_process(hunt):
    async with hunt() as opened:
        await opened.loop.one_round()
        await until(opened.ended, 10, "the search does not end")
        opened.restart()
        assert (await opened.searched())[:2] == ["SeasonSearch", "EpisodeSearch"]


@pytest.mark.parametrize("route", ["GET /api/v3/history/since", "GET /api/v3/health"])
async def test_an_outcome_that_the_arr_refuses_to_show_is_no_proof(hunt, route):
    async with hunt() as opened:
        await opened.loop.one_round()
        await until(opened.ended, 10, "the search does not end")
        await opened.stand_in.fail(Status(500), route)
        await opened.loop.one_round()
        await opened.stand_in.heal()
        assert await opened.searched() == ["SeasonSearch"]


async def test_while_the_arr_is_away_its_outcome_is_waited_for(hunt):
    async with hunt() as opened:
        await opened.loop.one_round()
        await until(opened.ended, 10, "the search does not end")
        await opened.stand_in.fail(Status(503), "GET /api/v3/command")
        with pytest.raises(ServiceError):
            await opened.loop.one_round()
        await opened.stand_in.heal()
        assert (await opened.searched())[:2] == ["SeasonSearch", "EpisodeSearch"]
