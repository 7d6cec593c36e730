"""Everything known about the surroundings of one torrent when it is judged."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields

from msgspec import Struct

from qbitrr.rules.adjustment import NONE, Adjustment
from qbitrr.rules.facts import ItemScores, QueueFacts  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.history import NOTHING_DONE, History
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.imports import QueueReading, read_queue
from qbitrr.rules.seed_value import RoomChoice  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.seeding import EffectiveLimits
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import NOT_SEEN, Elapsed
from qbitrr.rules.stuck_imports import ImportAnswer  # noqa: TC001 - msgspec resolves the types of fields


class RuleContext(Struct, frozen=True, gc=False):
    """Queue, strikes, history and seeding of one torrent. `queue_known` is false unless the Arr answered in full."""

    queue_known: bool
    queue: QueueFacts | None = None
    standstill: str = ""
    """Why its client proves nothing about downloads now, as a clause; empty when it does."""
    trackers_out_of_reach: bool = False
    """It depends on its trackers, and none of them is known to be in reach."""
    unregistered: bool = False
    """It is proven that none of its trackers knows it any more."""
    suspected_superseded: bool = False
    """The Arr's history suggests that nothing of it is in the library any more; the Arr was not asked yet."""
    room: RoomChoice | None = None
    """It is the one to go now for the space of a download; None for all others."""
    private: bool | None = None
    """None while that is not known."""
    elsewhere: bool = False
    """Another qBittorrent holds the same torrent in this category."""
    stalled: Elapsed = NOT_SEEN
    slow: Elapsed = NOT_SEEN
    below_speed: Elapsed = NOT_SEEN
    unavailable: Elapsed = NOT_SEEN
    refused: Elapsed = NOT_SEEN
    client_speed: ClientSpeed = ClientSpeed()
    scores: tuple[ItemScores, ...] = ()
    """One for each item of the download; empty when they are not known or not needed."""
    grabbed_score: int | None = None
    """The custom format score that the Arr gave the release when it grabbed it; None when it is not known."""
    answers: Mapping[str, bool] = {}
    """What the user answered for good about its tracker, by rule: whether the rule may act."""
    import_answer: ImportAnswer | None = None
    """What the user answered about this download, which the Arr did not import."""
    failed_grabs: int = 0
    """How many downloads of the same item failed within a day; in a pack, of the item with the most."""
    content_is_there: bool = False
    """Its content path was found on this machine. False also when that is not known."""
    history: History = NOTHING_DONE
    seeding_seconds: float = 0.0
    """Observed seeding time; what its client reports may be old."""
    limits: EffectiveLimits | None = EffectiveLimits()
    """What governs its seeding; None while its trackers are not known and make a difference."""
    clearance: Clearance = Clearance(True, "no tracker asks for a minimum")
    """Whether its trackers allow its deletion."""
    adjustment: Adjustment = NONE
    """What has to be changed about its limits, tags and trackers."""

    @property
    def reading(self) -> QueueReading:
        """What the Arr's queue says of it. An import that failed was preceded by a poll of the clients."""
        return read_queue(self.queue, polled=self.history.imports.failed_at is not None)
