"""What is known when a torrent is judged. Times are epoch seconds, durations seconds, sizes bytes."""

from __future__ import annotations

from msgspec import Struct

TAG_IGNORED = "qBitrr-ignored"
TAG_IMPORTED = "qBitrr-imported"
TAG_STALLED = "qBitrr-allowed_stalled"


class TorrentFacts(Struct, frozen=True, gc=False):
    """One torrent as its qBittorrent describes it. The same infohash on two instances is two torrents."""

    instance: str
    infohash: str
    name: str
    category: str
    tags: frozenset[str]
    state: str
    progress: float
    left_bytes: int
    size_bytes: int
    added_at: float
    completed_at: float | None
    last_activity_at: float
    content_path: str

    @property
    def ignored(self) -> bool:
        """The user wants it left alone."""
        return TAG_IGNORED in self.tags

    @property
    def complete(self) -> bool:
        """Everything that is wanted of it has been downloaded and checked."""
        return self.completed_at is not None and self.left_bytes == 0 and self.size_bytes > 0


class QueueFacts(Struct, frozen=True, gc=False):
    """The Arr's queue records of one download; a season pack has one for each episode."""

    record_ids: tuple[int, ...]
    item_ids: tuple[int, ...]
    tracked_state: str
    messages: tuple[str, ...]
    output_path: str = ""
    """Where the Arr sees the data, its remote path mappings applied; empty when it does not say."""


class ImportFacts(Struct, frozen=True, gc=False):
    """What the ledger knows of importing this torrent."""

    imported: bool = False
    failures: int = 0
    failed_at: float | None = None
    looks: int = 0
    looked_at: float | None = None
    """How often and when the Arr was asked about a download that it does not list."""


NOT_TRIED = ImportFacts()


class Surroundings(Struct, frozen=True, gc=False):
    """What is known around a torrent. `queue_known` is false when the Arr did not answer in full."""

    client_connected: bool
    queue_known: bool
    queue: QueueFacts | None = None
    elsewhere: bool = False
    """Another qBittorrent holds the same torrent in this category."""
    inactive_seconds: float = 0.0
    """For how long this worker has seen it stalled or without metadata, in a client that answered and was online."""
    imports: ImportFacts = NOT_TRIED


class Policy(Struct, frozen=True, gc=False):
    """The configuration that governs torrents of one category."""

    ignore_younger_than_seconds: int
    stalled_delay_seconds: int
    """-1: stalled torrents stay for ever; 0: they are only tagged."""
    tagless: bool = False
