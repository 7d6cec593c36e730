import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.paths import PathMapping, is_within, mapped, same


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/downloads/tv/Show", "/downloads/tv", True),
        ("/downloads/tv", "/downloads/tv/", True),
        ("/downloads/tv-4k", "/downloads/tv", False),
        ("/downloads", "/downloads/tv", False),
        ("/Downloads/tv", "/downloads", False),
        ("/downloads/a\\b", "/downloads/a", False),  # a backslash is a letter on Linux
        ("D:\\dl\\tv\\X\\e01.mkv", "D:\\dl\\tv\\X", True),
        ("d:/dl/TV/X", "D:\\dl\\tv", True),
        ("E:\\dl\\tv\\X", "D:\\dl\\tv", False),
        ("\\\\nas\\dl\\X", "//nas/dl", True),
        ("\\\\nas\\dl\\X", "\\\\NAS\\DL", True),
        ("/downloads/tv", "", False),
        ("", "", False),
    ],
)
def test_a_path_lies_in_a_folder_by_its_names(path, folder, expected):
    assert is_within(path, folder) is expected


def test_trailing_separators_make_no_other_path():
    assert same("/downloads/tv/", "/downloads//tv")
    assert not same("/downloads/tv", "/downloads/TV")


MAPPINGS = [
    PathMapping("localhost", "/downloads/", "/data/torrents/"),
    PathMapping("localhost", "/downloads/tv/", "/series"),
    PathMapping("seedbox", "/home/me/dl", "\\\\nas\\dl"),
    PathMapping("windows", "D:\\dl\\", "/mnt/dl"),
]


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        ("/downloads/radarr/A Film", "localhost", "/data/torrents/radarr/A Film"),
        ("/downloads/radarr/A Film", "LOCALHOST", "/data/torrents/radarr/A Film"),
        ("/downloads/tv/Show", "localhost", "/series/Show"),
        ("/downloads/tv/Show", "other", "/downloads/tv/Show"),
        ("/downloads-2/X", "localhost", "/downloads-2/X"),
        ("/home/me/dl/X/a.mkv", "seedbox", "\\\\nas\\dl\\X\\a.mkv"),
        ("D:\\dl\\X\\a.mkv", "windows", "/mnt/dl/X/a.mkv"),
        ("/downloads", "localhost", "/data/torrents/"),
    ],
)
def test_an_arr_sees_a_path_by_the_longest_mapping_of_its_host(path, host, expected):
    assert mapped(path, host, MAPPINGS) == expected


@given(st.text(alphabet="/ab.\\", max_size=12))
def test_without_a_mapping_every_path_stays_as_it_is(path):
    assert mapped(path, "localhost", []) == path
