"""Internet connectivity, checked only when what a qBittorrent reports leaves doubt (`PingURLS`)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbitrr.clock import Clock

_log = logs.get(__name__)

PORTS = (443, 80)
_CONNECT_SECONDS = 3.0
_REACHED_SECONDS = 60.0
"""How long a successful check counts."""
_LEAST_RETRY_SECONDS = 1.0


class InternetCheck:
    """Connects to hosts that are always reachable. The answer is shared, and asking for it never waits.

    `retry_seconds` is how long a failed check counts; `wake` is called when the answer changes.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        retry_seconds: float,
        clock: Clock,
        wake: Callable[[], None],
        ports: Sequence[int] = PORTS,
    ) -> None:
        self._hosts = hosts
        self._retry_seconds = max(_LEAST_RETRY_SECONDS, retry_seconds)
        self._clock = clock
        self._wake = wake
        self._ports = ports
        self._reached: bool | None = None
        self._good_until = float("-inf")
        self._checking: asyncio.Task[None] | None = None

    def reachable(self) -> bool | None:
        """The last answer; None before the first, and always without hosts.

        One that no longer counts is replaced in the background.
        """
        if self._hosts and self._checking is None and self._clock.monotonic() >= self._good_until:
            self._checking = asyncio.create_task(self._check(), name="check internet")
        return self._reached

    async def close(self) -> None:
        """Cancel a check that is under way."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)

    async def _check(self) -> None:
        try:
            reached = await self._reaches_one()
        finally:
            self._checking = None
        if reached != self._reached:
            _log.info("internet was checked", reached=reached)
        self._good_until = self._clock.monotonic() + (_REACHED_SECONDS if reached else self._retry_seconds)
        changed, self._reached = reached != self._reached, reached
        if changed:
            self._wake()

    async def _reaches_one(self) -> bool:
        """Whether one of the hosts accepts a connection; all are tried at once."""
        tries = {asyncio.create_task(_connects(host, port)) for host in self._hosts for port in self._ports}
        try:
            for one in asyncio.as_completed(tries):
                if await one:
                    return True
            return False
        finally:
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)


async def _connects(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):  # why it failed makes no difference
        return False
    writer.close()
    return True
