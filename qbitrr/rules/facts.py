"""Facts about torrents, queue records and items, as the rules know them; made by `qbittorrent` and `arr`.

Times are epoch seconds, durations seconds, sizes bytes, rates bytes per second.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace


class TorrentKey(NamedTuple):
    """Identity of a torrent. The same infohash on two instances of qBittorrent is two torrents."""

    instance: str
    infohash: str


class SeedingFacts(Struct, frozen=True, gc=False):
    """Seeding of a torrent so far, as its qBittorrent reports it.

    `ratio` is `inf` when qBittorrent shows it as infinite. `own_ratio_limit` and `own_seconds_limit` are the share
    limits that were set on this torrent: 0 or less for none, `inf` where the user chose no limit. Rate limits are 0 for
    none.
    """

    complete: bool
    progress: float
    ratio: float
    seconds: float
    own_ratio_limit: float = -1.0
    own_seconds_limit: float = -1.0
    download_limit: int = 0
    upload_limit: int = 0
    super_seeding: bool = False
    forced: bool = False
    counting: bool = False
    """Its seeding time grows now."""

    def seen_for(self, seconds: float) -> SeedingFacts:
        """The same with at least this seeding time, which was observed; what qBittorrent reports may be old."""
        return self if seconds <= self.seconds else replace(self, seconds=seconds)


class TorrentFacts(Struct, frozen=True, gc=False):
    """One torrent as its qBittorrent describes it.

    `availability` is the number of distributed copies, `speed` that of its download (bytes per second); both are
    negative when they are not known. `tracker` is the announce URL that works at present, empty when none does.
    """

    key: TorrentKey
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
    save_path: str = ""
    eta_seconds: int = 0
    availability: float = -1.0
    speed: int = -1
    tracker: str = ""
    seeding: SeedingFacts = SeedingFacts(complete=False, progress=0.0, ratio=0.0, seconds=0.0)
    private: bool | None = None
    """None while it is not known."""

    @property
    def instance(self) -> str:
        """The qBittorrent that has it."""
        return self.key.instance

    @property
    def infohash(self) -> str:
        """Its infohash."""
        return self.key.infohash

    @property
    def complete(self) -> bool:
        """Whether every selected file was downloaded and checked."""
        return self.completed_at is not None and self.left_bytes == 0 and self.size_bytes > 0


class Refusal(Struct, frozen=True, gc=False):
    """What the Arr has against a file. `subject` is its name without a folder, or that of the torrent for all of it."""

    subject: str
    texts: tuple[str, ...]


class QueueFacts(Struct, frozen=True, gc=False):
    """The Arr's queue records of one download; a season pack has one for each episode."""

    record_ids: tuple[int, ...]
    item_ids: tuple[int, ...]
    tracked_state: str
    refusals: tuple[Refusal, ...] = ()
    status: str = ""
    """State of the download according to the Arr: `completed`, `downloading`, `warning`, …"""
    added_at: float | None = None
    """When the newest of its records was added."""
    output_path: str = ""
    """Where the Arr sees the data, its remote path mappings applied; empty until it has seen it complete."""
    tracked_status: str = ""
    """`ok`, `warning` or `error`: whether something stands in the way of its import."""
    error_message: str = ""
    """What the Arr's download client said of it when the Arr polled it last."""

    @property
    def messages(self) -> tuple[str, ...]:
        """What stands in the way of its import, each text once."""
        return tuple(dict.fromkeys(text for refusal in self.refusals for text in refusal.texts))


class ItemScores(Struct, frozen=True, gc=False):
    """Custom format scores of a movie or episode: that of its present file, and the minimum of its profile."""

    of_file: int | None
    minimum: int | None
