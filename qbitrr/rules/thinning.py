"""Thinning of backups: many of today, fewer of older days, none after a quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

_HOUR = 3600.0
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY

SPANS = ((_HOUR, 24 * _HOUR), (_DAY, 7 * _DAY), (_WEEK, 13 * _WEEK))
"""One backup in each of the first durations is kept, up to the age of the second (seconds)."""
ALWAYS_KEPT = 3
"""The newest ones, also of a time to come: the clock may be wrong now, or have been wrong then."""


def kept(times: Iterable[float], now: float) -> set[float]:
    """Which backups stay, by the times at which they were made (epoch seconds): the newest of each span.

    Those of the future are thinned out as they are on the day of the newest of them: the clock may be behind now, and
    they be those of the last days.
    """
    newest_first = sorted(times, reverse=True)
    past = [made for made in newest_first if made <= now]
    future = [made for made in newest_first if made > now]
    return _newest_of_spans(past, now) | _newest_of_spans(future, max(future, default=now))


def _newest_of_spans(newest_first: Sequence[float], now: float) -> set[float]:
    stay = set(newest_first[:ALWAYS_KEPT])
    for every, limit in SPANS:
        seen: set[Hashable] = set()
        for made in newest_first:
            span = made // every
            if now - made < limit and span not in seen:
                seen.add(span)
                stay.add(made)
    return stay
