"""Reads of single torrents, of which those that come together are one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import UnexpectedAnswerError
from qbitrr.worker.torrents.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.qbittorrent.models import Torrent


class TorrentReads:
    """Reads torrents of one qBittorrent as they are from now on.

    What is asked for while a request is under way is asked for together after it: as many torrents as there are
    callers, at most.
    """

    def __init__(self, client: QbittorrentClient, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._asked: set[str] = set()
        self._together = Shared(self._read, monotonic)

    async def __call__(self, infohash: str) -> Torrent | None:
        """Read a torrent; None when there is none. Raises a ServiceError."""
        self._asked.add(infohash)
        try:
            torrents = await self._together()
        except UnexpectedAnswerError:  # what is wrong with the row of another torrent is its own
            return (await self._client.torrents([infohash])).get(infohash)
        return torrents[infohash]  # one that was not asked for is not gone

    async def _read(self) -> dict[str, Torrent | None]:
        asked, self._asked = self._asked, set()
        torrents = await self._client.torrents(sorted(asked))
        return {infohash: torrents.get(infohash) for infohash in asked}

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._together.close()
