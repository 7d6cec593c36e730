"""Requests for the same work: one run at a time, one that waits, shared by all who ask meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Coalesced(Generic[T]):
    """Work that begins after it was asked for, however often that was: a storm of requests costs two runs."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._lock = asyncio.Lock()
        self._next: asyncio.Task[T] | None = None

    async def run(self) -> T:
        """Return the result of a run that began after this call, or raise its error; it goes on when cancelled."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
            self._next.add_done_callback(_retrieve)
        return await asyncio.shield(self._next)

    async def _run(self) -> T:
        async with self._lock:
            self._next = None  # who asks from now on may have seen a change that this run does not see
            return await self._work()


def _retrieve(task: asyncio.Task[T]) -> None:
    """Keep an error that no one waits for any more from being reported as forgotten."""
    if not task.cancelled():
        task.exception()
