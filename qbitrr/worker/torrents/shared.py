"""Calls whose result is shared by all who need it at the same time."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Shared(Generic[T]):
    """A call whose result is shared: at most one runs, and one waits for its end. Times are monotonic seconds."""

    def __init__(self, call: Callable[[], Awaitable[T]], monotonic: Callable[[], float]) -> None:
        self._call = call
        self._monotonic = monotonic
        self._began_at = -math.inf
        self._last: asyncio.Task[T] | None = None
        self._waiting: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Return the result of a call that begins from now on, or raise what it raises."""
        return await self.since(math.inf)

    async def since(self, moment: float) -> T:
        """Return the result of a call that began after a moment: of the last one, or of one that is made now."""
        if self._last is not None and self._began_at >= moment and not _has_failed(self._last):
            return await asyncio.shield(self._last)
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._after(self._last), name="shared call")
            self._waiting.add_done_callback(_has_failed)  # else asyncio reports an error that no one waits for
        return await asyncio.shield(self._waiting)

    async def _after(self, last: asyncio.Task[T] | None) -> T:
        if last is not None:
            await asyncio.wait({last})
        self._last, self._waiting, self._began_at = self._waiting, None, self._monotonic()
        return await self._call()

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks = [task for task in (self._last, self._waiting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _has_failed(task: asyncio.Task[T]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
