"""Events of what changes: workers as they report, and the ledger as workers write it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosqlite

from control.events import BreakerTripped, SettingContradicts
from control.handlers import decisions, processes
from qbitrr import logs
from qbitrr.state import breakers, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from control.context import HandlerContext
    from control.handlers.decisions import Decision
    from control.handlers.processes import ProcessView

    Change = Decision | ProcessView | BreakerTripped | SettingContradicts

_log = logs.get(__name__)

_POLL_SECONDS = 0.5
_OVERLAP_SECONDS = 10.0  # a row may be committed this much later than its time says
_MOST_ENTRIES = 2000  # read in one poll


class ChangeFeed:
    """Polls workers and ledger twice a second and publishes what changed.

    `on_change` is called with each changed decision, worker and breaker, besides the event.
    """

    def __init__(self, context: HandlerContext, on_change: Callable[[Change], None] = lambda _: None) -> None:
        self._context = context
        self._on_change = on_change
        self._workers: dict[str, tuple[object, ...]] = {}
        self._started_at = self._since = context.clock.wall()
        self._seen: dict[tuple[int, str, str], float] = {}
        self._version: int | None = None
        self._tripped: dict[str, str] = {}
        self._contradictions: dict[str, frozenset[tuple[str, str]]] = {}

    async def run(self) -> None:
        """Publish changes until cancelled."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                self._poll_workers()
                self.poll_contradictions()
                await self._poll_state()
            except aiosqlite.Error as error:
                _log.warning("ledger was not read", error=str(error))

    def poll_contradictions(self) -> None:
        """Publish each contradiction once, until it is resolved; a worker that was just started has read none yet."""
        for category, process in self._context.workers.processes.items():
            found = process.last_report.contradictions
            if found is None:
                continue
            known = self._contradictions.get(category, frozenset())
            for one in found:
                if (one.kind, one.text) not in known:
                    self._publish("settings", SettingContradicts(category, one.kind, one.text, one.remedy))
            self._contradictions[category] = frozenset((one.kind, one.text) for one in found)

    def _poll_workers(self) -> None:
        now = {view.category: view for view in processes.views(self._context)}
        for category, view in now.items():
            what = (view.phase, view.kind, view.pid, view.search_summary, view.queue_count, view.category_count,
                    view.waiting_for, view.restarts)  # fmt: skip
            if self._workers.get(category) != what:
                self._workers[category] = what
                self._publish("process", view)
        for category in self._workers.keys() - now.keys():
            del self._workers[category]
            self._contradictions.pop(category, None)
            self._context.events.publish("process", {"category": category, "state": "gone"})

    async def _poll_state(self) -> None:
        version = await self._context.database.data_version()
        if version == self._version:
            return
        self._version = version
        await self._poll_breakers()
        entries = await ledger.updated_since(self._context.database, self._since - _OVERLAP_SECONDS, _MOST_ENTRIES)
        for entry in entries:
            what = (entry.id, entry.state, entry.step)
            if what not in self._seen:
                self._seen[what] = entry.updated_at
                if entry.updated_at >= self._started_at:
                    self._publish("decision", decisions.decision(entry))
        if entries:
            self._since = max(self._since, entries[-1].updated_at)
            oldest = self._since - _OVERLAP_SECONDS
            self._seen = {what: at for what, at in self._seen.items() if at >= oldest}

    async def _poll_breakers(self) -> None:
        tripped = await breakers.tripped(self._context.database)
        for category in tripped.keys() - self._tripped.keys():
            self._publish("breaker", BreakerTripped(category, tripped[category]))
        self._tripped = tripped

    def _publish(self, kind: str, change: Change) -> None:
        self._context.events.publish(kind, change)
        self._on_change(change)
