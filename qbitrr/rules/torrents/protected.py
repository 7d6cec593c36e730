"""Torrents that are left alone in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules import states
from qbitrr.rules.tags import TAG_IGNORED, TAG_QUARANTINE
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def protection(torrent: TorrentFacts, policy: Policy) -> str | None:
    """Find the tag by which the user protects a torrent; None without one."""
    if TAG_IGNORED in torrent.tags:
        return TAG_IGNORED
    return min(torrent.tags & policy.protect_tags, default=None) if policy.protect_tags else None


def ignored_by_user(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
    """A torrent with the tag `qBitrr-ignored`, or one of `Settings.ProtectTags`, is left alone."""
    tag = protection(torrent, policy)
    if tag is not None:
        return stops(f"it has the tag {tag}")
    return passes("it has no tag that protects it")


def in_quarantine(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """`Settings.Quarantine`: a torrent with the tag `qBitrr-quarantine` waits for its removal, or to be rescued.

    One that has the tag although no removal of it is under way is released.
    """
    if TAG_QUARANTINE not in torrent.tags:
        return passes("it is not in quarantine")
    until = context.history.quarantined_until
    if until is not None:
        return stops("it is in quarantine", max(now, until))
    return acts(Action.RELEASE, "it has the tag of a quarantine, but no removal of it is under way")


def client_is_busy_with_it(torrent: TorrentFacts, _context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """Nothing is done to a torrent while qBittorrent checks, moves or allocates it."""
    if torrent.state in states.BUSY:
        return stops("qBittorrent is checking, moving or allocating it", state=torrent.state)
    return passes("qBittorrent is not busy with it", state=torrent.state)
