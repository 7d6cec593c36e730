"""Which credentials were refused, and whose turn it is to try some.

Every worker talks to the same qBittorrent from the same address, and qBittorrent bans an address after five wrong
passwords: one process tries, the others wait, and what was refused is not tried again.
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
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database

_POLL_SECONDS = 0.05
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, pid


class LoginRegister:
    """Takes turns at logging in; fits `qbittorrent.session.LoginGuard`.

    The turn is a lock on `lock_file`, which the kernel takes back from a process that dies; what was refused is in
    the state file.
    """

    def __init__(self, database: Database, lock_file: Path, clock: Clock) -> None:
        self._database = database
        self._lock_file = lock_file
        self._clock = clock

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: str) -> AsyncIterator[None]:
        """Hold the turn for one try.

        Raises CredentialsRejectedError on entering when these credentials were refused before, and remembers one
        that leaves the block.
        """
        with self._opened() as descriptor:
            while not _lock(descriptor, service):  # noqa: ASYNC110 - another process has it
                await asyncio.sleep(_POLL_SECONDS)
            await self._check(service, fingerprint)
            try:
                yield
            except CredentialsRejectedError:
                await self._database.write(
                    "INSERT OR REPLACE INTO refused_logins VALUES (?, ?, ?)",
                    (service, fingerprint, self._clock.wall()),
                )
                raise

    async def _check(self, service: str, fingerprint: str) -> None:
        row = await self._database.row("SELECT fingerprint FROM refused_logins WHERE service = ?", (service,))
        if row == (fingerprint,):
            text = "these credentials were refused before; correct them in the configuration"
            raise CredentialsRejectedError(service, text)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)  # and with it goes the lock


def _lock(descriptor: int, service: str) -> bool:
    """Try to lock the byte that stands for a service, so that one that hangs keeps nobody from another."""
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, zlib.crc32(service.encode()), 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except BlockingIOError:
        return False
    return True
