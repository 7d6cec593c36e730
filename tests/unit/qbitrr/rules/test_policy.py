import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.model import TrackerRow
from tests.factories import policy, torrent


def row(uri, priority, seconds):
    return TrackerRow(uri=uri, priority=priority, maximum_eta_seconds=seconds)


BY = policy(
    maximum_eta_seconds=60,
    eta_rows={
        "qBit": (
            row("http://[2001:db8::1]/", 0, 400),
            row("https://late.vip.tracker.example", 1, 100),
            row("tracker.example", 2, 200),
            row("vip.tracker.example:80", 3, 300),
        )
    },
)


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("https://tracker.example/announce?passkey=0123", 200),
        ("https://tracker.example", 200),
        ("http://TRACKER.Example:2710/announce", 200),
        ("udp://sub.tracker.example:6969/announce", 200),
        ("wss://user:word@tracker.example/", 200),
        ("https://vip.tracker.example/announce", 300),
        # the highest priority counts, however well another row fits
        ("https://late.vip.tracker.example/announce", 300),
        ("http://[2001:db8::1]:80/announce", 400),
        ("https://mytracker.example/announce", 60),
        ("https://tracker.example.org/announce", 60),
        ("https://example/announce", 60),
        ("https://other.example/?tracker.example", 60),
        ("tracker.example", 200),
        ("** [PeX] **", 60),
        ("http://[broken/announce", 60),
        ("", 60),
    ],
)
def test_of_the_rows_that_match_the_host_the_highest_priority_counts(url, seconds):
    assert BY.maximum_eta_for(torrent(tracker=url)) == seconds


@given(st.text())
def test_no_announce_url_is_too_strange(url):
    assert BY.maximum_eta_for(torrent(tracker=url)) in {60, 100, 200, 300, 400}
