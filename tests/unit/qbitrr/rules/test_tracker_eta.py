import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.facts import TrackerEta
from qbitrr.rules.tracker_eta import maximum_eta_seconds
from tests.unit.qbitrr.rules.torrents.scenes import policy

BY = policy(
    maximum_eta_seconds=60,
    tracker_etas=(
        TrackerEta("vip.tracker.example", 300),
        TrackerEta("tracker.example", 200),
        TrackerEta("late.vip.tracker.example", 100),
        TrackerEta("2001:db8::1", 400),
    ),
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
        # the first row counts, however well a later one fits
        ("https://late.vip.tracker.example/announce", 300),
        ("http://[2001:db8::1]:80/announce", 400),
        ("https://mytracker.example/announce", 60),
        ("https://tracker.example.org/announce", 60),
        ("https://example/announce", 60),
        ("https://other.example/?tracker.example", 60),
        ("tracker.example", 60),
        ("** [PeX] **", 60),
        ("http://[broken/announce", 60),
        ("", 60),
    ],
)
def test_the_first_row_that_fits_the_host_counts(url, seconds):
    assert maximum_eta_seconds(url, BY) == seconds


@given(st.text())
def test_no_announce_url_is_too_strange(url):
    assert maximum_eta_seconds(url, BY) in {60, 100, 200, 300, 400}
