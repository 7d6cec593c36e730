"""Failed downloads: what was blocklisted is known by the Arr's history, and its items are searched as the Arr would."""

import dataclasses

import pytest

from qbitrr.state import ledger, verdicts
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import (
    KINDS,
    add,
    before,
    commands,
    date_back,
    events,
    grab,
    missing,
    pack,
)
from tests.integration.qbitrr.worker.torrents.passing import ended, passes_until, settled
from tests.support.polling import until

SEARCHES = ("MoviesSearch", "EpisodeSearch", "SeasonSearch", "SeriesSearch", "AlbumSearch")


@pytest.fixture
def an_arr(judged, tmp_path):
    return lambda kind, **how: downloads.an_arr(kind, judged, tmp_path, **how)


async def failed(opened, torrent):
    await passes_until(opened, ended(opened, "fail"), "it was not failed")
    return (await ledger.of_torrent(opened.database, torrent.infohash))[-1]


def idle(torrent):
    """A download without any activity for long."""
    torrent.last_activity = torrent.added_on = torrent.added_on - 99_999
    return torrent


async def test_what_the_arr_forgot_in_a_restart_is_blocklisted_by_its_history(an_arr):
    """Its queue is empty then, and a record that is gone proves nothing."""
    async with an_arr("radarr") as on:
        on.arr.settings.redownload_failed = False
        torrent = idle(grab(on, missing(on)))
        async with on.opened(before("blocklist", on.arr.restart)) as opened:
            await opened.loop.load()
            entry = await failed(opened, torrent)
        await until(lambda: torrent.infohash not in on.client.torrents, 5, "it is still there")
    assert [one.release.infohash for one in on.arr.blocklist] == [torrent.infohash]
    assert events(on, torrent, "downloadFailed")
    assert entry.outcome == "blocklisted; removed; its files are deleted; searched again"
    assert len(commands(on, *SEARCHES)) == 1


async def test_a_removal_that_fails_nothing_is_not_taken_for_one_that_does(an_arr):
    """Radarr answers 200 to it also when it blocklists nothing."""
    async with an_arr("radarr") as on:
        torrent = idle(grab(on, missing(on)))

        class Forgetful:
            """An Arr that drops the record and forgets to fail it."""

            def __init__(self, client):
                self._client = client

            def __getattr__(self, name):
                return getattr(self._client, name)

            async def blocklist(self, _record_id):
                return True

        async with on.opened(
            lambda services: dataclasses.replace(services, arr_client=Forgetful(services.arr))
        ) as opened:
            await opened.loop.load()
            await failed(opened, torrent)
    assert [one.release.infohash for one in on.arr.blocklist] == [torrent.infohash]


@pytest.mark.parametrize("interactive", [True, False])
async def test_the_arr_and_qbitrr_never_both_search_nor_neither(an_arr, interactive):
    """What is failed by its grab is searched by the Arr itself, but for what the user had chosen."""
    async with an_arr("radarr") as on:
        on.arr.settings.redownload_failed_from_interactive_search = False
        items = missing(on)
        release = on.arr.offer(items)
        on.arr.note_grab([items[0].id], release, source="InteractiveSearch" if interactive else "Search")
        torrent = idle(on.arr.add_torrent(items, release, downloads.STUCK))
        on.arr.refresh_now()
        async with on.opened(before("blocklist", on.arr.restart)) as opened:
            await opened.loop.load()
            entry = await failed(opened, torrent)
            await settled(opened)
        ran = [one for one in on.arr.commands.commands.values() if one.name == "MoviesSearch"]
    assert len(ran) == 1
    assert len(commands(on, *SEARCHES)) == (1 if interactive else 0)
    assert entry.outcome.endswith("searched again" if interactive else "searched again by the Arr itself")


@pytest.mark.parametrize(
    ("kind", "version"), [("radarr", ""), ("sonarr", "4.0.19.2979"), ("sonarr", "5.0.0.2"), ("lidarr", "")]
)
async def test_what_nobody_grabbed_is_removed_and_not_said_to_be_blocklisted(an_arr, kind, version):
    async with an_arr(kind, version=version) as on:
        torrent = idle(add(on, missing(on)))
        async with on.opened() as opened:
            await opened.loop.load()
            entry = await failed(opened, torrent)
        await until(lambda: torrent.infohash not in on.client.torrents, 5, "it is still there")
    assert on.arr.blocklist == []
    assert entry.outcome.startswith("not blocklisted, as the Arr did not grab it; removed")
    assert [r for r in on.stand_in.requests if r.method == "DELETE"] == []


@pytest.mark.parametrize(
    ("kind", "version"), [("radarr", ""), ("sonarr", "4.0.19.2979"), ("sonarr", "5.0.0.2"), ("lidarr", "")]
)
@pytest.mark.parametrize("is_listed", [True, False])
async def test_what_was_added_again_after_its_grab_is_blocklisted_too(an_arr, kind, version, is_listed):
    """By the user, or as it seems when the clock of its client is ahead."""
    async with an_arr(kind, version=version) as on:
        on.arr.settings.redownload_failed = False
        torrent = idle(grab(on, missing(on)))
        date_back(on, 200_000)
        async with on.opened(before("blocklist", (lambda: None) if is_listed else on.arr.restart)) as opened:
            await opened.loop.load()
            entry = await failed(opened, torrent)
        await until(lambda: torrent.infohash not in on.client.torrents, 5, "it is still there")
    assert [one.release.infohash for one in on.arr.blocklist] == [torrent.infohash]
    assert entry.outcome == "blocklisted; removed; its files are deleted; searched again"
    assert len(commands(on, *SEARCHES)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_one_item_is_searched_by_itself(an_arr, kind):
    async with an_arr(kind) as on:
        items = missing(on)
        torrent = idle(grab(on, items))
        async with on.opened() as opened:
            await opened.loop.load()
            await failed(opened, torrent)
    (search,) = commands(on, *SEARCHES)
    assert [items[0].id] in search.values()


async def test_a_season_is_searched_by_one_command_for_the_season(an_arr):
    async with an_arr("sonarr") as on:
        items = pack(on)
        torrent = idle(grab(on, items))
        async with on.opened() as opened:
            await opened.loop.load()
            await failed(opened, torrent)
    first = items[0]
    assert commands(on, *SEARCHES) == [
        {"name": "SeasonSearch", "seriesId": first.series_id, "seasonNumber": first.season}
    ]


@pytest.mark.parametrize("unmonitored", [True, False])
async def test_several_seasons_are_searched_as_a_series_unless_that_leaves_one_out(an_arr, unmonitored):
    async with an_arr("sonarr") as on:
        series = next(one for one in on.arr.collection.series.values() if len(one.seasons) > 2)
        numbers = [season.number for season in series.seasons if season.number][:2]
        for season in series.seasons:
            season.monitored = not (unmonitored and season.number == numbers[0])
        items = [episode for episode in series.episodes if episode.season in numbers]
        for episode in items:
            episode.file = None
        torrent = idle(grab(on, items))
        async with on.opened() as opened:
            await opened.loop.load()
            await failed(opened, torrent)
    by_season = [{"name": "SeasonSearch", "seriesId": series.id, "seasonNumber": number} for number in numbers]
    assert commands(on, *SEARCHES) == (by_season if unmonitored else [{"name": "SeriesSearch", "seriesId": series.id}])


async def test_a_release_is_judged_by_the_score_that_it_had_when_it_was_grabbed(an_arr):
    """Not by that of the torrent's name, which may lack what the release is called."""
    async with an_arr("radarr") as on:
        arr = on.arr
        upgraded = [item for item in arr.collection.items.values() if item.file is not None and item.file.score > 0]
        good, poor = upgraded[:2]
        torrents = []
        for item, score in ((good, good.file.score + 1), (poor, poor.file.score - 1)):
            torrent = grab(on, [item], name=f"Plain.Name.{item.id}")
            grabbed = next(one for one in reversed(arr.history) if one.download_id == torrent.infohash.upper())
            grabbed.data["customFormatScore"] = str(score)
            torrent.fate = downloads.SLOW
            torrents.append(torrent)
        async with on.opened(
            arr={"EntrySearch": {"CustomFormatUnmetSearch": True}}, IgnoreTorrentsYoungerThan=0, StalledDelay=-1
        ) as opened:
            await downloads.synced(opened)
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "the poor one was not failed")
            await settled(opened)
            (kept,) = await verdicts.of_torrent(opened.database, torrents[0].infohash)
            (entry,) = await ledger.of_torrent(opened.database, torrents[1].infohash)
    assert kept.action == "nothing"
    assert (entry.rule, entry.facts["score"]) == ("custom_format_unmet", poor.file.score - 1)
