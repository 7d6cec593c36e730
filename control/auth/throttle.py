"""Limits by address: of refused credentials, and of what callers without a credential have done."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from qbitrr.errors import TooManyAttemptsError, TooManyRequestsError

if TYPE_CHECKING:
    from qbitrr.clock import Clock

MOST = 10
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 1024  # beyond that the address whose last event is oldest is dropped
MOST_REQUESTS = 10  # of one address
MOST_REQUESTS_IN_ALL = 30


class _RecentEvents:
    """Times of the events of the last minute, by address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def add(self, address: str) -> None:
        self._times[address] = [*self._recent(address), self._clock.monotonic()]
        self._times.move_to_end(address)
        while len(self._times) > MOST_ADDRESSES:
            self._times.popitem(last=False)

    def count(self, address: str) -> int:
        return len(self._recent(address))

    def _recent(self, address: str) -> list[float]:
        since = self._clock.monotonic() - WINDOW_SECONDS
        return [time for time in self._times.get(address, ()) if time > since]


class LoginThrottle:
    """Refused credentials: after ten within a minute, an address is not checked any more for a while."""

    def __init__(self, clock: Clock) -> None:
        self._failures = _RecentEvents(clock)

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError while the address has too many failures."""
        if self._failures.count(address) >= MOST:
            raise TooManyAttemptsError("Too many refused logins from this address; wait a minute")

    def failed(self, address: str) -> None:
        """Record a failure."""
        self._failures.add(address)


class RequestLimit:
    """Requests that cost work, from callers without a credential."""

    _ALL = ""  # no address

    def __init__(self, clock: Clock) -> None:
        self._requests = _RecentEvents(clock)

    def count(self, address: str) -> None:
        """Count a request. Raises TooManyRequestsError when there were too many, and does not count it then."""
        if self._requests.count(address) >= MOST_REQUESTS or self._requests.count(self._ALL) >= MOST_REQUESTS_IN_ALL:
            raise TooManyRequestsError("Too many such requests without a credential; wait a minute")
        self._requests.add(address)
        self._requests.add(self._ALL)
