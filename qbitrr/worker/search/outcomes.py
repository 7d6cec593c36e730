"""Outcomes of the searches that were sent. One item that the Arr has no more fails the search for all of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.errors import GoneError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.models import Command
    from qbitrr.clock import Clock
    from qbitrr.rules.search.plan import PlannedSearch

_log = logs.get(__name__)

_MOST_PENDING = 100
_LISTED_SECONDS = 240.0  # an Arr lists a command for five minutes after its end


class SearchOutcomes:
    """The searches of one Arr whose end was not seen yet; those of an earlier process are not among them."""

    def __init__(self, client: ArrClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._pending: dict[int, tuple[float, PlannedSearch]] = {}

    @property
    def pending(self) -> bool:
        """Whether there is any."""
        return bool(self._pending)

    def expect(self, command: Command, search: PlannedSearch) -> None:
        """Note a search that was sent."""
        if len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[command.id] = (self._clock.monotonic(), search)

    async def check(self, commands: Iterable[Command]) -> AsyncIterator[PlannedSearch]:
        """Find the searches that failed because of an item that is gone; yields them without it, each once.

        `commands` are those that the Arr lists; others are asked for by their ids. Raises a ServiceError.
        """
        listed = {command.id: command for command in commands}
        for number, (sent_at, search) in list(self._pending.items()):
            command = listed.get(number)
            if command is None and self._clock.monotonic() >= sent_at + _LISTED_SECONDS:
                command = await self._client.unlisted_command(number)
                if command is None:
                    self._pending.pop(number, None)
            if command is None or not command.ended:
                continue
            rest = await self._rest(search) if command.status == "failed" else None
            self._pending.pop(number, None)
            if rest is not None:
                yield rest

    async def _rest(self, search: PlannedSearch) -> PlannedSearch | None:
        """Return a failed search without what is gone; None when nothing is gone, or nothing else was searched."""
        gone = await self._gone(search.item_ids) if search.series_id is None else frozenset()
        _log.warning("search failed", command=search.command, title=search.title, gone=sorted(gone))
        rest = tuple(item_id for item_id in search.item_ids if item_id not in gone)
        return replace(search, item_ids=rest, cost=len(rest)) if gone and rest else None

    async def _gone(self, item_ids: Sequence[int]) -> frozenset[int]:
        """Find the items that the Arr has no more, one by one: there are few in one search."""
        found = set(item_ids)
        for item_id in item_ids:
            with suppress(GoneError):
                await self._client.item(item_id)
                found.discard(item_id)
        return frozenset(found)
