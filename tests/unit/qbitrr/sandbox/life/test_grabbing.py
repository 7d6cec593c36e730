"""How an Arr finds releases and sends them to its download client."""

import pytest

from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, ALWAYS_STALLED, Odds
from qbitrr.sandbox.life.world import World
from tests.unit.qbitrr.sandbox.life.worlds import NOW, STUCK, grab, make, missing, pack, records, refresh, run, wait


@pytest.fixture
def at_radarr():
    return make("radarr")


def grabbed(arr):
    return [event for event in arr.history if event.event_type == "grabbed"]


def test_a_search_grabs_one_release_with_history_and_torrent(at_radarr):
    world, arr = at_radarr
    (movie,) = missing(arr)
    command = run(world, arr, "MoviesSearch", movieIds=[movie.id])
    (event,) = grabbed(arr)
    (torrent,) = world.client.torrents.values()
    assert (event.item_id, event.download_id) == (movie.id, torrent.infohash.upper())
    assert torrent.infohash == torrent.infohash.lower()
    assert (torrent.category, torrent.name) == ("radarr", event.title)
    assert command.started <= movie.last_search <= command.ended
    refresh(world, arr)
    assert command.message == "Search completed. 1 reports downloaded."


def test_the_same_search_in_the_same_world_finds_the_same_release():
    found = []
    for _ in range(2):
        world, arr = make("radarr", World(1, NOW))
        run(world, arr, "MoviesSearch", movieIds=[missing(arr)[0].id])
        found.append(list(world.client.torrents))
    assert found[0] == found[1]


def test_what_is_in_the_queue_or_was_just_grabbed_is_not_grabbed_again(at_radarr):
    world, arr = at_radarr
    (movie,) = missing(arr)
    for _ in range(2):
        run(world, arr, "MoviesSearch", movieIds=[movie.id])
    wait(world, 10)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    assert len(world.client.torrents) == 1


def test_what_is_not_released_is_not_found(at_radarr):
    world, arr = at_radarr
    future = next(movie for movie in arr.collection.items.values() if movie.in_cinemas > NOW)
    run(world, arr, "MoviesSearch", movieIds=[future.id])
    assert not world.client.torrents


def test_some_things_cannot_be_found(at_radarr):
    world, arr = at_radarr
    arr.odds = Odds(found=0)
    run(world, arr, "MoviesSearch", movieIds=[missing(arr)[0].id])
    assert not world.client.torrents


@pytest.mark.parametrize(
    ("odds", "states"), [(ALWAYS_HEALTHY, {"stalledUP", "uploading"}), (ALWAYS_STALLED, {"stalledDL"})]
)
def test_odds_decide_what_becomes_of_downloads(at_radarr, odds, states):
    world, arr = at_radarr
    arr.odds, arr.imports_by_itself = odds, False
    run(world, arr, "MissingMoviesSearch")
    wait(world, 4 * 3600)
    assert {torrent.state for torrent in world.client.torrents.values()} <= states
    assert len(world.client.torrents) > 5


def test_one_id_that_is_gone_fails_all_of_radarrs_search(at_radarr):
    world, arr = at_radarr
    command = run(world, arr, "MoviesSearch", movieIds=[missing(arr)[0].id, 999_999])
    assert (command.status, command.result, command.message) == ("failed", "unknown", "Failed")
    assert "Expected query to return 2 rows but returned 1" in command.exception
    assert not world.client.torrents


@pytest.mark.parametrize(
    ("kind", "name", "key"), [("sonarr", "EpisodeSearch", "episodeIds"), ("lidarr", "AlbumSearch", "albumIds")]
)
def test_the_others_search_until_they_come_to_it(kind, name, key):
    world, arr = make(kind)
    first, second = missing(arr, 2)
    command = run(world, arr, name, **{key: [first.id, 999_999, second.id]})
    assert (command.status, command.message) == ("failed", "Failed")
    assert "with ID 999999 does not exist" in command.exception
    assert [event.item_id for event in grabbed(arr)] == [first.id]


def test_a_season_that_is_missing_as_a_whole_is_found_as_a_pack():
    world, arr = make("sonarr")
    episodes = pack(arr)
    run(world, arr, "SeasonSearch", seriesId=episodes[0].series_id, seasonNumber=episodes[0].season)
    (torrent,) = world.client.torrents.values()
    assert len(torrent.files) == len(episodes)
    assert f".S{episodes[0].season:02}." in torrent.name


def test_a_blocklisted_release_is_replaced_by_another_one(at_radarr):
    world, arr = at_radarr
    arr.odds = ALWAYS_STALLED
    (movie,) = missing(arr)
    seen = set()
    for _ in range(3):
        run(world, arr, "MoviesSearch", movieIds=[movie.id])
        refresh(world, arr)
        (record,) = arr.queue.values()
        seen.add(record.download_id)
        arr.remove(record.id, from_client=True, blocklist=True, skip_redownload=True)
        wait(world, 2)
        assert not world.client.torrents
    assert len(seen) == 3
    assert {entry.release.infohash.upper() for entry in arr.blocklist} == seen


def test_rss_sync_grabs_something_else_each_time(at_radarr):
    world, arr = at_radarr
    for syncs in (1, 2):
        run(world, arr, "RssSync")
        assert len(world.client.torrents) == 2 * syncs


def test_an_arr_without_a_client_finds_nothing():
    world, arr = make("radarr", has_client=False)
    (movie,) = missing(arr)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    refresh(world, arr)
    assert (grabbed(arr), arr.queue) == ([], {})
    assert movie.last_search


def test_the_names_of_releases_tell_what_they_are_of():
    for kind in ("radarr", "sonarr", "lidarr"):
        world, arr = make(kind)
        (item,) = missing(arr)
        torrent = grab(world, arr, [item], STUCK)
        assert arr.collection.parse(torrent.name) == [item]
        assert arr.collection.parse("What.Is.This.1080p-GROUP") == []
        assert records(arr, torrent) == []
    for kind in ("sonarr", "lidarr"):
        _, arr = make(kind)
        items = pack(arr)
        assert {one.id for one in items} <= {one.id for one in arr.collection.parse(arr.offer(items).title)}


def test_a_list_of_episodes_is_asked_for_one_by_one_and_a_season_at_once():
    world, arr = make("sonarr")
    episodes = pack(arr)
    run(world, arr, "EpisodeSearch", episodeIds=[one.id for one in episodes])
    assert arr.indexer_queries == len(episodes)
    run(world, arr, "SeasonSearch", seriesId=episodes[0].series_id, seasonNumber=episodes[0].season)
    assert arr.indexer_queries == len(episodes) + 1
