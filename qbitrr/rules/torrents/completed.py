"""Complete torrents: imported, left to the Arr, or failed because they are of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.rules.torrents.failure import fails
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding

RETRY_SECONDS = (300, 900, 3600, 21600)
"""Delays after the first failed import, the second and so on; also between checks of an Arr that lists no download."""


def imported(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """An imported torrent (tag `qBitrr-imported`, or the ledger) is not imported again, nor does it fail."""
    facts = {"tagged": TAG_IMPORTED in torrent.tags, "in_ledger": context.history.imports.imported}
    if any(facts.values()):
        return stops("it has been imported", **facts)
    return passes("it has not been imported", **facts)


def arr_queue_is_unknown(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported only while the Arr's queue is known."""
    if torrent.complete and not context.queue_known:
        return stops("it is complete, but the Arr's queue is not known")
    return passes("it is not complete, or the Arr's queue is known", complete=torrent.complete)


def not_in_queue(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """A complete torrent that the Arr does not list may have been imported by the Arr: its history is checked."""
    if not torrent.complete:
        return passes("it is not complete")
    if context.queue is not None and context.queue.tracked_state != "imported":
        return passes("the Arr lists the download", tracked_state=context.queue.tracked_state)
    checks, checked_at = context.history.imports.checks, context.history.imports.checked_at
    if checked_at is not None and context.queue is None and context.history.searched_again:
        return passes("it was searched again while it was stalled, and is complete after all")
    if checked_at is not None and now < checked_at + retry_seconds(checks):
        because = "it is complete, but the Arr neither lists the download nor has imported it"
        return stops(because, checked_at + retry_seconds(checks), checks=checks)
    return acts(Action.CHECK_IMPORT, "it is complete and not in the Arr's queue, which may have imported it")


def arr_refuses_it(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`ArrErrorCodesToBlocklist`: a torrent that the Arr refuses with such a message, word for word, has failed.

    Not while the Arr has listed it for less than `Torrent.IgnoreTorrentsYoungerThan`, nor while it waits for the user.
    """
    queue = context.queue
    if not torrent.complete or queue is None or not policy.error_messages:
        return passes("it is not complete, or no messages are configured")
    facts: dict[str, Any] = {
        "status": queue.status,
        "tracked_state": queue.tracked_state,
        "messages": list(queue.messages),
    }
    reason = next((message for message in queue.messages if message in policy.error_messages), None)
    if reason is None or queue.tracked_state not in _REFUSED or queue.status not in _OVER:
        return passes("the Arr reports none of the configured messages", **facts)
    if _needs_manual_import(queue):
        return stops("the Arr waits for the user to import it", **facts)
    old_at = max(torrent.added_at, queue.added_at or 0.0) + policy.ignore_younger_than_seconds
    if now < old_at:
        return stops("the Arr refuses it, but it is younger than IgnoreTorrentsYoungerThan", old_at, **facts)
    return fails(f'the Arr refuses it: "{reason}"', context, policy, now, **facts)


_REFUSED = frozenset({"importPending", "importBlocked", "importFailed"})
_OVER = frozenset({"completed", "warning"})


def _needs_manual_import(queue: QueueFacts) -> bool:
    return any("manual import" in message.lower() for message in queue.messages)


def arr_has_it(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A torrent that the Arr is importing, or for which it waits for the user, is left to it."""
    if not torrent.complete or context.queue is None:
        return passes("it is not complete")
    queue: dict[str, Any] = {
        "tracked_state": context.queue.tracked_state,
        "messages": list(context.queue.messages),
    }
    because = _LEFT_TO_THE_ARR.get(context.queue.tracked_state)
    if because is not None:
        return stops(because, **queue)
    return passes("the Arr does nothing with it", **queue)


_FAILED = "the Arr counts the download as failed"
_LEFT_TO_THE_ARR = {
    "importing": "the Arr is importing it",
    "importBlocked": "it is complete, but the Arr waits for the user to import it",
    "ignored": "the Arr ignores the download",
    **dict.fromkeys(("failed", "failedPending", "downloadFailed", "downloadFailedPending"), _FAILED),
}


def unplayable(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.VerifyMedia`: a torrent with a file that ffprobe, if it is installed, cannot read has failed.

    It is checked before an import.
    """
    fault = context.history.unplayable
    if not torrent.complete or not fault:
        return passes("ffprobe has found no fault")
    return fails(f"a file of it cannot be played: {fault}", context, policy, now)


def import_failed_lately(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """A failed import is tried again after 5 minutes, 15 minutes, an hour, then every 6 hours."""
    imports = context.history.imports
    if not torrent.complete or imports.failed_at is None:
        return passes("no import of it has failed")
    wait = retry_seconds(imports.failures)
    facts = {"failures": imports.failures, "wait_seconds": wait}
    if now < imports.failed_at + wait:
        return stops("the last import failed and is tried again later", imports.failed_at + wait, **facts)
    return passes("the last import failed long enough ago", **facts)


def retry_seconds(tries: int) -> int:
    """Read the delay after so many tries."""
    return RETRY_SECONDS[min(max(tries, 1), len(RETRY_SECONDS)) - 1]


def finished(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported at once (`importMode`), whatever its seeding limits."""
    if not torrent.complete:
        return passes("it is not complete", left_bytes=torrent.left_bytes, progress=torrent.progress)
    return acts(
        Action.IMPORT,
        "it is complete and not imported",
        completed_at=torrent.completed_at,
        tracked_state=context.queue.tracked_state if context.queue else None,
    )
