"""Refused credentials, and the lock by which one process at a time tries to log in.

All workers call the same qBittorrent from the same address, and qBittorrent bans an address after five wrong
passwords: one process tries, the others wait, and refused credentials are not tried again.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import zlib
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from qbitrr.errors import CredentialsRejectedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database

_POLL_SECONDS = 0.05
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, pid


class LoginRegister:
    """Login attempts, one at a time over all processes; a `qbittorrent.session.LoginGuard`.

    The lock is on `lock_file`, and the kernel releases it when a process dies; refused credentials are in the state
    file.
    """

    def __init__(self, database: Database, lock_file: Path, clock: Clock) -> None:
        self._database = database
        self._lock_file = lock_file
        self._clock = clock

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: Callable[[], str]) -> AsyncIterator[None]:
        """Hold the lock for one attempt. That of a password takes long to compute: only where something was refused.

        Raises CredentialsRejectedError on entering when these credentials were refused before, and stores one that
        leaves the block.
        """
        with self._opened() as descriptor:
            while not _lock(descriptor, service):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(_POLL_SECONDS)
            await self._check(service, fingerprint)
            try:
                yield
            except CredentialsRejectedError:
                await self._database.write(
                    "INSERT OR REPLACE INTO refused_logins VALUES (?, ?, ?)",
                    (service, fingerprint(), self._clock.wall()),
                )
                raise

    async def _check(self, service: str, fingerprint: Callable[[], str]) -> None:
        row = await self._database.row("SELECT fingerprint FROM refused_logins WHERE service = ?", (service,))
        if row is not None and row[0] == fingerprint():
            text = "these credentials were refused before; correct them in the configuration"
            raise CredentialsRejectedError(service, text)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)  # releases the lock


def _lock(descriptor: int, service: str) -> bool:
    """Try to lock the byte that stands for a service, so that a service that hangs does not block the others."""
    request = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, zlib.crc32(service.encode()), 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, request)
    except BlockingIOError:
        return False
    return True
