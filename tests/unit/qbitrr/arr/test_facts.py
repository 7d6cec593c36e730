"""Files that an Arr offers for a manual import, and what it is sent about them."""

import msgspec
import pytest

from qbitrr.arr.facts import candidate, import_order
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.models import ManualImportFile
from qbitrr.rules.stuck_imports import Candidate

QUALITY = {"quality": {"id": 3, "name": "WEBDL-1080p"}, "revision": {"version": 1}}
COMMON = {"path": "/d/a", "downloadId": "F" * 40, "quality": QUALITY, "indexerFlags": 2, "rejections": []}
LANGUAGES = [{"id": 1, "name": "English"}]
OF_A_VIDEO = {"folderName": "d", "languages": LANGUAGES, "releaseGroup": "LAB"}
OFFERED = {
    "radarr": COMMON | OF_A_VIDEO | {"movie": {"id": 5}},
    "sonarr": COMMON | OF_A_VIDEO | {"series": {"id": 8}, "episodes": [{"id": 6}, {"id": 7}], "releaseType": "x"},
    "lidarr": COMMON
    | {"artist": {"id": 9}, "album": {"id": 4}, "albumReleaseId": 3, "tracks": [{"id": 1}], "releaseGroup": "LAB"},
}
ITEMS = {"radarr": (5,), "sonarr": (6, 7), "lidarr": (4,)}


def offered(kind, **changes):
    return msgspec.convert(OFFERED[kind] | changes, ManualImportFile)


@pytest.mark.parametrize("kind", OFFERED)
def test_what_the_arr_knows_of_a_file(kind):
    tracks = (1,) if kind == "lidarr" else ()
    assert candidate(offered(kind)) == Candidate("/d/a", ITEMS[kind], tracks)


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        ("radarr", {"movie": None}),
        ("sonarr", {"series": None}),
        ("sonarr", {"episodes": []}),
        ("sonarr", {"episodes": None}),
        ("lidarr", {"album": None}),
        ("lidarr", {"artist": None}),
        ("lidarr", {"albumReleaseId": 0}),
        ("lidarr", {"tracks": []}),
        ("radarr", {"movie": {"id": 0}}),
    ],
)
def test_what_is_not_matched_has_no_items(kind, unknown):
    assert candidate(offered(kind, **unknown)).items == ()


@pytest.mark.parametrize("quality", [None, {}, {"quality": None}, {"quality": {"id": 0, "name": "Unknown"}}])
def test_a_quality_that_is_not_known(quality):
    assert not candidate(offered("radarr", quality=quality)).has_quality


def test_rejections_are_in_the_words_of_the_arr():
    rejections = [{"reason": "Sample", "type": "permanent"}, {"reason": None, "type": "permanent"}]
    assert candidate(offered("radarr", rejections=rejections)).rejections == ("Sample",)


BASE = {name: COMMON[name] for name in ("path", "downloadId", "quality", "indexerFlags")}


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("radarr", OF_A_VIDEO | {"movieId": 5}),
        ("sonarr", OF_A_VIDEO | {"seriesId": 8, "episodeIds": [6, 7], "releaseType": "x"}),
        (
            "lidarr",
            {"artistId": 9, "albumId": 4, "albumReleaseId": 3, "trackIds": [1], "disableReleaseSwitching": False},
        ),
    ],
)
def test_everything_is_sent_as_it_was_offered(kind, order):
    assert import_order(offered(kind), KINDS[kind]) == BASE | order
