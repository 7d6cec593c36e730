"""Torrents in trouble that a recheck may repair. Nothing here ever deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules import states
from qbitrr.rules.delays import over_at
from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding

RECHECK_SECONDS = (3600, 21600, 86400)
"""Delays after the first recheck, the second, and every later one."""


def files_are_missing(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """Missing files are never a reason to delete: a disk may be unmounted. They are rechecked once they are back.

    Of a torrent that was complete all files have to be there in full: a recheck of less would download the rest again.
    What was imported may have been moved, and is left alone.
    """
    if torrent.state != states.MISSING_FILES:
        return passes("its files are there", state=torrent.state)
    if not context.content_is_there:
        return stops("its files are missing, which is never a reason to delete", content_path=torrent.content_path)
    if _is_imported(torrent, context):
        return stops("its files were missing, and it was imported: they may have been moved")
    return _recheck("its files were missing and are back", context, now, content_path=torrent.content_path)


def in_error(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """A torrent in error is rechecked: at once, after an hour, after 6 hours, then daily.

    Only while its data is seen on this machine: on a lost disk a recheck would lose all, and download it again. What
    has no data yet has none to lose.
    """
    if torrent.state == states.ERROR:
        has_data = torrent.progress > 0 or torrent.completed_at is not None
        if has_data and not context.content_is_there:
            return stops(
                "qBittorrent reports an error, and its data is not seen here", content_path=torrent.content_path
            )
        return _recheck("qBittorrent reports an error", context, now, state=torrent.state)
    if torrent.state == states.UNKNOWN:
        return stops("qBittorrent does not know its state", state=torrent.state)
    return passes("qBittorrent reports no error", state=torrent.state)


def data_is_missing(torrent: TorrentFacts, _context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A torrent that was complete once and is not any more never fails.

    It has lost data, as by a recheck without its disk, or more of its files were selected.
    """
    facts: dict[str, Any] = {"completed_at": torrent.completed_at, "left_bytes": torrent.left_bytes}
    if torrent.completed_at is not None and torrent.left_bytes > 0:
        return stops("it was complete once and lacks data now, which is never a reason to delete", **facts)
    return passes("it lacks nothing that it had", **facts)


def _is_imported(torrent: TorrentFacts, context: RuleContext) -> bool:
    return context.history.imports.imported or TAG_IMPORTED in torrent.tags


def _recheck(because: str, context: RuleContext, now: float, **facts: Any) -> Finding:
    rechecks = context.history.rechecks
    facts |= {"rechecks": rechecks}
    delay = RECHECK_SECONDS[min(max(rechecks, 1), len(RECHECK_SECONDS)) - 1]
    if (again_at := over_at(context.history.rechecked_at, delay, now)) is not None:
        return stops(f"{because}, and it was rechecked not long ago", again_at, **facts)
    return acts(Action.RECHECK, because, **facts)
