"""Whether two paths lead to the same data, and two torrents have the same."""

import os
from types import SimpleNamespace

import pytest

from qbitrr.errors import UnreachableError
from qbitrr.qbittorrent.models import ContentPath, File
from qbitrr.worker.torrents.actions.shared_content import _is_one_of, shares_data
from tests.factories import completed


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "real" / "Some.Movie"
    folder.mkdir(parents=True)
    (folder / "movie.mkv").write_bytes(b"x")
    return folder


def test_a_link_to_the_same_folder_is_the_same_data(data, tmp_path):
    (tmp_path / "link").symlink_to(data.parent)
    assert _is_one_of([str(data)], {"/nowhere", str(tmp_path / "link" / "Some.Movie")})


def test_a_hard_link_to_the_same_file_is_the_same_data(data, tmp_path):
    os.link(data / "movie.mkv", tmp_path / "other.mkv")
    assert _is_one_of([str(data / "movie.mkv")], {str(tmp_path / "other.mkv")})


def test_a_file_inside_and_a_folder_around_are_the_same_data(data, tmp_path):
    (tmp_path / "mount").symlink_to(data)
    (tmp_path / "pack").symlink_to(data.parent)
    assert _is_one_of([str(data), str(data / "movie.mkv")], {str(tmp_path / "mount" / "movie.mkv")})
    assert _is_one_of([str(data / "movie.mkv")], {str(tmp_path / "pack")})


def test_other_data_is_other_data(data, tmp_path):
    (tmp_path / "other.mkv").write_bytes(b"x")
    others = {str(tmp_path / "other.mkv"), "/nowhere", "C:\\downloads", str(data / "movie.mkv" / "below")}
    assert not _is_one_of([str(data / "movie.mkv")], others)
    assert not _is_one_of(["/nowhere/at/all"], {"/nowhere/at/all"})


class Client:
    """A client with torrents: infohash to (content path, save path, files)."""

    def __init__(self, torrents):
        self.torrents = torrents

    async def content_paths(self):
        return {
            infohash: ContentPath(infohash, path, folder, sum(size for _, size in files))
            for infohash, (path, folder, files) in self.torrents.items()
        }

    async def files(self, infohash):
        return [File(index, name, size) for index, (name, size) in enumerate(self.torrents[infohash][2])]


class SilentClient(Client):
    async def content_paths(self):
        raise UnreachableError("qBit-two", "no answer")


async def shares(own, *others, client=Client):
    """Whether torrent `own` of the first client shares data with one of `others`: on the same client, and elsewhere."""
    here, elsewhere = (some if isinstance(some, dict) else dict(enumerate(some)) for some in others)
    clients = {"qBit": Client({"mine": own, **here}), "qBit-two": client(elsewhere)}
    paths = {name: one.content_paths for name, one in clients.items()}
    context = SimpleNamespace(content_paths=paths, client=clients.__getitem__)
    return await shares_data(context, completed(infohash="mine", content_path=own[0], save_path=own[1]))


MINE = ("/d/tv/S", "/d/tv", [("S/e01.mkv", 10), ("S/e02.mkv", 20)])
ROOTLESS = ("/d/tv", "/d/tv", [("other.mkv", 5), ("other.srt", 1)])


async def test_a_torrent_without_a_folder_of_its_own_shares_only_its_files():
    assert not await shares(MINE, [ROOTLESS], [])
    assert await shares(MINE, [("/d/tv", "/d/tv", [("S/e01.mkv", 10), ("new.mkv", 3)])], [])
    assert not await shares(ROOTLESS, [MINE], [])
    assert await shares(ROOTLESS, [("/d/tv/other.mkv", "/d/tv", [("other.mkv", 5)])], [])


async def test_another_client_that_sees_the_disk_under_another_path_shares_data():
    assert await shares(MINE, [], [("/data/downloads/tv/S", "/data/downloads/tv", MINE[2])])
    assert await shares(MINE, [], [("/data/tv", "/data/tv", [("e01.mkv", 10), ("x.mkv", 9)])])
    assert not await shares(MINE, [], [("/data/tv", "/data/tv", [("x.mkv", 10), ("y.mkv", 9)])])
    assert not await shares(MINE, [("/copy/S", "/copy", MINE[2])], [])


async def test_the_same_torrent_on_another_client_shares_data_also_under_another_name():
    renamed = ("/data/Other", "/data", [("Other/1.mkv", 11), ("Other/2.mkv", 22)])
    assert await shares(MINE, [], {"mine": renamed})
    assert not await shares(MINE, [], {"another": renamed})


async def test_what_an_instance_does_not_tell_is_not_known():
    with pytest.raises(UnreachableError, match="qBit-two"):
        await shares(MINE, [], [], client=SilentClient)


async def test_what_is_not_looked_at_keeps_the_files():
    many = [(f"/d/{number}", f"/d/{number}", ROOTLESS[2]) for number in range(51)]
    assert await shares(MINE, [], many)
