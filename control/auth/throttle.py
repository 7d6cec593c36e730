"""Refused credentials, counted by address: after too many, none are looked at for a while."""

from __future__ import annotations

import time
from collections import OrderedDict

from qbitrr.errors import TooManyAttemptsError

MOST = 10
WINDOW_SECONDS = 60.0
_ADDRESSES = 1024  # remembered at most; the oldest is forgotten


class LoginThrottle:
    """Failures of the last minute. An address with too many has to wait until they are older."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises TooManyAttemptsError when the address has to wait."""
        if len(self._recent(address)) >= MOST:
            raise TooManyAttemptsError("Too many refused logins from this address; wait a minute")

    def failed(self, address: str) -> None:
        """One more failure."""
        self._failed[address] = [*self._recent(address), time.monotonic()]
        self._failed.move_to_end(address)
        while len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = time.monotonic() - WINDOW_SECONDS
        return [moment for moment in self._failed.get(address, ()) if moment > since]
