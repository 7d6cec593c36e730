import pytest

from qbitrr.sandbox.life.opening import PAST_SECONDS, live_through_past
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.world import World
from qbitrr.sandbox.media import library

NOW = 1_790_000_000.0


def opened(speed=1.0):
    begin = NOW - PAST_SECONDS
    world = World(3, begin, tempo=Tempo(speed))
    world.add_arr("Radarr-HD", library.movies(3, 200, begin), "radarr-hd")
    world.add_arr("Sonarr-TV", library.shows(3, 20, 600, begin), "sonarr-tv")
    world.add_arr("Lidarr-Music", library.music(3, 30, begin), "lidarr-music")
    live_through_past(world, NOW)
    return world


@pytest.fixture(scope="module")
def world():
    return opened()


@pytest.fixture(params=["radarr-hd", "sonarr-tv", "lidarr-music"])
def torrents(world, request):
    return [torrent for torrent in world.client.torrents.values() if torrent.category == request.param]


def test_there_are_downloads_in_every_stage_of_life(torrents):
    states = {torrent.state for torrent in torrents}
    assert {"downloading", "stalledDL", "metaDL", "error"} <= states
    assert states & {"stalledUP", "uploading"}
    on_their_way = [torrent.progress for torrent in torrents if torrent.state == "downloading"]
    assert min(on_their_way) < 0.2
    assert max(on_their_way) > 0.99


def test_dead_ones_have_been_dead_for_more_than_an_hour(torrents):
    dead = [torrent for torrent in torrents if torrent.state in ("stalledDL", "metaDL")]
    assert len(dead) >= 3
    assert all(NOW - torrent.last_activity > 3600 for torrent in dead)


def test_all_are_old_enough_to_be_judged(torrents):
    assert all(NOW - torrent.added_on > 180 for torrent in torrents)


def test_what_was_complete_long_ago_is_imported_and_seeds(world):
    for arr in world.arrs.values():
        queued = {record.download_id.lower() for record in arr.queue.values()}
        seeding = [
            torrent
            for torrent in world.client.torrents.values()
            if torrent.category == arr.category and torrent.infohash not in queued
        ]
        assert len(seeding) >= 2
        imported = {event.download_id for event in arr.history if "mported" in event.event_type}
        assert {torrent.infohash.upper() for torrent in seeding} <= imported


def test_some_are_complete_and_wait_for_the_next_refresh_and_a_sonarr_has_a_season_pack(world):
    for arr in world.arrs.values():
        torrents = [world.client.get(record.download_id.lower()) for record in arr.queue.values()]
        assert any(torrent.complete for torrent in torrents)
        assert {record.tracked_state for record in arr.queue.values()} == {"downloading"}
    sonarr = world.arrs["Sonarr-TV"]
    downloads = [record.download_id for record in sonarr.queue.values()]
    assert len(downloads) > len(set(downloads))


def test_a_clock_that_is_set_back_does_not_undo_anything():
    world = opened()
    before = {torrent.infohash: torrent.progress for torrent in world.client.torrents.values()}
    world.advance(NOW - 3600)
    world.advance(NOW)
    assert {torrent.infohash: torrent.progress for torrent in world.client.torrents.values()} == before


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_within_ten_seconds_more_of_them_finish(speed):
    world = opened(speed)
    before = sum(torrent.complete for torrent in world.client.torrents.values())
    for tenths in range(1, 101):
        world.advance(NOW + tenths / 10)
    assert sum(torrent.complete for torrent in world.client.torrents.values()) >= before + 6
