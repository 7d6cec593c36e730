"""Which release is the newest, by channel, Python and age."""

import pytest

from qbitrr.update.releases import Release, is_newer, newest

NOW, DAY = 1_790_000_000.0, 86400.0


def release(version, *, days=30.0, python=None):
    return Release(version, "", python, None if days is None else NOW - days * DAY)


RELEASES = [
    release("5.9.0"),
    release("5.10.0"),
    release("5.11.0", days=6.9),
    release("6.0.0rc1"),
    release("6.0.0.dev3"),
    release("7.0.0", python=">=3.14"),
]


@pytest.mark.parametrize(
    ("channel", "python", "expected"),
    [
        ("latest", "3.11.7", "5.11.0"),
        ("stable", "3.11.7", "5.10.0"),
        ("nightly", "3.11.7", "6.0.0rc1"),
        ("latest", "3.14.0", "7.0.0"),
        ("nightly", "3.14.0rc1", "6.0.0rc1"),
    ],
)
def test_each_channel_has_its_newest(channel, python, expected):
    assert newest(RELEASES, channel, python, NOW).version == expected


def test_a_release_of_unknown_age_counts_as_proven_and_a_requirement_that_cannot_be_read_as_none():
    assert newest([release("1.0", days=None)], "stable", "3.11", NOW).version == "1.0"
    assert newest([release("1.0", python="nonsense")], "latest", "3.11", NOW).version == "1.0"
    assert newest([], "latest", "3.11", NOW) is None
    assert newest([release("2.0b1")], "latest", "3.11", NOW) is None


@pytest.mark.parametrize(
    ("version", "present", "expected"),
    [("5.10.0", "5.9.0", True), ("5.9.0", "5.10.0", False), ("1.0", "1.0.0", False), ("1.0", "1.0rc1", True)],
)
def test_versions_compare_as_versions(version, present, expected):
    assert is_newer(version, present) is expected
