"""Passwords: bcrypt in a thread of its own, so that guesses hold up neither logs nor changes of the configuration."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from qbitrr.errors import TooManyAttemptsError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 72  # bcrypt ignores the rest
MOST_WAITING = 8  # each takes a quarter of a second
_HASH_OF_NO_ONE = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO5z2Jt3ZsB0W1FfYJdGQvVZk0Hq1b6yS"  # as expensive as a real one
T = TypeVar("T")


class Passwords:
    """Hashes one password at a time; few may wait for that."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()

    async def hash(self, password: bytes) -> str:
        """Hash a password of at most MOST_BYTES. Raises TooManyAttemptsError."""
        return (await self._run(partial(_hash, password))).decode()

    async def match(self, password: str, stored: str | None) -> bool:
        """Whether a password has this hash; takes as long without one. Raises TooManyAttemptsError."""
        given = password.encode(errors="surrogateescape")[:MOST_BYTES]
        matches = await self._run(partial(_matches, given, (stored or _HASH_OF_NO_ONE).encode()))
        return matches and stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooManyAttemptsError("Too many passwords are being checked; wait a minute, or use the token")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _hash(password: bytes) -> bytes:
    import bcrypt  # noqa: PLC0415 - seldom needed, and never in a worker

    return bcrypt.hashpw(password, bcrypt.gensalt())


def _matches(password: bytes, stored: bytes) -> bool:
    import bcrypt  # noqa: PLC0415

    try:
        return bcrypt.checkpw(password, stored)
    except ValueError:  # the configuration holds no hash
        return False
