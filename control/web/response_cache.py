"""Encoded answers of lists, kept for as long as nothing in the state file has changed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from control.web.answers import Encoded, encoded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database

MOST_BYTES = 8 << 20
_LARGEST_SHARE = 4  # an answer of more than a quarter is not kept
_ASKED_SECONDS = 0.05  # so often, at most, the file is asked whether it changed


class ResponseCache:
    """By what was asked. The least recently used leave first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._bytes = 0
        self._version: Hashable = None
        self._asked_at = -1.0

    async def answer(self, key: Hashable, scope: Hashable, make: Callable[[], Awaitable[object]]) -> Encoded:
        """The kept answer, or a fresh one. `scope` is what else all answers depend on."""
        await self._forget_if_changed(scope)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        version = self._version
        fresh = encoded(await make())
        if version == self._version:
            self._keep(key, fresh)
        return fresh

    async def _forget_if_changed(self, scope: Hashable) -> None:
        now = self._clock.monotonic()
        if now - self._asked_at >= _ASKED_SECONDS or self._asked_at < 0:
            self._asked_at = now
            (state,) = await self._database.row("PRAGMA data_version") or (None,)
        else:
            state = self._version[0] if isinstance(self._version, tuple) else None
        if self._version != (state, scope):
            self._version = (state, scope)
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: Hashable, fresh: Encoded) -> None:
        if len(fresh.body) > MOST_BYTES // _LARGEST_SHARE:
            return
        self._bytes -= len(self._kept.pop(key).body) if key in self._kept else 0
        self._kept[key] = fresh
        self._bytes += len(fresh.body)
        while self._bytes > MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
