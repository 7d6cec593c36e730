"""Downloads that are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules import states
from qbitrr.rules.tags import TAG_PAUSED
from qbitrr.rules.verdict import passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def stopped_by_user(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
    """A stopped torrent stays stopped until it is started by whoever stopped it: the user, or the free-space guard."""
    if torrent.state in states.STOPPED and TAG_PAUSED in torrent.tags:
        if not policy.guards_space:
            return stops(
                "it was stopped for lack of space, but the guard is off: start it by hand", state=torrent.state
            )
        return stops("it is stopped until there is space for it on the disk", state=torrent.state)
    if torrent.state in states.STOPPED:
        return stops("it is stopped, and not by qbitrr", state=torrent.state)
    return passes("it is not stopped", state=torrent.state)


def queued_or_forced(torrent: TorrentFacts, _context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A queued download waits for its turn; a forced one was decided by the user."""
    if torrent.state == states.QUEUED or torrent.state in states.FORCED:
        return stops("it is queued or forced", state=torrent.state)
    return passes("it is neither queued nor forced", state=torrent.state)


def client_at_standstill(_torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """Nothing counts against a torrent while its client is offline, or after all of its transfers ended at once."""
    if context.standstill:
        return stops(f"{context.standstill}, so no time counts")
    return passes("its client has a connection")


def trackers_out_of_reach(_torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """Nothing counts against a download that depends on its trackers while none of them can be reached.

    A private torrent depends on them, and any other without peers for some hours. A tracker that works, or that
    refuses the torrent itself, lets the time run.
    """
    if context.trackers_out_of_reach:
        return stops("none of its trackers is known to be in reach, so no time counts")
    return passes("it does not wait for trackers")


def too_young(torrent: TorrentFacts, _context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.IgnoreTorrentsYoungerThan`: a younger torrent is left alone by all rules about time, which follow."""
    old_at, facts = age(torrent, policy, now)
    if now < old_at:
        return stops("it is younger than IgnoreTorrentsYoungerThan", old_at, **facts)
    return passes("it is old enough", **facts)


def age(torrent: TorrentFacts, policy: Policy, now: float) -> tuple[float, dict[str, Any]]:
    """Compute when a torrent is old enough, in epoch seconds, with the facts about it."""
    facts = {
        "age_seconds": int(now - torrent.added_at),
        "IgnoreTorrentsYoungerThan_seconds": policy.ignore_younger_than_seconds,
    }
    return torrent.added_at + policy.ignore_younger_than_seconds, facts


def under_way(torrent: TorrentFacts, _context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """No other rule applies."""
    return stops("it is under way", state=torrent.state, progress=torrent.progress)
