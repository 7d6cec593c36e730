"""Limits by network: of refused credentials, and of what callers without a credential have done."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from qbitrr.errors import TooManyAttemptsError, TooManyRequestsError

if TYPE_CHECKING:
    from qbitrr.clock import Clock

MOST = 10
MOST_GUESSES_IN_ALL = 30  # of passwords, from wherever
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 1024  # beyond that the network whose last event is oldest is dropped
MOST_REQUESTS = 10  # of one network
MOST_REQUESTS_IN_ALL = 30
_IPV6_PREFIX = 64  # of the network that one customer or machine has at least (RFC 6177)
_ALL = ""  # no address


class _RecentEvents:
    """Times of the events of the last minute, by network."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def add(self, address: str) -> None:
        network = network_of(address)
        self._times[network] = [*self._recent(network), self._clock.monotonic()]
        self._times.move_to_end(network)
        while len(self._times) > MOST_ADDRESSES:
            self._times.popitem(last=False)

    def remove_newest(self, address: str) -> None:
        network = network_of(address)
        self._times[network] = self._recent(network)[:-1]

    def count(self, address: str) -> int:
        return len(self._recent(network_of(address)))

    def _recent(self, network: str) -> list[float]:
        since = self._clock.monotonic() - WINDOW_SECONDS
        return [time for time in self._times.get(network, ()) if time > since]


class LoginThrottle:
    """Refused credentials: after ten within a minute, a network is not checked any more for a while."""

    def __init__(self, clock: Clock) -> None:
        self._failures = _RecentEvents(clock)
        self._guesses = _RecentEvents(clock)

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError while the address has too many failures."""
        if self._failures.count(address) >= MOST:
            raise TooManyAttemptsError("Too many refused logins from this address; wait a minute")

    def failed(self, address: str) -> None:
        """Record a failure."""
        self._failures.add(address)

    def start_guess(self, address: str) -> None:
        """Record a failure before a password is compared: many at once must not pass while the first is hashed.

        Raises TooManyAttemptsError, also for too many from all addresses together.
        """
        self.check(address)
        if self._guesses.count(_ALL) >= MOST_GUESSES_IN_ALL:
            raise TooManyAttemptsError("Too many passwords were tried; wait a minute, or use the token")
        self._failures.add(address)
        self._guesses.add(_ALL)

    def guessed(self, address: str) -> None:
        """Take one failure back: the password was right."""
        self._failures.remove_newest(address)
        self._guesses.remove_newest(_ALL)


class RequestLimit:
    """Requests that cost work, from callers without a credential."""

    def __init__(self, clock: Clock) -> None:
        self._requests = _RecentEvents(clock)

    def count(self, address: str) -> None:
        """Count a request. Raises TooManyRequestsError when there were too many, and does not count it then."""
        if self._requests.count(address) >= MOST_REQUESTS or self._requests.count(_ALL) >= MOST_REQUESTS_IN_ALL:
            raise TooManyRequestsError("Too many such requests without a credential; wait a minute")
        self._requests.add(address)
        self._requests.add(_ALL)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """The network that counts as one caller: with IPv6, every machine has a whole one to choose addresses from.

    >>> network_of("2001:db8::7"), network_of("::ffff:192.0.2.7"), network_of("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
