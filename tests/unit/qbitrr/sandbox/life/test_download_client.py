import pytest

from qbitrr.sandbox.life.download_client import DELETE_SECONDS, DownloadClient
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

NOW = 1_000_000.0


@pytest.fixture
def client():
    client = DownloadClient(NOW, "/downloads")
    for infohash in ("aa", "bb"):
        client.add(
            Torrent(
                infohash=infohash,
                name=infohash,
                category="radarr",
                save_path=client.save_path("radarr"),
                files=[TorrentFile(f"{infohash}.mkv", 1_000_000_000)],
                fate=Fate(bytes_per_second=1_000_000),
                added_on=NOW,
                tracker="",
                clock=NOW,
            )
        )
    return client


def test_a_new_torrent_brings_its_category(client):
    assert client.categories == {"radarr": "/downloads/radarr"}


def test_a_deleted_torrent_is_visible_for_a_moment(client):
    client.delete(["AA"], with_files=True)
    client.advance(NOW + DELETE_SECONDS / 2)
    assert client.get("aa")
    client.advance(NOW + DELETE_SECONDS)
    assert client.get("aa") is None
    assert client.get("bb")


def test_deleting_again_does_not_take_longer(client):
    client.delete(["aa"], with_files=True)
    client.advance(NOW + DELETE_SECONDS / 2)
    client.delete(["aa"], with_files=False)
    client.advance(NOW + DELETE_SECONDS)
    assert client.get("aa") is None


def test_waits_are_shorter_at_a_higher_speed():
    client = DownloadClient(NOW, "/downloads", Tempo(speed=10))
    assert client.tempo.seconds(60) == 6


def test_tags_are_created_added_and_removed(client):
    client.add_tags(["aa", "unknown"], ["x", "y"])
    assert client.tags == {"x", "y"}
    client.remove_tags(["aa"], ["x"])
    assert client.torrents["aa"].tags == {"y"}
    client.remove_tags(["aa"], [])
    assert client.torrents["aa"].tags == set()
    assert client.tags == {"x", "y"}


def test_downloads_fill_the_disk(client):
    before = client.free_bytes
    client.advance(NOW + 10)
    assert before - client.free_bytes == 20_000_000


def test_what_a_torrent_leaves_behind_is_not_free(client):
    before = client.free_bytes
    client.advance(NOW + 10)
    client.delete(["aa"], with_files=False)
    client.delete(["bb"], with_files=True)
    client.advance(NOW + 11)
    assert before - client.free_bytes == 11_000_000
    assert client.add_again("aa", client.save_path("radarr"), "radarr", ())
    client.advance(NOW + 12)
    assert before - client.free_bytes == 12_000_000
    client.delete(["aa"], with_files=False)
    client.advance(NOW + 13)
    client.free("aa")
    assert client.free_bytes == before


def test_stopping_and_starting(client):
    client.stop(["aa"])
    client.advance(NOW + 10)
    assert client.torrents["aa"].state == "stoppedDL"
    client.start(["aa"])
    client.advance(NOW + 20)
    assert client.torrents["aa"].state == "downloading"
