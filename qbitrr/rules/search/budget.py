"""How many searches may be sent: a token bucket, as a value.

A bucket of `per_hour` holds a few tokens and fills so slowly that no more than `per_hour` are taken within any hour.
Time counts only as far as both clocks agree on it: the wall clock may jump, and the monotonic one begins anew when
the machine starts.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

_HOUR = 3600.0
_SHARE_AT_ONCE = 6  # of an hour's searches, how many may follow each other without a pause: one sixth


class Moment(Struct, frozen=True):
    """Both clocks at one instant: epoch seconds, and seconds since the machine started."""

    wall: float
    monotonic: float


class Bucket(Struct, frozen=True):
    """`tokens` at a moment; below zero after searches that could not wait."""

    tokens: float
    at: Moment


def capacity(per_hour: int) -> int:
    """How many tokens a full bucket holds."""
    return max(1, per_hour // _SHARE_AT_ONCE)


def full(per_hour: int, now: Moment) -> Bucket:
    """The bucket of somebody who has not searched yet."""
    return Bucket(capacity(per_hour), now)


def filled(bucket: Bucket, per_hour: int, now: Moment) -> Bucket:
    """The bucket as it is now."""
    passed = max(0.0, min(now.wall - bucket.at.wall, now.monotonic - bucket.at.monotonic))
    return Bucket(min(capacity(per_hour), bucket.tokens + passed * _rate(per_hour)), now)


def went_back(before: Moment, now: Moment) -> bool:
    """Whether one of the clocks did; what is measured against `before` would stand still until it is as late again."""
    return now.wall < before.wall or now.monotonic < before.monotonic


def take(bucket: Bucket, per_hour: int, cost: int) -> Bucket | None:
    """The bucket after a search that costs `cost` tokens, or None when it has to wait. `bucket` is filled up.

    What costs more than a bucket holds needs a full one and leaves a debt, so that nothing waits for ever.
    """
    return None if bucket.tokens < _needed(per_hour, cost) else charge(bucket, cost)


def charge(bucket: Bucket, cost: int) -> Bucket:
    """The bucket after a search that cannot wait; what it owes is paid before the next one that can."""
    return replace(bucket, tokens=bucket.tokens - cost)


def seconds_until(bucket: Bucket, per_hour: int, cost: int) -> float:
    """How long until a search of this cost may be sent."""
    return max(0.0, (_needed(per_hour, cost) - bucket.tokens) / _rate(per_hour))


def seconds_for(cost: int, per_hour: int) -> float:
    """How long searches of this cost take all together at this rate."""
    return cost * _HOUR / per_hour


def _needed(per_hour: int, cost: int) -> int:
    return min(cost, capacity(per_hour))


def _rate(per_hour: int) -> float:
    """Tokens per second. Those that wait in a full bucket come on top, hence a few less than `per_hour`."""
    return (per_hour - capacity(per_hour) + 1) / _HOUR
