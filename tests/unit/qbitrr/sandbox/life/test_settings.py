import pytest

from qbitrr.sandbox.life.settings import PathMapping, localize


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/downloads/radarr/A", "/data/torrents/radarr/A"),
        ("/downloads", "/data/torrents"),
        ("/downloads2/radarr/A", "/downloads2/radarr/A"),
        ("/elsewhere/A", "/elsewhere/A"),
    ],
)
def test_a_path_is_mapped_below_the_remote_folder_only(path, expected):
    assert localize(path, [PathMapping("/downloads/", "/data/torrents/")]) == expected


def test_the_first_mapping_that_covers_a_path_counts():
    mappings = [PathMapping("/downloads/a/", "/one/"), PathMapping("/downloads/", "/two/")]
    assert [localize(path, mappings) for path in ("/downloads/a/x", "/downloads/b/x")] == ["/one/x", "/two/b/x"]
