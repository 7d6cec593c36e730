"""Queue of reads that cost work: few at a time, and for each client no more than its share of the places."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from control.web.budget import Budget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

P = ParamSpec("P")
T = TypeVar("T")

MOST = 48  # waiting and at work
MOST_OF_A_CLIENT = 16


class ReadQueue:
    """Admits `at_once` reads at a time in the order of their arrival, and has threads for those that block."""

    def __init__(self, name: str, at_once: int) -> None:
        self._places = Budget("requests of this kind", MOST, MOST_OF_A_CLIENT)
        self._at_once = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, name)

    def close(self) -> None:
        """Finish what the threads are doing. Blocking."""
        self._threads.shutdown()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for the turn of a read, which ends with the block. Raises OverloadedError when too many wait."""
        with self._places.held(client):
            async with self._at_once:
                yield

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what blocks in a thread of this queue; only within a turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
