"""What differs from a recording is found, whatever it is."""

import pytest

from tests.contract.shapes import differences, wording

RECORDED = [
    {"id": 1, "title": "A", "file": {"size": 5}, "tags": []},
    {"id": 2, "title": "B", "added": "2026", "tags": []},
]


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        ([{"id": 1, "title": "C", "tags": [{"any": 1}]}], []),
        ([{"id": 1.5, "title": "C", "file": {"size": 0}, "added": "x", "tags": []}], []),
        ([], []),
        ([{"id": 1, "tags": []}], ["[0]/title: missing"]),
        ([{"id": "1", "title": "C", "tags": []}], ["[0]/id: number was recorded, ours is text"]),
        ([{"id": 1, "title": None, "tags": []}], ["[0]/title: text was recorded, ours is null"]),
        ([{"id": 1, "title": "C", "tags": [], "new": 1}], ["[0]/new: not recorded"]),
        ([{"id": 1, "title": "C", "tags": [], "file": {}}], ["[0]/file/size: missing"]),
        ([{"id": 1, "title": "C", "tags": [], "file": 7}], ["[0]/file: object was recorded, ours is number"]),
        ({"id": 1}, [": list was recorded, ours is object"]),
    ],
)
def test_a_difference_is_named_by_its_place(ours, found):
    assert differences(RECORDED, ours) == found


def test_more_than_was_recorded_is_let_pass_on_request():
    assert differences([{"id": 1}], [{"id": 1, "overview": ""}], extras=True) == []


def test_some_keys_depend_on_what_it_is_about():
    assert differences([{"id": 1, "airDate": "2026-01-01"}], [{"id": 1}]) == []
    assert differences([{"nextAlbum": None}], [{"nextAlbum": {"id": 1}}]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Episode file already imported at 11/28/2026 19:05:55", "Episode file already imported at 1/2/2027 1:05:55"),
        (
            "No files found are eligible for import in /downloads/a/B [c]",
            "No files found are eligible for import in /downloads/x",
        ),
        (
            "Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality WEBDL-480p.",
            "Not an upgrade for existing movie file. Existing quality: SDTV. New Quality Bluray-2160p.",
        ),
        ("Expected query to return 2 rows but returned 1", "Expected query to return 2 rows but returned 1"),
    ],
)
def test_the_same_text_about_something_else_is_the_same(one, other):
    assert wording(one) == wording(other)


def test_another_text_is_another():
    assert wording("Movie file already imported at 11/28/2026 19:05:55") != wording(
        "Unable to determine if file is a sample"
    )
