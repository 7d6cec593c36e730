"""Downloads without progress. Only time during which a torrent was observed trying counts (`qbitrr.rules.strikes`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr.rules import states
from qbitrr.rules.speed import limit_on
from qbitrr.rules.strikes import count
from qbitrr.rules.tags import TAG_STALLED
from qbitrr.rules.torrents.failure import fails
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.strikes import Elapsed, Strikes
    from qbitrr.rules.verdict import Finding


def no_longer_stalled(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
    """The tag `qBitrr-allowed_stalled` is removed once a torrent gets on or is complete."""
    tagged = TAG_STALLED in torrent.tags
    gets_on = torrent.complete or torrent.state in states.TRANSFERRING
    if tagged and not policy.tagless and gets_on:
        return acts(Action.UNTAG_STALLED, "it is tagged as stalled, and gets on", state=torrent.state)
    return passes("it is not tagged as stalled, or still is", tagged=tagged)


def stalling_is_allowed(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
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


def stalled_is_searched_again(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.ReSearchStalled`: at its first strike a stalled release is blocklisted and searched again, but stays.

    It is removed after `Torrent.StalledDelay`, or imported if it is complete before.
    """
    if not policy.search_stalled_again:
        return passes("ReSearchStalled is off")
    if torrent.state not in states.INACTIVE or context.history.searched_again:
        return passes("it is not stalled, or was searched again", searched_again=context.history.searched_again)
    delay = policy.stalled_delay_for(torrent)
    made = count(_since_added(torrent, context.stalled, now), delay, policy.strikes).made
    if made < 1:
        return passes("it has not been stalled long enough to be searched again", strikes=made)
    because = "it is stalled, and ReSearchStalled searches its item again meanwhile"
    return fails(because, context, policy, now, Action.SEARCH_AGAIN, strikes=made)


def stalled(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.StalledDelay` above 0: a download that long without activity has failed, after `Torrent.Strikes`.

    `Torrent.Ranges` gives it more time by its progress and size: three days from 95 % on by default. Activity is what
    it downloads, not what it uploads. Only time counts during which the torrent was observed trying: not while it was
    stopped or queued, nor while its client was unreachable or offline.
    """
    if torrent.state not in states.INACTIVE:
        return passes("it is not stalled", state=torrent.state)
    idle = _since_added(torrent, context.stalled, now)
    delay = policy.stalled_delay_for(torrent)
    strikes = count(idle, delay, policy.strikes)
    what = "it never got its metadata" if torrent.state in states.METADATA else "it is stalled"
    facts: dict[str, Any] = {
        "state": torrent.state,
        "seen_inactive_seconds": int(context.stalled.seconds),
        "without_activity_seconds": int(idle.seconds),
        "StalledDelay_seconds": delay,
        "strikes": strikes.made,
        "Strikes": strikes.needed,
    }
    if not strikes.out:
        left = _left_seconds(strikes, count(context.unavailable, delay, policy.strikes))
        return stops(f"{what}, but not for StalledDelay yet", now + left, **facts)
    return fails(f"{what}, for longer than StalledDelay", context, policy, now, **facts)


def _left_seconds(strikes: Strikes, unavailable_for: Strikes) -> float:
    """The least time until one of the rules about its delay may act."""
    return min(one.left_seconds for one in (strikes, unavailable_for) if one.left_seconds > 0 or one is strikes)


def nearly_complete(torrent: TorrentFacts, _context: RuleContext, policy: Policy, _now: float) -> Finding:
    """`Torrent.MaximumDeletablePercentage`: above that progress nothing is removed for being slow or unavailable."""
    facts = {"progress": torrent.progress, "MaximumDeletablePercentage": policy.maximum_deletable_progress}
    if torrent.progress > policy.maximum_deletable_progress:
        return stops("it is nearly complete", **facts)
    return passes("it is not nearly complete", **facts)


def slow(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.MaximumETA`, or its tracker's: a download that takes longer fails, unless `Torrent.DoNotRemoveSlow`.

    It must have been too slow for `Torrent.IgnoreTorrentsYoungerThan`, over `Torrent.Strikes`. No time counts while
    the alternative speed limits of qBittorrent are on, or while another limit is reached.
    """
    maximum = policy.maximum_eta_for(torrent)
    if maximum <= 0 or torrent.state != states.DOWNLOADING or torrent.eta_seconds <= maximum:
        return passes("it is fast enough, or no MaximumETA is set", MaximumETA_seconds=maximum)
    strikes = count(context.slow, policy.ignore_younger_than_seconds, policy.strikes)
    facts: dict[str, Any] = {
        "eta_seconds": torrent.eta_seconds,
        "MaximumETA_seconds": maximum,
        "seen_slow_seconds": int(context.slow.seconds),
        "strikes": strikes.made,
        "Strikes": strikes.needed,
    }
    if policy.keep_slow:
        return stops("it is too slow, but DoNotRemoveSlow is true", **facts)
    if limit := limit_on(torrent, context.client_speed):
        return stops(f"it is too slow, but {limit}", **facts)
    if not strikes.out:
        return stops("it is too slow, but not for long enough yet", now + strikes.left_seconds, **facts)
    return fails("it is too slow", context, policy, now, **facts)


def slow_by_speed(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.MinimumSpeed`: a download below it for `Torrent.SlowDelay` fails, unless `Torrent.DoNotRemoveSlow`.

    After `Torrent.Strikes`; `Torrent.Ranges` can have other speeds by its progress and size. No time counts while the
    alternative speed limits of qBittorrent are on, or while another limit is reached or below that speed.
    """
    minimum = policy.minimum_speed_for(torrent)
    if torrent.state != states.DOWNLOADING or not 0 <= torrent.speed < minimum:
        return passes("it is fast enough, or no MinimumSpeed is set", MinimumSpeed_bytes_per_second=minimum)
    strikes = count(context.below_speed, policy.slow_delay_seconds, policy.strikes)
    facts: dict[str, Any] = {
        "speed_bytes_per_second": torrent.speed,
        "MinimumSpeed_bytes_per_second": minimum,
        "seen_below_seconds": int(context.below_speed.seconds),
        "SlowDelay_seconds": policy.slow_delay_seconds,
        "strikes": strikes.made,
        "Strikes": strikes.needed,
    }
    if policy.keep_slow:
        return stops("it is below MinimumSpeed, but DoNotRemoveSlow is true", **facts)
    if limit := limit_on(torrent, context.client_speed, minimum):
        return stops(f"it is below MinimumSpeed, but {limit}", **facts)
    if not strikes.out:
        return stops("it is below MinimumSpeed, but not for SlowDelay yet", now + strikes.left_seconds, **facts)
    return fails("it is below MinimumSpeed, for longer than SlowDelay", context, policy, now, **facts)


def unavailable(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.StalledDelay` above 0: what no peer has in full for that long fails, after `Torrent.Strikes`.

    Not above the progress of `Torrent.MaximumDeletablePercentage`; `Torrent.Ranges` can give it more time. A stalled
    download is asked this too, as uploads may keep it busy without end.
    """
    delay = policy.stalled_delay_for(torrent)
    if torrent.state not in states.TRYING or not 0 <= torrent.availability < 1:
        return passes("all of it is available, or that is not known", availability=torrent.availability)
    if delay <= 0:
        return passes("StalledDelay is not above 0", StalledDelay_seconds=delay)
    if torrent.progress > policy.maximum_deletable_progress:
        return passes("it is nearly complete", progress=torrent.progress)
    strikes = count(context.unavailable, delay, policy.strikes)
    facts: dict[str, Any] = {
        "availability": torrent.availability,
        "seen_unavailable_seconds": int(context.unavailable.seconds),
        "StalledDelay_seconds": delay,
        "strikes": strikes.made,
        "Strikes": strikes.needed,
    }
    if not strikes.out and torrent.state in states.INACTIVE:
        return passes("no peer has all of it, but not for StalledDelay yet", **facts)
    if not strikes.out:
        return stops("no peer has all of it, but not for StalledDelay yet", now + strikes.left_seconds, **facts)
    return fails("no peer has all of it, for longer than StalledDelay", context, policy, now, **facts)


def _since_added(torrent: TorrentFacts, observed: Elapsed, now: float) -> Elapsed:
    """Limit the observed time to that since the torrent was added."""
    return replace(observed, seconds=min(max(0.0, now - torrent.added_at), observed.seconds))
