"""Turns what changes in the daemon into events: workers as they report, the ledger as it is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosqlite
from msgspec import Struct

from control.handlers import decisions, processes
from qbitrr import logs
from qbitrr.state import breakers, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from control.context import HandlerContext
    from control.handlers.decisions import Decision
    from control.handlers.processes import ProcessView


_log = logs.get(__name__)

_SECONDS = 0.5
_OVERLAP_SECONDS = 10.0  # a row may be written this much later than it says
_MOST_AT_ONCE = 2000


class Tripped(Struct, frozen=True):
    """The breaker of a category holds its destructive actions."""

    category: str
    because: str


class Available(Struct, frozen=True):
    """There is a newer version of qbitrr."""

    present: str
    newest: str


class ChangeFeed:
    """Looks twice a second. `told` is called with each decision and each worker that changed, beside the event."""

    def __init__(
        self, context: HandlerContext, told: Callable[[Decision | ProcessView | Tripped], None] = lambda _: None
    ) -> None:
        self._context = context
        self._told = told
        self._workers: dict[str, tuple[object, ...]] = {}
        self._began = self._since = context.clock.wall()
        self._seen: dict[tuple[int, str, str], float] = {}
        self._version: object = None
        self._tripped: dict[str, str] = {}

    async def run(self) -> None:
        """For as long as the daemon runs."""
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                self._look_at_workers()
                await self._look_at_ledger()
            except aiosqlite.Error as error:
                _log.warning("ledger could not be followed", error=str(error))

    def _look_at_workers(self) -> None:
        now = {view.category: view for view in processes.views(self._context)}
        for category, view in now.items():
            what = (view.phase, view.kind, view.pid, view.search_summary, view.queue_count, view.category_count,
                    view.waiting_for, view.restarts)  # fmt: skip
            if self._workers.get(category) != what:
                self._workers[category] = what
                self._tell("process", view)
        for category in self._workers.keys() - now.keys():
            del self._workers[category]
            self._context.events.publish("process", {"category": category, "state": "gone"})

    async def _look_at_ledger(self) -> None:
        version = await self._context.database.row("PRAGMA data_version")
        if version == self._version:
            return
        self._version = version
        await self._look_at_breakers()
        entries = await ledger.updated_since(self._context.database, self._since - _OVERLAP_SECONDS, _MOST_AT_ONCE)
        for entry in entries:
            what = (entry.id, entry.state, entry.step)
            if what not in self._seen:
                self._seen[what] = entry.updated_at
                if entry.updated_at >= self._began:
                    self._tell("decision", decisions.decision(entry))
        if entries:
            self._since = max(self._since, entries[-1].updated_at)
            oldest = self._since - _OVERLAP_SECONDS
            self._seen = {what: at for what, at in self._seen.items() if at >= oldest}

    async def _look_at_breakers(self) -> None:
        tripped = await breakers.tripped(self._context.database)
        for category in tripped.keys() - self._tripped.keys():
            self._tell("breaker", Tripped(category, tripped[category]))
        self._tripped = tripped

    def _tell(self, kind: str, what: Decision | ProcessView | Tripped) -> None:
        self._context.events.publish(kind, what)
        self._told(what)
