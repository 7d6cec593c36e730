"""The rules for torrents of an Arr category, in the order in which they are asked.

The first rule that does not pass decides. Each rule is a function of the facts, the policy and the time; its
docstring says which configuration keys govern it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.torrents import states
from qbitrr.torrents.facts import TAG_IMPORTED, TAG_STALLED
from qbitrr.torrents.verdict import Action, Outcome, Step, Verdict, acts, passes, stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.torrents.facts import Policy, Surroundings, TorrentFacts
    from qbitrr.torrents.verdict import Finding

    Rule = Callable[[TorrentFacts, Surroundings, Policy, float], Finding]

# After the n-th try the next one comes this much later: of an import that failed, and of asking an Arr about a
# finished download that it does not list.
RETRY_SECONDS = (300, 900, 3600, 21600)


def judge(torrent: TorrentFacts, around: Surroundings, policy: Policy, now: float) -> Verdict:
    """Ask the rules in order until one decides; `now` in epoch seconds."""
    trace: list[Step] = []
    for rule in RULES:
        finding = rule(torrent, around, policy, now)
        trace.append(Step(rule.__name__, finding))
        if finding.outcome is not Outcome.PASS:
            break
    return Verdict(tuple(trace))


def ignored_by_user(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """A torrent with the tag `qBitrr-ignored` is left alone."""
    if torrent.ignored:
        return stops("it has the tag qBitrr-ignored")
    return passes("it does not have the tag qBitrr-ignored")


def client_is_busy_with_it(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """While qBittorrent checks, moves or allocates a torrent nothing is done to it."""
    if torrent.state in states.BUSY:
        return stops("qBittorrent is checking, moving or allocating it", state=torrent.state)
    return passes("qBittorrent is not busy with it", state=torrent.state)


def files_are_missing(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """Missing files are never a reason to delete: a disk may be unmounted."""
    if torrent.state == states.MISSING_FILES:
        return stops("its files are missing, which is never a reason to delete", state=torrent.state)
    return passes("its files are there", state=torrent.state)


def in_error(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """A torrent in error, or in a state nobody knows, is left alone."""
    if torrent.state in (states.ERROR, "unknown"):
        return stops("qBittorrent reports an error", state=torrent.state)
    return passes("qBittorrent reports no error", state=torrent.state)


def imported(torrent: TorrentFacts, around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """What has been imported (tag `qBitrr-imported`, or the ledger) is not imported again, nor does it fail."""
    facts = {"tagged": TAG_IMPORTED in torrent.tags, "in_ledger": around.imports.imported}
    if any(facts.values()):
        return stops("it has been imported", **facts)
    return passes("it has not been imported", **facts)


def data_is_missing(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """What was complete once and is not any more has lost its data, as after a recheck without its disk."""
    facts: dict[str, Any] = {"completed_at": torrent.completed_at, "left_bytes": torrent.left_bytes}
    if torrent.completed_at is not None and torrent.left_bytes > 0:
        return stops("it was complete once, and its data is missing, which is never a reason to delete", **facts)
    return passes("it has not lost data", **facts)


def arr_queue_is_unknown(torrent: TorrentFacts, around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported only with the Arr's queue at hand."""
    if torrent.complete and not around.queue_known:
        return stops("it is complete, but the Arr's queue is not known")
    return passes("it is not complete, or the Arr's queue is known", complete=torrent.complete)


def not_in_queue(torrent: TorrentFacts, around: Surroundings, _policy: Policy, now: float) -> Finding:
    """A complete torrent that the Arr does not list may have been imported by the Arr itself: its history tells."""
    if not torrent.complete:
        return passes("it is not complete")
    if around.queue is not None and around.queue.tracked_state != "imported":
        return passes("the Arr lists the download", tracked_state=around.queue.tracked_state)
    looks, looked_at = around.imports.looks, around.imports.looked_at
    if looked_at is not None and now < looked_at + _retry_seconds(looks):
        because = "it is complete, but the Arr neither lists the download nor has imported it"
        return stops(because, looked_at + _retry_seconds(looks), looks=looks)
    return acts(Action.LOOK_FOR_IMPORT, "it is complete and not in the Arr's queue, which may have imported it")


def arr_has_it(torrent: TorrentFacts, around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """What the Arr is importing, or shows to a person, is the Arr's."""
    if not torrent.complete or around.queue is None:
        return passes("it is not complete")
    queue: dict[str, Any] = {
        "tracked_state": around.queue.tracked_state,
        "messages": list(around.queue.messages),
    }
    because = _IN_THE_ARRS_HANDS.get(around.queue.tracked_state)
    if because is not None:
        return stops(because, **queue)
    return passes("the Arr does nothing with it", **queue)


_FAILED = "the Arr counts the download as failed"
_IN_THE_ARRS_HANDS = {
    "importing": "the Arr is importing it",
    "importBlocked": "it is complete, but the Arr waits for a person to import it",
    "ignored": "the Arr was told to ignore the download",
    **dict.fromkeys(("failed", "failedPending", "downloadFailed", "downloadFailedPending"), _FAILED),
}


def import_failed_lately(torrent: TorrentFacts, around: Surroundings, _policy: Policy, now: float) -> Finding:
    """A failed import is tried again after 5 minutes, 15 minutes, an hour, then every 6 hours."""
    imports = around.imports
    if not torrent.complete or imports.failed_at is None:
        return passes("no import of it has failed")
    wait = _retry_seconds(imports.failures)
    facts = {"failures": imports.failures, "wait_seconds": wait}
    if now < imports.failed_at + wait:
        return stops("the last import failed and is tried again later", imports.failed_at + wait, **facts)
    return passes("the last import failed long enough ago", **facts)


def _retry_seconds(tries: int) -> int:
    return RETRY_SECONDS[min(max(tries, 1), len(RETRY_SECONDS)) - 1]


def finished(torrent: TorrentFacts, around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported at once (`importMode`), whatever its seeding limits."""
    if not torrent.complete or around.queue is None:
        return passes("it is not complete", left_bytes=torrent.left_bytes, progress=torrent.progress)
    return acts(
        Action.IMPORT,
        "it is complete and not imported",
        completed_at=torrent.completed_at,
        tracked_state=around.queue.tracked_state,
    )


def stopped_by_user(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """What is stopped stays stopped."""
    if torrent.state in states.STOPPED:
        return stops("it is stopped, and not by qbitrr", state=torrent.state)
    return passes("it is not stopped", state=torrent.state)


def queued_or_forced(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """A queued download waits for its turn; a forced one is somebody's decision."""
    if torrent.state == states.QUEUED or torrent.state in states.FORCED:
        return stops("it is queued or forced", state=torrent.state)
    return passes("it is neither queued nor forced", state=torrent.state)


def client_is_offline(_torrent: TorrentFacts, around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """While qBittorrent itself is disconnected nothing says anything about a torrent."""
    if not around.client_connected:
        return stops("qBittorrent has no connection to the internet")
    return passes("qBittorrent is connected")


def too_young(torrent: TorrentFacts, _around: Surroundings, policy: Policy, now: float) -> Finding:
    """`Torrent.IgnoreTorrentsYoungerThan`: a young torrent is given time."""
    facts = {
        "age_seconds": int(now - torrent.added_at),
        "IgnoreTorrentsYoungerThan_seconds": policy.ignore_younger_than_seconds,
    }
    old_at = torrent.added_at + policy.ignore_younger_than_seconds
    if now < old_at:
        return stops("it is younger than IgnoreTorrentsYoungerThan", revisit_at=old_at, **facts)
    return passes("it is old enough", **facts)


def stalling_is_allowed(torrent: TorrentFacts, _around: Surroundings, policy: Policy, _now: float) -> Finding:
    """`Torrent.StalledDelay`: at -1 stalled torrents stay, at 0 they stay with the tag `qBitrr-allowed_stalled`."""
    delay = policy.stalled_delay_seconds
    if torrent.state not in states.INACTIVE:
        return passes("it is not stalled", state=torrent.state)
    if delay < 0:
        return stops("it is stalled, but StalledDelay is -1", state=torrent.state)
    if delay > 0:
        return passes("StalledDelay is above 0", StalledDelay_seconds=delay)
    if TAG_STALLED in torrent.tags or policy.tagless:
        return stops("it is stalled; StalledDelay 0 removes nothing", state=torrent.state)
    return acts(Action.TAG_STALLED, "it is stalled; StalledDelay 0 only tags", state=torrent.state)


def stalled(torrent: TorrentFacts, around: Surroundings, policy: Policy, now: float) -> Finding:
    """`Torrent.StalledDelay` above 0: a download that long without activity has failed.

    Without metadata the time runs from when it was added, else from its last activity. In both cases only time
    counts in which the torrent was seen trying: not while it was stopped or queued, nor while its client was silent
    or offline.
    """
    if torrent.state not in states.INACTIVE:
        return passes("it is not stalled", state=torrent.state)
    without_metadata = torrent.state in states.METADATA
    since = torrent.added_at if without_metadata else max(torrent.last_activity_at, torrent.added_at)
    inactive = min(now - since, around.inactive_seconds)
    delay = policy.stalled_delay_seconds
    facts: dict[str, Any] = {
        "state": torrent.state,
        "seen_inactive_seconds": int(around.inactive_seconds),
        "without_activity_seconds": int(now - since),
        "StalledDelay_seconds": delay,
    }
    what = "it never got its metadata" if without_metadata else "it is stalled"
    if inactive < delay:
        return stops(f"{what}, but not for StalledDelay yet", now + delay - inactive, **facts)
    if not around.queue_known:
        return stops(f"{what} for StalledDelay, but the Arr's queue is not known", **facts)
    if around.queue is None:
        return stops(f"{what} for StalledDelay, but the Arr does not list the download", **facts)
    if around.elsewhere:
        return stops(f"{what} for StalledDelay, but another qBittorrent holds the same torrent", **facts)
    return acts(Action.FAIL, f"{what}, for longer than StalledDelay", **facts)


def under_way(torrent: TorrentFacts, _around: Surroundings, _policy: Policy, _now: float) -> Finding:
    """Nothing else applies."""
    return stops("it is under way", state=torrent.state, progress=torrent.progress)


RULES: tuple[Rule, ...] = (
    ignored_by_user,
    client_is_busy_with_it,
    files_are_missing,
    in_error,
    imported,
    data_is_missing,
    arr_queue_is_unknown,
    not_in_queue,
    arr_has_it,
    import_failed_lately,
    finished,
    stopped_by_user,
    queued_or_forced,
    client_is_offline,
    too_young,
    stalling_is_allowed,
    stalled,
    under_way,
)
