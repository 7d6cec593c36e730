"""What is left alone while it downloads."""

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


def stopped_by_user(torrent: TorrentFacts, _around: RuleContext, _policy: Policy, _now: float) -> Finding:
    """What is stopped stays stopped, until whoever stopped it starts it again: a person, or the free space guard."""
    if torrent.state in states.STOPPED and TAG_PAUSED in torrent.tags:
        return stops("it is stopped until there is space for it on the disk", state=torrent.state)
    if torrent.state in states.STOPPED:
        return stops("it is stopped, and not by qbitrr", state=torrent.state)
    return passes("it is not stopped", state=torrent.state)


def queued_or_forced(torrent: TorrentFacts, _around: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A queued download waits for its turn; a forced one is somebody's decision."""
    if torrent.state == states.QUEUED or torrent.state in states.FORCED:
        return stops("it is queued or forced", state=torrent.state)
    return passes("it is neither queued nor forced", state=torrent.state)


def clocks_stand_still(_torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """While its client is offline, or all of its transfers ended at once, nothing says anything about a torrent."""
    if context.standstill:
        return stops(f"{context.standstill}, so no clock runs")
    return passes("its client has a connection")


def too_young(torrent: TorrentFacts, _around: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.IgnoreTorrentsYoungerThan`: a young torrent is given time."""
    old_at, facts = age(torrent, policy, now)
    if now < old_at:
        return stops("it is younger than IgnoreTorrentsYoungerThan", old_at, **facts)
    return passes("it is old enough", **facts)


def age(torrent: TorrentFacts, policy: Policy, now: float) -> tuple[float, dict[str, Any]]:
    """When a torrent is old enough, in epoch seconds, and the facts about it."""
    facts = {
        "age_seconds": int(now - torrent.added_at),
        "IgnoreTorrentsYoungerThan_seconds": policy.ignore_younger_than_seconds,
    }
    return torrent.added_at + policy.ignore_younger_than_seconds, facts


def under_way(torrent: TorrentFacts, _around: RuleContext, _policy: Policy, _now: float) -> Finding:
    """Nothing else applies."""
    return stops("it is under way", state=torrent.state, progress=torrent.progress)
