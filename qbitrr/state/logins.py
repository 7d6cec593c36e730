"""Which process may try the credentials of a service, and which credentials were refused.

Every worker talks to the same qBittorrent from the same address, and qBittorrent bans an address after five wrong
passwords: one process tries, the others wait, and what was refused is not tried again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qbitrr.errors import CredentialsRejectedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database

_STALE_SECONDS = 60.0  # a process that died while trying holds the turn no longer than this
_POLL_SECONDS = 0.05


class LoginRegister:
    """Takes turns at logging in, over the state file; fits `qbittorrent.session.LoginGuard`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: str) -> AsyncIterator[None]:
        """Hold the turn for one try.

        Raises CredentialsRejectedError on entering when these credentials were refused before, and remembers one
        that leaves the block.
        """
        while not await self._take_turn(service, fingerprint):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(_POLL_SECONDS)
        state = "accepted"  # also after a transport error: nothing was refused
        try:
            yield
        except CredentialsRejectedError:
            state = "refused"
            raise
        finally:
            await self._database.write(
                "UPDATE logins SET state = ?, at = ? WHERE service = ? AND fingerprint = ?",
                (state, self._clock.wall(), service, fingerprint),
            )

    async def _take_turn(self, service: str, fingerprint: str) -> bool:
        now = self._clock.wall()
        async with self._database.transaction() as transaction:
            rows = await transaction.rows("SELECT fingerprint, state, at FROM logins WHERE service = ?", (service,))
            for known, state, at in rows:
                if known == fingerprint and state == "refused":
                    text = "these credentials were refused before; correct them in the configuration"
                    raise CredentialsRejectedError(service, text)
                if state == "trying" and abs(now - at) < _STALE_SECONDS:
                    return False
            await transaction.execute(
                "INSERT OR REPLACE INTO logins VALUES (?, ?, 'trying', ?)", (service, fingerprint, now)
            )
        return True
