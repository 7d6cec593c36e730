from pathlib import Path

import pytest

from qbitrr.sandbox.life.disk import Disk
from qbitrr.sandbox.life.download_client import DELETE_SECONDS, DownloadClient
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile

NOW = 1_000_000.0
GB = 1_000_000_000


@pytest.fixture
def client(tmp_path):
    client = DownloadClient(NOW, str(tmp_path))
    client.add(
        Torrent(
            infohash="aa",
            name="Movie",
            category="radarr",
            save_path=client.save_path("radarr"),
            files=[TorrentFile("Movie/movie.mkv", 40 * GB), TorrentFile("Movie/sample.mkv", GB, priority=0)],
            fate=Fate(bytes_per_second=4 * GB),
            added_on=NOW,
            tracker="",
            clock=NOW,
        )
    )
    return client


@pytest.fixture
def disk(client):
    disk = Disk(client)
    yield disk
    disk.close()


@pytest.fixture
def movie(tmp_path):
    return tmp_path / "radarr" / "Movie" / "movie.mkv"


def live(client, disk, seconds):
    client.advance(client.now + seconds)
    disk.update()


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_has_its_size_and_needs_no_room(client, disk, movie):
    disk.update()
    assert not movie.exists()
    live(client, disk, 1)
    assert movie.stat().st_size == 40 * GB
    assert movie.stat().st_blocks == 0
    assert movie.with_name("sample.mkv").stat().st_size == 0, "it is not selected"


def test_what_is_deleted_with_its_files_is_gone_with_its_folder(client, disk, movie):
    before = client.free_bytes
    live(client, disk, 1)
    client.delete(["aa"], with_files=True)
    live(client, disk, DELETE_SECONDS)
    assert not movie.parent.exists()
    assert client.free_bytes == before


def test_what_is_left_behind_needs_room_until_it_is_deleted_wherever_it_was_moved(client, disk, movie, tmp_path):
    before = client.free_bytes
    live(client, disk, 20)
    client.delete(["aa"], with_files=False)
    live(client, disk, DELETE_SECONDS)
    movie.with_name("sample.mkv").unlink()
    aside = movie.rename(tmp_path / "aside.mkv")
    live(client, disk, 1)
    assert before - client.free_bytes == 40 * GB
    aside.unlink()
    live(client, disk, 1)
    assert client.free_bytes == before


def test_what_is_left_behind_is_that_of_a_torrent_that_comes_back(client, disk, movie):
    live(client, disk, 20)
    client.delete(["aa"], with_files=False)
    live(client, disk, DELETE_SECONDS)
    modified = movie.stat().st_mtime_ns
    client.add_again("aa", client.save_path("radarr"), "radarr", ())
    live(client, disk, 1)
    assert movie.stat().st_mtime_ns == modified
    assert client.torrents["aa"].complete
    client.delete(["aa"], with_files=True)
    live(client, disk, DELETE_SECONDS)
    assert not movie.exists()


def test_no_descriptor_stays_open(client, disk, movie):
    before = descriptors()
    live(client, disk, 1)
    client.delete(["aa"], with_files=False)
    live(client, disk, DELETE_SECONDS)
    assert descriptors() > before
    disk.close()
    assert descriptors() == before
