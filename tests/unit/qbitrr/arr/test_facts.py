"""Files that an Arr offers for a manual import and what it is sent about them, and the files in its history."""

import json

import msgspec
import pytest

from qbitrr.arr.facts import candidate, file_events, import_order
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.models import HistoryData, HistoryRecord, ManualImportFile
from qbitrr.rules.stuck_imports import Candidate
from qbitrr.rules.supersession import UNREADABLE, FileEvent
from tests.contract import recorded

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


# -- grabs and imports of files -----------------------------------------------------------------------------------


def event(number=5, event_type="downloadFolderImported", date="2024-01-01T00:00:00Z", file="11", **changes):
    """A row of the history of Radarr."""
    known = {"download_id": "a" * 40, "movie_id": 1, "data": HistoryData(file_id=file)} | changes
    return HistoryRecord(number, event_type, date, **known)


AT = 1_704_067_200.0


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (event(), FileEvent(5, AT, "A" * 40, 1, 0, 11)),
        (event(event_type="grabbed", data=None), FileEvent(5, AT, "A" * 40, 1, 0, 0)),
        (event(event_type="movieFolderImported"), FileEvent(5, AT, "A" * 40, 1, 0, 11)),
        (event(download_id=None), FileEvent(5, AT, "", 1, 0, 11)),
        *((event(file=text), FileEvent(5, AT, "A" * 40, 1, 0, UNREADABLE)) for text in (None, "", "0", "-3", "x", "²")),
        (event(data=None), FileEvent(5, AT, "A" * 40, 1, 0, UNREADABLE)),
        (event(event_type="movieFileDeleted"), None),
        (event(event_type="downloadFailed"), None),
        (event(event_type=7), None),
        (event(date="yesterday"), None),
        (event(movie_id=None), None),
        (event(movie_id=0), None),
    ],
)
def test_the_history_says_which_download_brought_which_file(record, expected):
    assert file_events([record], KINDS["radarr"]) == ([] if expected is None else [expected])


def test_of_lidarr_the_tracks_count_and_not_the_album():
    track = HistoryRecord(
        5, "trackFileImported", "2024-01-01T00:00:00Z", "a", album_id=1, track_id=9, data=HistoryData(file_id="11")
    )
    whole = HistoryRecord(6, "downloadImported", "2024-01-01T00:00:00Z", "a", album_id=1)
    assert file_events([track, whole], KINDS["lidarr"]) == [FileEvent(5, AT, "A", 1, 9, 11)]


@pytest.mark.parametrize(
    ("program", "name", "files"),
    [
        ("radarr-6.1", "history-imported", [0, 36]),
        ("sonarr-5", "history-since", [0, 1]),
        ("lidarr-2.14", "history-imported", [0, 1, 2, 3, 4]),
    ],
)
def test_real_histories_name_the_files_of_a_download(program, name, files):
    body = json.loads((recorded.FOLDER / program / f"{name}.json").read_text())["body"]
    rows = body["records"] if isinstance(body, dict) else body
    found = file_events(msgspec.convert(rows, list[HistoryRecord]), KINDS[program.partition("-")[0]])
    assert [one.file for one in found] == files
    assert len({one.download for one in found}) == 1
