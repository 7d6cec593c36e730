"""Data of two torrents, compared by what their clients say."""

import pytest

from qbitrr.rules.files import TorrentFile
from qbitrr.rules.shared_data import Content, OwnData


def own(path, save_path="/d/tv", files=(("S/e01.mkv", 10), ("S/e02.mkv", 20))):
    total = sum(size for _, size in files)
    listed = [TorrentFile(index, name, size) for index, (name, size) in enumerate(files)]
    return OwnData(Content(path, save_path, total), listed)


@pytest.mark.parametrize(
    ("mine", "other", "overlaps"),
    [
        ("/d/tv/S", "/d/tv/S", True),
        ("/d/tv/S", "/d/tv/S/e01.mkv", True),
        ("/d/tv/S", "/d/tv", True),
        ("/d/tv/S", "/d/tv/S2", False),
        ("/d/tv/S", "", False),
        ("D:\\dl\\radarr\\Pack", "D:\\dl\\radarr\\Pack\\E01.mkv", True),
        ("D:\\dl\\radarr\\Pack", "d:/DL/radarr/pack", True),
        ("D:\\dl\\Pack", "D:\\dl\\Pack2", False),
        ("\\\\nas\\dl\\Pack", "//nas/dl/other", False),
    ],
)
def test_paths_of_one_client_are_compared_name_by_name_also_those_of_windows(mine, other, overlaps):
    assert own(mine, save_path="/elsewhere").overlaps(other) is overlaps


@pytest.mark.parametrize(
    ("path", "size", "same"),
    [
        ("/data/downloads/tv/S", 30, True),
        ("/data/downloads/tv/s", 30, True),
        ("/data/downloads/tv/S", 31, False),
        ("/data/downloads/tv/Other", 30, False),
        ("/data/cross/e02.mkv", 20, True),
        ("/data/cross/e02.mkv", 21, False),
        ("E:\\cross\\S", 30, True),
    ],
)
def test_another_client_may_see_the_same_disk_under_another_path(path, size, same):
    assert own("/d/tv/S").resembles(Content(path, "/data", size)) is same


def test_a_file_in_a_folder_that_is_a_torrent_of_another_client_may_be_part_of_it():
    mine = own("/d/tv/S/e01.mkv", save_path="/d/tv/S", files=[("e01.mkv", 10)])
    assert mine.resembles(Content("/data/tv/S", "/data/tv", 500))


def test_without_a_folder_of_its_own_only_the_files_count():
    mine = own("/d/tv", files=[("one.mkv", 10), ("one.srt", 1)])
    assert not mine.overlaps("/d/tv/Another.Movie")
    assert mine.overlaps("/d/tv/one.mkv")
    assert mine.overlaps("/d/tv")
    assert Content("/d/tv/", "/d/tv", 1).rootless
    assert not Content("/d/tv/S", "/d/tv", 1).rootless


def test_what_has_no_metadata_yet_has_no_data():
    mine = own("", files=[])
    assert not mine.overlaps("/d/tv/S")
    assert not mine.resembles(Content("/data/tv/S", "/data/tv", 0))
