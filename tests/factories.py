"""Facts built by hand: an ordinary download and what is known and decided about it. A test names what it is about."""

from msgspec.structs import replace

from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import QueueFacts, Refusal, SeedingFacts, TorrentFacts, TorrentKey
from qbitrr.rules.policy import Policy
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import Elapsed
from qbitrr.rules.verdict import Decision

NOW = 1_700_000_000.0
LONG = 10.0**6
SEEN_LONG = Elapsed(LONG, 1000)
UNLIMITED = ClientSpeed(alternative=False, limit=0, total=10**6)

_TORRENT = TorrentFacts(
    key=TorrentKey("qBit", "a" * 40),
    name="Some.Release",
    category="movies",
    tags=frozenset(),
    state="downloading",
    progress=0.5,
    left_bytes=500,
    size_bytes=1000,
    added_at=NOW - 86400,
    completed_at=None,
    last_activity_at=NOW - 1,
    content_path="/downloads/Some.Release",
    private=False,
)
_QUEUE = QueueFacts(record_ids=(7,), item_ids=(1,), tracked_state="downloading")
_SEEDING = SeedingFacts(complete=True, progress=1.0, ratio=0.0, seconds=0.0, counting=True)
_POLICY = Policy(ignore_younger_than_seconds=180, stalled_delay_seconds=900)
_CONTEXT = RuleContext(
    queue_known=True,
    queue=_QUEUE,
    stalled=SEEN_LONG,
    slow=SEEN_LONG,
    below_speed=SEEN_LONG,
    unavailable=SEEN_LONG,
    client_speed=UNLIMITED,
)


_DECISION = Decision(
    category="movies",
    key=TorrentKey("qBit", "a" * 40),
    name="Some.Release",
    added_at=1.0,
    action="fail",
    rule="stalled",
    because="no peers",
    facts={"strikes": 3},
)


def torrent(**changes):
    """A download that gets on. `instance` and `infohash` change its key."""
    key = {field: changes.pop(field) for field in TorrentKey._fields if field in changes}
    return replace(_TORRENT, **{"key": _TORRENT.key._replace(**key), **changes})


def completed(**changes):
    """A torrent that was completed just now."""
    return torrent(**{"state": "uploading", "progress": 1.0, "left_bytes": 0, "completed_at": NOW - 0.1, **changes})


def stalled(**changes):
    """A download without activity for more than a day."""
    return torrent(**{"state": "stalledDL", "last_activity_at": NOW - 99999, **changes})


def seeding(**changes):
    """Seeding that has just begun."""
    return replace(_SEEDING, **changes)


def queue(**changes):
    """The download in the queue of its Arr; `messages` are about all of it."""
    if messages := changes.pop("messages", None):
        changes["refusals"] = (Refusal("Some.Release", tuple(messages)),)
    return replace(_QUEUE, **changes)


def policy(**changes):
    """A stalled download fails after a quarter of an hour."""
    return replace(_POLICY, **changes)


def context(**changes):
    """The Arr lists the download, and it was in every trouble for long."""
    return replace(_CONTEXT, **changes)


def decision(**changes):
    """A decision to fail a stalled download."""
    return replace(_DECISION, **changes)
