"""Limit of refused credentials: after ten within a minute, an address is not checked any more for a while."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from qbitrr.errors import TooManyAttemptsError

if TYPE_CHECKING:
    from qbitrr.clock import Clock

MOST = 10
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 1024  # beyond that the address whose last failure is oldest is dropped


class LoginThrottle:
    """Failures of the last minute, by address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed_at: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError while the address has too many failures."""
        if len(self._recent(address)) >= MOST:
            raise TooManyAttemptsError("Too many refused logins from this address; wait a minute")

    def failed(self, address: str) -> None:
        """Record a failure."""
        self._failed_at[address] = [*self._recent(address), self._clock.monotonic()]
        self._failed_at.move_to_end(address)
        while len(self._failed_at) > MOST_ADDRESSES:
            self._failed_at.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self._clock.monotonic() - WINDOW_SECONDS
        return [failed_at for failed_at in self._failed_at.get(address, ()) if failed_at > since]
