"""Search budget: a token bucket, as a value.

A bucket of `per_hour` holds a few tokens and fills so slowly that no more than `per_hour` are taken within any hour.
Time counts only as far as both clocks agree on it: the wall clock may jump, and the monotonic one restarts with the
machine.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

_HOUR = 3600.0
_SHARE_AT_ONCE = 6  # a sixth of an hour's searches may be sent without a pause


class Moment(Struct, frozen=True):
    """Both clocks at one instant: epoch seconds, and seconds since the machine started."""

    wall: float
    monotonic: float


class Bucket(Struct, frozen=True):
    """`tokens` at a moment; below zero after searches that could not wait."""

    tokens: float
    at: Moment


def capacity(per_hour: int) -> int:
    """Count the tokens of a full bucket."""
    return max(1, per_hour // _SHARE_AT_ONCE)


def full(per_hour: int, now: Moment) -> Bucket:
    """Make the bucket of a category without any search."""
    return Bucket(capacity(per_hour), now)


def filled(bucket: Bucket, per_hour: int, now: Moment) -> Bucket:
    """Fill a bucket for the time since its moment."""
    passed = max(0.0, min(now.wall - bucket.at.wall, now.monotonic - bucket.at.monotonic))
    return Bucket(min(capacity(per_hour), bucket.tokens + passed * _rate(per_hour)), now)


def went_back(before: Moment, now: Moment) -> bool:
    """Whether a clock went back; measured against `before`, a bucket fills only once it is as late again."""
    return now.wall < before.wall or now.monotonic < before.monotonic


def take(bucket: Bucket, per_hour: int, cost: int) -> Bucket | None:
    """Pay `cost` tokens for a search from a bucket filled for now; None when it has to wait.

    A search that costs more than a bucket holds needs a full one and overdraws it, so that none waits endlessly.
    """
    return None if bucket.tokens < _needed(per_hour, cost) else charge(bucket, cost)


def charge(bucket: Bucket, cost: int) -> Bucket:
    """Pay for a search that cannot wait; the bucket may be overdrawn, which delays the next one that can."""
    return replace(bucket, tokens=bucket.tokens - cost)


def seconds_until(bucket: Bucket, per_hour: int, cost: int) -> float:
    """Time until a search of this cost may be sent."""
    return max(0.0, (_needed(per_hour, cost) - bucket.tokens) / _rate(per_hour))


def seconds_for(cost: int, per_hour: int) -> float:
    """Time that searches of this total cost need at this rate."""
    return cost * _HOUR / per_hour


def _needed(per_hour: int, cost: int) -> int:
    return min(cost, capacity(per_hour))


def _rate(per_hour: int) -> float:
    """Tokens per second: a few less than `per_hour`, as a full bucket may be spent within the same hour."""
    return (per_hour - capacity(per_hour) + 1) / _HOUR
