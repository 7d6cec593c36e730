"""The download client: torrents, categories, tags. Deleting takes a moment, as in the real one."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from qbitrr.sandbox.life.client_item import ClientAwayError, ClientFile, ClientItem
from qbitrr.sandbox.life.tempo import Tempo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qbitrr.sandbox.life.torrent import Torrent

DELETE_SECONDS = 1.0
CHECK_SECONDS = 4.0
DISK_BYTES = 4_000_000_000_000


class DownloadClient:
    """Torrents by infohash, in lower case.

    `connection_status` (connected, firewalled, disconnected), `free_bytes` and `alternative_speed` (whether the
    alternative speed limits are on) are what it says of itself. While `is_away` the Arrs cannot reach it.
    """

    def __init__(self, now: float, downloads: str, tempo: Tempo | None = None) -> None:
        self.now = now
        self.downloads = downloads
        self.tempo = tempo or Tempo()
        self.torrents: dict[str, Torrent] = {}
        self.buried: dict[str, Torrent] = {}
        """Torrents that were deleted, for when one is added again."""
        self.categories: dict[str, str] = {}
        self.tags: set[str] = set()
        self.connection_status = "connected"
        self.alternative_speed = False
        self.is_away = False
        self.disk_bytes = DISK_BYTES
        self.queueing = False
        self._queue: list[str] = []

    @property
    def free_bytes(self) -> int:
        """What is left of the disk, on which torrents that were deleted without their files have them still."""
        left = (t for t in self.buried.values() if not t.gone_with_files and t.infohash not in self.torrents)
        return int(self.disk_bytes - sum(t.selected_size * t.progress for t in (*self.torrents.values(), *left)))

    def advance(self, now: float) -> None:
        """Let time pass until `now`."""
        self.now = now
        for torrent in self.torrents.values():
            torrent.develop(now, self.tempo.speed)
        gone = [t.infohash for t in self.torrents.values() if t.gone_at is not None and t.gone_at <= now]
        for infohash in gone:
            self.buried[infohash] = self.torrents.pop(infohash)

    def get(self, infohash: str) -> Torrent | None:
        """The torrent, when it is there."""
        return self.torrents.get(infohash)

    # --- as an Arr uses it ---

    def items(self, category: str) -> list[ClientItem]:
        """The torrents of a category. Raises ClientAwayError."""
        if self.is_away:
            raise ClientAwayError
        return [_item(torrent) for torrent in self.torrents.values() if torrent.category == category]

    def mark(self) -> int:
        """Any moment is as good as another."""
        return 0

    def is_read_since(self, _mark: int) -> bool:
        """Nothing has to be read."""
        return True

    def on_disk(self) -> list[ClientItem]:
        """All torrents, for their files."""
        return [_item(torrent) for torrent in self.torrents.values()]

    def remove(self, infohash: str) -> None:
        """Delete a torrent with its files."""
        self.delete([infohash], with_files=True)

    def set_category(self, infohash: str, category: str) -> None:
        """Put a torrent into a category, which is created as needed."""
        for torrent in self.known([infohash]):
            self.categories.setdefault(category, self.save_path(category))
            torrent.category = category

    def move_away(self, infohash: str) -> None:
        """A torrent's files go without the client's knowledge: it goes on with the torrent."""
        for torrent in self.known([infohash]):
            torrent.moved_away = True

    # --- as its user and others use it ---

    def add(self, torrent: Torrent) -> None:
        """Add a new torrent, creating its category."""
        self.categories.setdefault(torrent.category, self.save_path(torrent.category))
        self.tags |= torrent.tags
        self.torrents[torrent.infohash] = torrent
        torrent.develop(self.now, self.tempo.speed)

    def add_again(self, infohash: str, save_path: str, category: str, tags: Iterable[str]) -> bool:
        """Add a torrent that was deleted, as by its .torrent file; False when it is there or was never known."""
        torrent = self.buried.pop(infohash, None)
        if torrent is None or infohash in self.torrents:
            return False
        if torrent.gone_with_files:
            torrent.progress, torrent.completion_on, torrent.moved_away = 0.0, None, False
        torrent.gone_at, torrent.stopped, torrent.added_on, torrent.clock = None, False, self.now, self.now
        torrent.save_path, torrent.category, torrent.tags = save_path, category, set(tags)
        self.add(torrent)
        return True

    def save_path(self, category: str) -> str:
        """Where the torrents of a category go."""
        return self.categories.get(category) or f"{self.downloads}/{category}".rstrip("/")

    def delete(self, infohashes: Iterable[str], *, with_files: bool) -> None:
        """Remove torrents a moment later."""
        for torrent in self.known(infohashes):
            if torrent.gone_at is None:
                torrent.gone_with_files = with_files
                torrent.gone_at = self.now + self.tempo.seconds(DELETE_SECONDS)

    def free(self, infohash: str) -> None:
        """The files that a deleted torrent left behind are gone."""
        if infohash in self.buried:
            self.buried[infohash].gone_with_files = True

    def lose_data(self, infohash: str) -> None:
        """A torrent's files are gone, and the client notices."""
        for torrent in self.known([infohash]):
            torrent.data_lost = True
            torrent.download_rate = torrent.upload_rate = 0.0

    def stop(self, infohashes: Iterable[str]) -> None:
        """Stop torrents."""
        for torrent in self.known(infohashes):
            torrent.stopped = True
            torrent.download_rate = torrent.upload_rate = 0.0

    def start(self, infohashes: Iterable[str]) -> None:
        """Start stopped torrents."""
        for torrent in self.known(infohashes):
            torrent.stopped = False

    def recheck(self, infohashes: Iterable[str]) -> None:
        """Have torrents read all their data again."""
        for torrent in self.known(infohashes):
            torrent.recheck(self.now, self.tempo.seconds(CHECK_SECONDS))

    def add_tags(self, infohashes: Iterable[str], tags: Iterable[str]) -> None:
        """Tag torrents; tags are created as needed."""
        added = set(tags)
        self.tags |= added
        for torrent in self.known(infohashes):
            torrent.tags |= added

    def remove_tags(self, infohashes: Iterable[str], tags: Iterable[str]) -> None:
        """Remove tags from torrents; no tags means all."""
        unwanted = set(tags)
        for torrent in self.known(infohashes):
            torrent.tags = torrent.tags - unwanted if unwanted else set()

    def queue(self) -> list[str]:
        """The infohashes of all incomplete torrents in the order of the queue; none while there is no queue."""
        if not self.queueing:
            return []
        waiting = [infohash for infohash, torrent in self.torrents.items() if not torrent.complete]
        self._queue = [infohash for infohash in self._queue if infohash in waiting]
        self._queue += [infohash for infohash in waiting if infohash not in self._queue]
        return self._queue

    def to_the_top(self, infohashes: Iterable[str]) -> None:
        """Move torrents to the top of the queue; they keep their order."""
        moved = {torrent.infohash for torrent in self.known(infohashes)}
        self._queue = sorted(self.queue(), key=lambda infohash: infohash not in moved)

    def known(self, infohashes: Iterable[str]) -> Iterator[Torrent]:
        """Those of the named torrents that are there."""
        return (torrent for infohash in infohashes if (torrent := self.torrents.get(infohash.lower())))


def _item(torrent: Torrent) -> ClientItem:
    is_known = torrent.has_metadata
    files = (
        ClientFile(posixpath.join(torrent.save_path, file.path), file.size, file.playable)
        for file in torrent.files
        if file.priority and torrent.progress > 0
    )
    return ClientItem(
        infohash=torrent.infohash,
        name=torrent.name,
        category=torrent.category,
        save_path=torrent.save_path,
        content_path=torrent.content_path,
        state=torrent.state,
        size=torrent.selected_size if is_known else 0,
        left=int(torrent.selected_size * (1 - torrent.progress)) if is_known else 0,
        seconds_left=float(torrent.eta_seconds) if torrent.download_rate else None,
        at_limit=torrent.is_at_limit,
        files=() if torrent.data_lost or torrent.moved_away else tuple(files),
    )
