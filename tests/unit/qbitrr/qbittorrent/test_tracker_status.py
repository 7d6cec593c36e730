"""What a tracker's message says, and what is no evidence."""

import pytest

from qbitrr.qbittorrent.models import Tracker
from qbitrr.qbittorrent.tracker_status import (
    TrackerStatus,
    is_connection_error,
    is_dead,
    is_private,
    tracker_status,
)

DEFAULT_LIST = (
    "skipping tracker announce (unreachable)",
    "No such host is known",
    "unsupported URL protocol",
    "info hash is not authorized with this tracker",
)
OF_THE_WAY = [
    "skipping tracker announce (unreachable)",
    "No such host is known",
    "No such host is known.",
    "Host not found (authoritative)",
    "unsupported URL protocol",
    "Connection refused",
    "Connection timed out",
    "timed out",
    "Connection reset by peer",
    "End of file.",
    "stream truncated",
    "certificate verify failed",
    "SSL handshake failed",
    "Bad Gateway",
    "502 Bad Gateway",
    "404 Not Found",
    "Service Unavailable",
    "Operation canceled",
    "Temporary failure in name resolution",
    "network unreachable",
    "tracker is down for maintenance",
    "invalid response: expected value (list, dict, int or string) in bencoded string",
]


@pytest.mark.parametrize(
    "message",
    [
        "Unregistered torrent",
        "unregistered torrent.",
        "  Torrent not registered with this tracker. ",
        "Torrent Not Found",
        "Requested download is not authorized for use with this tracker.",
    ],
)
@pytest.mark.parametrize("status", [4, 5])
def test_a_tracker_that_does_not_know_the_torrent_says_so(message, status):
    assert tracker_status(status, message) is TrackerStatus.UNREGISTERED
    assert is_dead(status, message, ())


@pytest.mark.parametrize("message", OF_THE_WAY)
def test_what_is_about_the_way_is_never_evidence_listed_or_not(message):
    assert is_connection_error(message)
    assert tracker_status(4, message) is TrackerStatus.NOTHING
    assert not is_dead(4, message, (*DEFAULT_LIST, message))


@pytest.mark.parametrize(
    "message",
    ["", "unregistered torrent pass", "passkey is unregistered torrent", "not found", "Your ratio is too low"],
)
def test_the_words_count_only_as_a_whole(message):
    assert tracker_status(4, message) is TrackerStatus.NOTHING
    assert not is_dead(4, message, DEFAULT_LIST)


@pytest.mark.parametrize("status", [0, 1, 2, 3, 6])
def test_only_a_refusal_is_one(status):
    assert tracker_status(status, "Unregistered torrent") is not TrackerStatus.UNREGISTERED
    assert not is_dead(status, "Unregistered torrent", ("unregistered",))


def test_a_listed_part_marks_a_tracker_as_dead():
    assert is_dead(4, "Trump: replaced by another release", ("TRUMP",))
    assert not is_dead(4, "Trump: replaced", ("", " "))
    assert tracker_status(4, "Trump: replaced by another release") is TrackerStatus.NOTHING
    assert tracker_status(2, "") is TrackerStatus.WORKS


@pytest.mark.parametrize(
    ("rows", "private"),
    [
        ([Tracker("** [DHT] **", msg="This torrent is private"), Tracker("https://a.example", 2)], True),
        ([Tracker("** [DHT] **", 2), Tracker("https://a.example", 4, "This torrent is private")], False),
        ([Tracker("https://a.example", 2)], None),
        ([], None),
    ],
)
def test_the_row_of_the_dht_says_whether_a_torrent_is_private(rows, private):
    assert is_private(rows) is private
