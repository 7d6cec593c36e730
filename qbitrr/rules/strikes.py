"""How long, and how often, a torrent was seen in trouble: what a rule needs before it acts.

A clock runs while the trouble is seen, stands while it cannot be seen (stopped, queued, client silent or offline),
and begins anew when the torrent gets on. A rule acts when its delay has passed on the clock and as many observations
were made as `Torrent.Strikes` asks for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules import states

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy


class StrikeKind(StrEnum):
    """What a clock is about."""

    STALLED = "stalled"
    SLOW = "slow"
    UNAVAILABLE = "unavailable"


class Course(StrEnum):
    """What a clock does now."""

    RUN = "run"
    STAND = "stand"
    RESET = "reset"


class Elapsed(Struct, frozen=True, gc=False):
    """What a clock shows: seconds, and the observations in which the trouble was seen."""

    seconds: float = 0.0
    observations: int = 0


NOT_SEEN = Elapsed()


class Strikes(Struct, frozen=True, gc=False):
    """A clock against a delay. `made` strikes of `needed`, spread evenly over the delay."""

    made: int
    needed: int
    left_seconds: float

    @property
    def out(self) -> bool:
        """Whether the rule may act."""
        return self.made >= self.needed


def count(seen: Elapsed, delay_seconds: float, needed: int) -> Strikes:
    """How many strikes a clock stands for: one for each part of the delay, and no more than observations."""
    passed = needed if delay_seconds <= 0 else int(seen.seconds * needed / delay_seconds)
    return Strikes(min(needed, passed, seen.observations), needed, max(0.0, delay_seconds - seen.seconds))


def course(trouble: StrikeKind, torrent: TorrentFacts, policy: Policy, mark_bytes: int | None) -> Course:
    """What a torrent's clock does; `mark_bytes` is what was left to download when it began, None without one."""
    match trouble:
        case StrikeKind.STALLED:
            return _stalled(torrent, mark_bytes)
        case StrikeKind.SLOW:
            return _slow(torrent, policy)
        case StrikeKind.UNAVAILABLE:
            return _unavailable(torrent, mark_bytes)


def _stalled(torrent: TorrentFacts, mark_bytes: int | None) -> Course:
    if mark_bytes is not None and torrent.left_bytes != mark_bytes:
        return Course.RESET
    return Course.RUN if torrent.state in states.INACTIVE else Course.STAND


def _slow(torrent: TorrentFacts, policy: Policy) -> Course:
    if torrent.state != states.DOWNLOADING:
        return Course.STAND
    maximum = policy.maximum_eta_for(torrent.tracker)
    return Course.RUN if 0 < maximum < torrent.eta_seconds else Course.RESET


def _unavailable(torrent: TorrentFacts, mark_bytes: int | None) -> Course:
    if mark_bytes is not None and torrent.left_bytes != mark_bytes:
        return Course.RESET
    if torrent.state not in states.TRYING or torrent.availability < 0:
        return Course.STAND
    return Course.RUN if torrent.availability < 1 else Course.RESET
