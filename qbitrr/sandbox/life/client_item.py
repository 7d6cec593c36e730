"""What an Arr reads of a torrent of its download client, and what it does to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class ClientAwayError(Exception):
    """The download client does not answer."""


class ClientFile(NamedTuple):
    """A file of a torrent that is on the disk, by its path as the client sees it; size in bytes.

    `playable` is false for a video or audio file that is none.
    """

    path: str
    size: int
    playable: bool = True


class ClientItem(Struct, frozen=True):
    """A torrent at one moment.

    `infohash` is in lower case, `state` qBittorrent's name for it, sizes are bytes of what is selected, `seconds_left`
    None when unknown. `at_limit`: it is stopped and has reached its share limit. `files` are those on the disk.
    """

    infohash: str
    name: str
    category: str
    save_path: str
    content_path: str
    state: str
    size: int
    left: int
    seconds_left: float | None = None
    at_limit: bool = False
    files: tuple[ClientFile, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to download, and the client is content with it."""
        return self.state in ("uploading", "stalledUP", "stoppedUP", "pausedUP", "queuedUP", "forcedUP")


class Client(Protocol):
    """A download client as an Arr uses it."""

    def items(self, category: str) -> Iterable[ClientItem]:
        """The torrents of a category. Raises ClientAwayError."""
        ...

    def mark(self) -> int:
        """A mark of the present, for `is_read_since`."""
        ...

    def is_read_since(self, mark: int) -> bool:
        """Whether its torrents are known as of this mark or later."""
        ...

    def on_disk(self) -> Iterable[ClientItem]:
        """All torrents, also while it does not answer: its files stay where they are."""
        ...

    def remove(self, infohash: str) -> None:
        """Delete a torrent with its files."""
        ...

    def set_category(self, infohash: str, category: str) -> None:
        """Put a torrent into another category."""
        ...

    def move_away(self, infohash: str) -> None:
        """Remove a torrent's files from the disk without the client's knowledge."""
        ...
