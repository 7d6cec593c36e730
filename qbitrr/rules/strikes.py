"""Strikes against a torrent: how long and how often it was observed in trouble before a rule acts.

A timer runs while the trouble is observed, stands while it cannot be observed (torrent stopped or queued, client
unreachable or offline, downloads limited), and is reset when the torrent gets on. A rule acts once its delay has
passed on the timer and `Torrent.Strikes` observations were made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules import states
from qbitrr.rules.facts import TorrentFacts  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.imports import QueueState
from qbitrr.rules.speed import ClientSpeed, limit_on

if TYPE_CHECKING:
    from qbitrr.rules.policy import Policy


class StrikeKind(StrEnum):
    """Trouble that is timed."""

    STALLED = "stalled"
    SLOW = "slow"
    BELOW_SPEED = "below_speed"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


class Course(StrEnum):
    """What the timer of a torrent does now."""

    RUN = "run"
    STAND = "stand"
    RESET = "reset"


class Elapsed(Struct, frozen=True, gc=False):
    """Time in trouble, and the number of observations during it."""

    seconds: float = 0.0
    observations: int = 0


NOT_SEEN = Elapsed()


class Strikes(Struct, frozen=True, gc=False):
    """Strikes `made` of those `needed`, which are spread evenly over a delay."""

    made: int
    needed: int
    left_seconds: float

    @property
    def out(self) -> bool:
        """Whether the rule may act."""
        return self.made >= self.needed


def count(elapsed: Elapsed, delay_seconds: float, needed: int) -> Strikes:
    """Count one strike for each `needed`-th part of the delay, but no more than observations."""
    passed = needed if delay_seconds <= 0 else int(elapsed.seconds * needed / delay_seconds)
    return Strikes(min(needed, passed, elapsed.observations), needed, max(0.0, delay_seconds - elapsed.seconds))


class Observed(Struct, frozen=True, gc=False):
    """What is known of a torrent at one moment: the speed of its client, and what its Arr's queue says.

    `queue` is None while it is not known.
    """

    torrent: TorrentFacts
    client: ClientSpeed
    queue: QueueState | None = None


def course(kind: StrikeKind, observed: Observed, policy: Policy, start_left_bytes: int | None) -> Course:
    """Decide what a timer does; `start_left_bytes` were left to download when it was started, None if it was not."""
    torrent, client = observed.torrent, observed.client
    match kind:
        case StrikeKind.STALLED:
            return _stalled(torrent, start_left_bytes)
        case StrikeKind.SLOW:
            return _slow(torrent, policy, client)
        case StrikeKind.BELOW_SPEED:
            return _below_speed(torrent, policy, client)
        case StrikeKind.UNAVAILABLE:
            return _unavailable(torrent, start_left_bytes)
        case StrikeKind.REFUSED:
            return _refused(torrent, observed.queue)


def _stalled(torrent: TorrentFacts, start_left_bytes: int | None) -> Course:
    if start_left_bytes is not None and torrent.left_bytes != start_left_bytes:
        return Course.RESET
    return Course.RUN if torrent.state in states.INACTIVE else Course.STAND


def _slow(torrent: TorrentFacts, policy: Policy, client: ClientSpeed) -> Course:
    if torrent.state != states.DOWNLOADING:
        return Course.STAND
    maximum = policy.maximum_eta_for(torrent)
    if not 0 < maximum < torrent.eta_seconds:
        return Course.RESET
    return Course.STAND if limit_on(torrent, client) else Course.RUN


def _below_speed(torrent: TorrentFacts, policy: Policy, client: ClientSpeed) -> Course:
    if torrent.state != states.DOWNLOADING or torrent.speed < 0:
        return Course.STAND
    minimum = policy.minimum_speed_for(torrent)
    if torrent.speed >= minimum:
        return Course.RESET
    return Course.STAND if limit_on(torrent, client, minimum) else Course.RUN


def _unavailable(torrent: TorrentFacts, start_left_bytes: int | None) -> Course:
    if start_left_bytes is not None and torrent.left_bytes != start_left_bytes:
        return Course.RESET
    if torrent.state not in states.TRYING or torrent.availability < 0:
        return Course.STAND
    return Course.RUN if torrent.availability < 1 else Course.RESET


def _refused(torrent: TorrentFacts, queue: QueueState | None) -> Course:
    if not torrent.complete or queue is None or queue is QueueState.NOT_LISTED:
        return Course.STAND
    return Course.RUN if queue is QueueState.REFUSED else Course.RESET
