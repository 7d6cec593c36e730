"""An Arr of the sandbox whose download client is a real qBittorrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.sandbox.life.searching import release_named
from qbitrr.sandbox.services.real_client import RealClient

if TYPE_CHECKING:
    from qbitrr.sandbox.life.arr import Arr
    from tests.support.qbittorrent import QbittorrentNox


def real(instance: QbittorrentNox) -> RealClient:
    """The client for `Arr.connect`, once it is entered."""
    return RealClient(instance.url, instance.username, instance.password)


def grabbed(arr: Arr, item_id: int, title: str, infohash: str) -> None:
    """Have the Arr know a torrent, which a test adds, as its own grab for an item that its library lacks."""
    for item in arr.collection.existing([item_id], arr.now):
        item.file = None
    arr.note_grab([item_id], release_named(arr.kind, title, infohash))
