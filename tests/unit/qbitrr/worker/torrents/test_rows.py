"""Torrents as the supervisor shows them."""

import math

from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.worker.torrents.rows import row
from tests import factories


def test_of_a_tracker_only_the_host_is_said():
    torrent = factories.torrent(tracker="https://tracker.example:443/announce/0123456789abcdef")
    assert row(torrent).tracker == "tracker.example"
    assert row(factories.torrent(tracker="")).tracker == ""


def test_an_infinite_ratio_is_negative():
    torrent = factories.torrent()
    infinite = replace(torrent, seeding=replace(torrent.seeding, ratio=math.inf))
    assert row(infinite).ratio == -1.0


def test_two_hundred_rows_fit_into_a_message():
    torrent = factories.torrent(name="n" * 250, tags=frozenset(f"tag-{number:040}" for number in range(50)))
    assert len(ipc.encode(ipc.TorrentRows(1, (row(torrent),) * 200))) <= ipc.LONGEST_MESSAGE_BYTES
