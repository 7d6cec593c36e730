"""What others changed of a torrent between two sights of it."""

import pytest

from qbitrr.rules.foreign_marks import Sight, new_tags, was_stopped
from tests.factories import torrent


@pytest.mark.parametrize(
    ("before", "now", "stopped"),
    [
        ("downloading", "stoppedDL", True),
        ("stalledDL", "stoppedDL", True),
        ("queuedDL", "stoppedDL", True),
        ("forcedDL", "stoppedDL", True),
        ("stoppedDL", "stoppedDL", False),
        ("checkingDL", "stoppedDL", False),  # its check ended, and it was stopped before
        ("metaDL", "stoppedDL", False),  # a stop condition: it has its metadata
        ("uploading", "stoppedUP", False),  # it may have met its share limit
        ("downloading", "stoppedUP", False),
        ("stoppedDL", "downloading", False),
        ("downloading", "error", False),
    ],
)
def test_a_stop_is_one_of_a_download_that_was_started(before, now, stopped):
    assert was_stopped(Sight(before, frozenset()), Sight(now, frozenset())) is stopped


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [("", "", []), ("a", "a", []), ("a", "", []), ("", "ba", ["a", "b"]), ("a", "ab", ["b"])],
)
def test_only_tags_that_were_added_count(before, now, new):
    assert new_tags(Sight("x", frozenset(before)), Sight("x", frozenset(now))) == new


def test_a_sight_is_what_a_torrent_shows():
    assert Sight.of(torrent(state="stalledDL", tags=frozenset({"a"}))) == Sight("stalledDL", frozenset({"a"}))
