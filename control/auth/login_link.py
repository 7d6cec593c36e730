"""LoginLink: a link that logs in once, for the first start where the page needs a login."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from control.auth.access import equal

if TYPE_CHECKING:
    from qbitrr.clock import Clock

LIFETIME_SECONDS = 3600.0


class LoginLink:
    """One key that is valid once, for a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_urlsafe(32)
        self._ends_at = clock.monotonic() + LIFETIME_SECONDS

    def address(self, page: str) -> str:
        """Make the link to the page. The key is in the fragment: no server, proxy or log on the way gets it."""
        return f"{page}#login={self._key}"

    def redeem(self, key: str) -> bool:
        """Use a key; whether it was valid."""
        valid = bool(self._key) and self._clock.monotonic() < self._ends_at and equal(key, self._key)
        if valid:
            self._key = ""
        return valid
