"""Who may use the stand-in of qBittorrent: cookie sessions, an API key, and a ban after five bad logins."""

from __future__ import annotations

import secrets
from collections import Counter

from qbitrr.sandbox.services.qbittorrent_sync import SyncMemory

BAD_LOGINS = 5
BAN_SECONDS = 3600.0


class BannedAddressError(Exception):
    """The address has guessed too often."""


class Logins:
    """Sessions by cookie.

    `user`, `password` and `api_key` can be changed at any time; no key means that none is accepted.
    """

    def __init__(self, user: str, password: str, api_key: str | None, *, empty_sections: bool) -> None:
        self.user = user
        self.password = password
        self.api_key = api_key
        self.sessions: dict[str, SyncMemory] = {}
        self._empty_sections = empty_sections
        self._failures: Counter[str] = Counter()
        self._banned_until: dict[str, float] = {}
        self._key_memory = SyncMemory(empty_sections)

    def log_in(self, address: str, user: str, password: str, now: float) -> str | None:
        """A new session's cookie, None for a wrong password. Raises BannedAddressError, even for the right one."""
        if now < self._banned_until.get(address, 0.0):
            raise BannedAddressError(address)
        if (user, password) == (self.user, self.password):
            del self._failures[address]
            cookie = secrets.token_urlsafe(24)
            self.sessions[cookie] = SyncMemory(self._empty_sections)
            return cookie
        self._failures[address] += 1
        if self._failures[address] >= BAD_LOGINS:
            self._banned_until[address] = now + BAN_SECONDS
            del self._failures[address]
        return None

    def memory(self, cookie: str, authorization: str) -> SyncMemory | None:
        """What was sent to the caller so far, None without a login. A key is one login for all who have it."""
        if authorization:
            return self._key_memory if self.api_key and authorization == f"Bearer {self.api_key}" else None
        return self.sessions.get(cookie)

    def forget_all(self) -> None:
        """End all sessions, as a restart does."""
        self.sessions.clear()
        self._key_memory = SyncMemory(self._empty_sections)
