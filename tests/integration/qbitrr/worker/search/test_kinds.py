"""Searching series and albums on the living sandbox."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import msgspec
import pytest

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import STATE_FILE
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.channel import Channel
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.report import Report
from qbitrr.worker.search.loop import SearchLoop
from qbitrr.worker.services import connect
from tests.support.state import migrated

NOW = Clock()
SECTIONS = {
    "sonarr": Section("Sonarr-TV", "sonarr", 5, episodes=120, has_client=False),
    "lidarr": Section("Lidarr-Music", "lidarr", 8, has_client=False),
}


@pytest.fixture
def hunt(judged, tmp_path):
    """A worker's searching over a synced library of a kind; `entry` are keys of `EntrySearch`."""
    migrated(tmp_path / STATE_FILE)

    @asynccontextmanager
    async def opened(kind, change=lambda collection: None, **entry):
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox([SECTIONS[kind]], middlewares=judged, has_past=False))
            change(sandbox.arrs[SECTIONS[kind].name].arr.collection)
            loaded = load_text(sandbox.config_toml({"Settings": {"SearchesPerHour": 600}}), {})
            (config,) = worker_configs(loaded.config, str(tmp_path / STATE_FILE), None)
            entry = {"search_limit": 100, "searches_per_hour": 600, **entry}
            arr = msgspec.structs.replace(
                config.arr, entry_search=msgspec.structs.replace(config.arr.entry_search, **entry)
            )
            config = msgspec.structs.replace(config, arr_section=arr)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.callback(theirs.close)
            ours.setblocking(False)
            channel = Channel(ours)
            stack.callback(channel.close)
            database = await stack.enter_async_context(open_writer(tmp_path / STATE_FILE))
            register = LoginRegister(database, tmp_path / "logins.lock", NOW)
            services = await stack.enter_async_context(connect(config, register, database, Clock()))
            await full_sync(services.arr, database, arr.category, "http://arr", NOW)
            searching = SearchLoop(WorkerContext(config, services, database, Report(channel), NOW))
            stand_in = sandbox.arrs[SECTIONS[kind].name]

            def sent():
                bodies = [seen.body for seen in stand_in.requests if seen.method == "POST"]
                return [{name: value for name, value in body.items() if name != "trigger"} for body in bodies]

            yield SimpleNamespace(searching=searching, sent=sent, stand_in=stand_in, database=database)

    return opened


def longest(shows):
    return max(shows.series.values(), key=lambda series: len(series.seasons))


def only_missing(*lacking):
    """Everything has a file but what `lacking(series, season, episode)` says of the longest series."""

    def change(shows):
        (says,) = lacking
        file = next(episode.file for episode in shows.items.values() if episode.file is not None)
        for series in shows.series.values():
            series.monitored = True
            for season in series.seasons:
                season.monitored = season.number > 0
                for number, episode in enumerate(season.episodes):
                    episode.monitored = True
                    is_missing = series is longest(shows) and says(season, number)
                    episode.file = None if is_missing else episode.file or file

    return change


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        (lambda season, number: True, "SeriesSearch"),
        (lambda season, number: season.number == 1, "SeasonSearch"),
        (lambda season, number: season.number == 1 and number < 2, "EpisodeSearch"),
    ],
)
async def test_as_much_of_a_series_is_searched_as_is_missing(hunt, missing, command):
    async with hunt("sonarr", only_missing(missing)) as room:
        for _ in range(3):
            await room.searching.one_round()
        sent = room.sent()
        assert [body["name"] for body in sent] == [command]
        series = longest(room.stand_in.arr.collection)
        assert sent[0].get("seriesId", series.id) == series.id
        assert sent[0].get("seasonNumber", 1) == 1
        assert len(sent[0].get("episodeIds", [1, 2])) == 2


async def test_episodes_are_searched_one_by_one_when_that_is_wanted(hunt):
    async with hunt("sonarr", only_missing(lambda season, number: number < 2), search_by_series="false") as room:
        for _ in range(3):
            await room.searching.one_round()
        ids = [body["episodeIds"] for body in room.sent()]
        assert all(len(some) == 1 for some in ids)
        assert len({some[0] for some in ids}) == len(ids) == 3


async def test_albums_are_searched(hunt):
    async with hunt("lidarr") as room:
        for _ in range(2):
            await room.searching.one_round()
        arr = room.stand_in.arr
        due = {album.id for album in arr.collection.wanted(arr.now)}
        ids = [body["albumIds"][0] for body in room.sent()]
        assert len(set(ids)) == len(ids) == min(2, len(due))
        assert set(ids) <= due
