"""A torrent that downloads, one that is complete, and ordinary context; a test changes what it is about."""

from msgspec.structs import replace

from qbitrr.rules import torrents
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import QueueFacts, TorrentFacts
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.policy import Policy
from qbitrr.rules.strikes import Elapsed
from qbitrr.rules.verdict import Action

NOW = 1_700_000_000.0
LONG = 10.0**6
SEEN_LONG = Elapsed(LONG, 1000)
POLICY = Policy(ignore_younger_than_seconds=180, stalled_delay_seconds=900)
QUEUE = QueueFacts(record_ids=(7,), item_ids=(1,), tracked_state="downloading", messages=())
CONTEXT = RuleContext(queue_known=True, queue=QUEUE, stalled=SEEN_LONG, slow=SEEN_LONG, unavailable=SEEN_LONG)
DOWNLOADING = TorrentFacts(
    instance="qBit",
    infohash="a" * 40,
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
)
COMPLETE = replace(DOWNLOADING, state="uploading", progress=1.0, left_bytes=0, completed_at=NOW - 0.1)
HOPELESS = replace(DOWNLOADING, state="stalledDL", last_activity_at=NOW - 99999)


def verdict(torrent=DOWNLOADING, context=CONTEXT, policy=POLICY, **changes):
    return torrents.judge(replace(torrent, **changes), context, policy, NOW)


def context(**changes):
    return replace(CONTEXT, **changes)


def queue(**changes):
    return context(queue=replace(QUEUE, **changes))


def past(**changes):
    return context(history=History(**changes))


def imports(**changes):
    return past(imports=ImportFacts(**changes))


def policy(**changes):
    return replace(POLICY, **changes)


def told(found):
    """What was decided, by which rule."""
    return found.action, found.last.rule


def left_alone_by(rule):
    return Action.NOTHING, rule


def fails_by(rule):
    return Action.FAIL, rule
