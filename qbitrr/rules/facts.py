"""What is known when a torrent is judged. Times are epoch seconds, durations seconds, sizes bytes."""

from __future__ import annotations

from msgspec import Struct

from qbitrr.rules.adjustment import NONE, Adjustment
from qbitrr.rules.files import Selection  # noqa: TC001 - msgspec looks at the types of fields
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.seeding import EffectiveLimits, SeedingFacts
from qbitrr.rules.strikes import NOT_SEEN, Elapsed

TAG_IGNORED = "qBitrr-ignored"
TAG_IMPORTED = "qBitrr-imported"
TAG_STALLED = "qBitrr-allowed_stalled"
TAG_QUARANTINE = "qBitrr-quarantine"


class TorrentFacts(Struct, frozen=True, gc=False):
    """One torrent as its qBittorrent describes it. The same infohash on two instances is two torrents.

    `availability` is the number of distributed copies, negative when qBittorrent does not tell. `tracker` is the
    announce URL that works at present, empty when none does.
    """

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
    save_path: str = ""
    eta_seconds: int = 0
    availability: float = -1.0
    tracker: str = ""
    seeding: SeedingFacts = SeedingFacts(complete=False, progress=0.0, ratio=0.0, seconds=0.0)
    private: bool | None = None
    """None while it is not known."""

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
    status: str = ""
    """`completed`, `downloading`, `warning`, …: what the Arr says of the download."""
    added_at: float | None = None
    """When the Arr began to list the newest of its records."""
    custom_format_score: int | None = None
    output_path: str = ""
    """Where the Arr sees the data, its remote path mappings applied; empty when it does not say."""
    tracked_status: str = ""
    """`ok`, `warning` or `error`: whether something stands in the way of its import."""
    error_message: str = ""
    """What the Arr's download client said of it, at the Arr's last look."""


class ItemScores(Struct, frozen=True, gc=False):
    """Custom format scores of a movie or episode: of the file it has, and the least that its profile accepts."""

    of_file: int | None
    minimum: int | None


class ImportFacts(Struct, frozen=True, gc=False):
    """What the ledger knows of importing this torrent."""

    imported: bool = False
    failures: int = 0
    failed_at: float | None = None
    looks: int = 0
    looked_at: float | None = None
    """How often and when the Arr was asked about a download that it does not list."""


class History(Struct, frozen=True, gc=False):
    """What was done to this torrent, from the ledger, and what was found out about it since the worker started."""

    imports: ImportFacts = ImportFacts()
    rechecks: int = 0
    rechecked_at: float | None = None
    acted_at: float | None = None
    """When qbitrr last changed something that takes time to show."""
    searched_again: bool = False
    """Its release was blocklisted and its item searched again while it stayed (`ReSearchStalled`)."""
    discarded_at: float | None = None
    """When a person decided that its removal is not to be."""
    unplayable: str = ""
    """What ffprobe said of a file of it that cannot be played."""
    adjusted: Adjustment | None = None
    adjusted_at: float | None = None
    """What was last changed about its limits, tags and trackers, and when."""
    selection: Selection | None = None
    """What its file list says; None before anybody looked."""


NOTHING_DONE = History()


class RuleContext(Struct, frozen=True, gc=False):
    """What is known around a torrent. `queue_known` is false when the Arr did not answer in full."""

    queue_known: bool
    queue: QueueFacts | None = None
    standstill: str = ""
    """Why nothing says anything about a download now, as a clause; empty when all is well."""
    elsewhere: bool = False
    """Another qBittorrent holds the same torrent in this category."""
    stalled: Elapsed = NOT_SEEN
    slow: Elapsed = NOT_SEEN
    unavailable: Elapsed = NOT_SEEN
    scores: tuple[ItemScores, ...] = ()
    """One for each item of the download; empty when they are not known or not asked for."""
    failed_grabs: int = 0
    """How many downloads of the same item failed within a day; of the worst item in a pack."""
    content_is_there: bool = False
    """Its content path was seen from here. False also when that is not known."""
    history: History = NOTHING_DONE
    seeding_seconds: float = 0.0
    """For how long it was seen to seed; what its client tells of that may be old."""
    limits: EffectiveLimits | None = EffectiveLimits()
    """What governs its seeding; None while its trackers are not known and make a difference."""
    clearance: Clearance = Clearance(True, "no tracker asks for a minimum")
    """Whether something is owed to its trackers that keeps it from being deleted."""
    adjustment: Adjustment = NONE
    """What has to be changed about its limits, tags and trackers."""


class TrackerEta(Struct, frozen=True, gc=False):
    """`MaximumETA` of one tracker, by its host name; sub-domains match too."""

    host: str
    maximum_seconds: int


class Policy(Struct, frozen=True, gc=False):
    """The configuration that governs torrents of one category."""

    ignore_younger_than_seconds: int
    stalled_delay_seconds: int
    """-1: stalled torrents stay for ever; 0: they are only tagged."""
    failed_category: str = "failed"
    recheck_category: str = "recheck"
    protect_tags: frozenset[str] = frozenset()
    tagless: bool = False
    with_arr: bool = True
    """Whether the torrents belong to an Arr, which lists and imports them."""
    strikes: int = 1
    search_stalled_again: bool = False
    maximum_eta_seconds: int = -1
    tracker_etas: tuple[TrackerEta, ...] = ()
    keep_slow: bool = True
    maximum_deletable_progress: float = 0.99
    filters_files: bool = False
    auto_delete: bool = False
    error_messages: frozenset[str] = frozenset()
    enforces_custom_formats: bool = False
    forces_minimum_custom_format: bool = False
    most_failed_grabs: int = 0
    """0: no limit."""
