"""Which releases count as an update, by channel, Python and the time at which they were signed."""

import pytest

from qbitrr.update.releases import Release, candidates, is_newer, is_old_enough
from qbitrr.update.signature import File, Manifest

NOW, DAY = 1_790_000_000.0, 86400.0
RELEASES = [
    Release("5.9.0"),
    Release("5.10.0"),
    Release("6.0.0rc1"),
    Release("6.0.0.dev3"),
    Release("7.0.0", requires_python=">=3.14"),
]


@pytest.mark.parametrize(
    ("channel", "python", "expected"),
    [
        ("latest", "3.11.7", ["5.10.0", "5.9.0"]),
        ("stable", "3.11.7", ["5.10.0", "5.9.0"]),
        ("nightly", "3.11.7", ["6.0.0rc1", "6.0.0.dev3", "5.10.0", "5.9.0"]),
        ("latest", "3.14.0", ["7.0.0", "5.10.0", "5.9.0"]),
        ("nightly", "3.14.0rc1", ["6.0.0rc1", "6.0.0.dev3", "5.10.0", "5.9.0"]),
    ],
)
def test_each_channel_has_its_candidates_newest_first(channel, python, expected):
    assert [one.version for one in candidates(RELEASES, channel, python)] == expected


def test_a_requirement_that_cannot_be_read_counts_as_none():
    assert candidates([Release("1.0", requires_python="nonsense")], "latest", "3.11")
    assert candidates([], "latest", "3.11") == []


@pytest.mark.parametrize(
    ("channel", "days", "expected"),
    [("stable", 6.9, False), ("stable", 7, True), ("latest", 0, True), ("nightly", 0, True)],
)
def test_stable_is_what_was_signed_a_week_ago(channel, days, expected):
    wheel = File("qbitrrd-1.0-py3-none-any.whl", "0" * 64, 1)
    manifest = Manifest("qbitrrd", "1.0", NOW - days * DAY, NOW + DAY, wheel, ())
    assert is_old_enough(manifest, channel, NOW) is expected


@pytest.mark.parametrize(
    ("version", "present", "expected"),
    [("5.10.0", "5.9.0", True), ("5.9.0", "5.10.0", False), ("1.0", "1.0.0", False), ("1.0", "1.0rc1", True)],
)
def test_versions_compare_as_versions(version, present, expected):
    assert is_newer(version, present) is expected
