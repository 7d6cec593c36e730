"""Tagged answers, kept until what they were made from changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from control.web.answers import Tagged, encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from qbitrr.clock import Clock

MOST_BYTES = 8 << 20
_LARGEST_SHARE = 4  # an answer larger than this fraction of the cache is not kept
_VERSION_SECONDS = 0.05  # how long a version of the data is taken for the present one


class ResponseCache:
    """Answers by request, all dropped when the data has another version; beyond 8 MiB the least recently used go.

    `version` reads the version of the data that all answers are made from.
    """

    def __init__(self, version: Callable[[], Awaitable[Hashable]], clock: Clock) -> None:
        self._read_version = version
        self._clock = clock
        self._kept: OrderedDict[Hashable, Tagged] = OrderedDict()
        self._bytes = 0
        self._data_version: Hashable = None
        self._made_from: Hashable = None  # version and scope of everything that is kept
        self._read_at = float("-inf")

    async def answer(self, key: Hashable, scope: Hashable, make: Callable[[], Awaitable[object]]) -> Tagged:
        """Return the kept answer of a request, or make it. `scope` is what else all answers depend on."""
        await self._drop_if_changed(scope)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        made_from = self._made_from
        fresh = encode(await make())
        if made_from == self._made_from:
            self._keep(key, fresh)
        return fresh

    async def _drop_if_changed(self, scope: Hashable) -> None:
        now = self._clock.monotonic()
        if now - self._read_at >= _VERSION_SECONDS:
            self._read_at = now
            self._data_version = await self._read_version()
        if self._made_from != (self._data_version, scope):
            self._made_from = (self._data_version, scope)
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: Hashable, fresh: Tagged) -> None:
        if len(fresh.body) > MOST_BYTES // _LARGEST_SHARE:
            return
        self._bytes -= len(self._kept.pop(key).body) if key in self._kept else 0
        self._kept[key] = fresh
        self._bytes += len(fresh.body)
        while self._bytes > MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)


class LatestAnswer:
    """One answer that is requested over and over, encoded once for each change of what it is made from."""

    def __init__(self) -> None:
        self._made_from: tuple[object, ...] = ()
        self._text = Raw()

    def get(self, made_from: tuple[object, ...], make: Callable[[], object]) -> Raw:
        """Return the kept answer if it was made from equal values, else make it. `made_from` is never empty."""
        if self._made_from != made_from:
            self._text = Raw(msgspec.json.encode(make()))
            self._made_from = made_from
        return self._text
