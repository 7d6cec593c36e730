"""Events of what changes: workers as they report, and the ledger as workers write it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import aiosqlite

from control.announced import Announced
from control.events import BreakerTripped, SettingContradicts, WorkerGone
from control.handlers import decisions, inbox, processes, qbittorrents
from control.handlers.inbox import WorkerChange
from control.handlers.shared import Nothing
from control.list_changes import ListChanges
from qbitrr import logs
from qbitrr.state import breakers, ledger
from qbitrr.ticks import until_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from control.context import HandlerContext
    from control.handlers.decisions import Decision
    from control.handlers.inbox import InboxEntry
    from qbitrr.state.ledger import LedgerChange

    Change = Decision | WorkerChange | WorkerGone | BreakerTripped | SettingContradicts | InboxEntry

_log = logs.get(__name__)

_POLL_SECONDS = 0.5
_UNWATCHED_SECONDS = 2.0  # while no client follows, for notifications: after the first of several reports
_UNREPORTED_SECONDS = 30.0  # for what no worker reports, as what a user changes in the state file
_MOST_ENTRIES = 2000  # read in one poll
_INBOX_SECONDS = 10.0
_UNCHANGED_SECONDS = 60.0  # what waits for a service counts after a while although nothing changed
_FORGOTTEN_SECONDS = 3600.0  # for so long a matter has to be gone until it counts as new again
_ANNOUNCED = frozenset({"credentials", "disk", "space", "other_tool", "import", "orphans"})
"""Matters of the inbox that no other event names."""


class ChangeFeed:
    """Publishes what changed in workers and ledger: twice a second while a client follows, else as workers report.

    `on_change` is called with each changed decision, worker and breaker and each new matter, besides the event. What is
    in `announced`, also of an earlier run of the daemon, is published no more.
    """

    def __init__(
        self,
        context: HandlerContext,
        on_change: Callable[[Change], None] = lambda _: None,
        announced: Announced | None = None,
    ) -> None:
        self._context = context
        self._on_change = on_change
        self._announced = announced or Announced()
        self._workers: dict[str, tuple[object, ...]] = {}
        self._revision: int | None = None
        self._has_started = False
        self._version: int | None = None
        self._lists = ListChanges(context.database, context.events)
        self._clients: tuple[object, ...] = ()
        self._inbox: list[InboxEntry] | None = None
        self._inbox_read_at = -math.inf
        self._inbox_is_behind = False
        self._inbox_made_from: tuple[int, int] | None = None
        self._matters = dict.fromkeys(self._announced.matters or (), context.clock.monotonic())

    async def run(self) -> None:
        """Publish changes until cancelled."""
        while True:
            revision, is_behind = self._context.workers.revision, True
            try:
                is_behind = await self.poll_state()  # at once: only what is there at the first start is not new
                self.poll_workers()
                await self._lists.poll(self._version)
                await self.poll_inbox()
            except aiosqlite.Error as error:
                is_behind = True
                _log.warning("state file was not read", error=str(error))
            await self._wait(revision, is_behind=is_behind)

    async def _wait(self, revision: int, *, is_behind: bool) -> None:
        """Wait until the next poll is due: soon while a client follows, else until a worker reports something."""
        followed = self._context.events.followed
        if followed.is_set():
            await asyncio.sleep(_POLL_SECONDS)
            return
        if not is_behind:
            seconds = _INBOX_SECONDS if self._inbox_is_behind else _UNREPORTED_SECONDS
            await _first_of(seconds, followed.wait(), self._context.workers.until_changed(revision))
        await _first_of(_UNWATCHED_SECONDS, followed.wait())

    def poll_workers(self) -> None:
        """Publish what workers reported since the last poll."""
        self.poll_clients()
        revision = self._context.workers.revision
        if revision != self._revision:
            self._revision = revision
            self._poll_processes()
            self.poll_contradictions()

    def poll_contradictions(self) -> None:
        """Publish each contradiction once, until it is resolved; a worker that was just started has read none yet."""
        for category, process in self._context.workers.processes.items():
            found = process.last_report.contradictions
            if found is None:
                continue
            known = self._announced.contradictions.get(category, [])
            for one in found:
                if (one.kind, one.text) not in known:
                    self._publish("settings", SettingContradicts(category, one.kind, one.text, one.remedy))
            self._announced.contradictions[category] = [(one.kind, one.text) for one in found]

    async def poll_inbox(self) -> None:
        """Publish that the inbox changed, and each matter that is new in it; those of the first start are not."""
        now = self._context.clock.monotonic()
        self._inbox_is_behind = now < self._inbox_read_at + _INBOX_SECONDS
        if self._inbox_is_behind:
            return
        made_from = (await self._context.database.data_version(), self._context.workers.revision)
        if made_from == self._inbox_made_from and now < self._inbox_read_at + _UNCHANGED_SECONDS:
            return
        before, self._inbox = self._inbox, (await inbox.read(self._context, Nothing())).entries
        self._inbox_made_from, self._inbox_read_at = made_from, now
        if before != self._inbox:
            self._context.events.publish_passing("inbox", {"entries": len(self._inbox)})
        is_first = self._announced.matters is None
        self._matters = {one: at for one, at in self._matters.items() if at > now - _FORGOTTEN_SECONDS}
        for entry in self._inbox:
            if entry.matter in _ANNOUNCED:
                if not is_first and _matter(entry) not in self._matters:
                    self._publish("matter", entry)
                self._matters[_matter(entry)] = now
        self._announced.matters = sorted(self._matters)

    def _poll_processes(self) -> None:
        now = {view.category: view for view in processes.views(self._context)}
        for category, view in now.items():
            what = (view.phase, view.kind, view.pid, view.search_summary, view.queue_count, view.category_count,
                    view.waiting_for, view.restarts)  # fmt: skip
            if self._workers.get(category) != what:
                self._workers[category] = what
                self._context.events.publish("process", view)
                self._on_change(WorkerChange(view, inbox.of_worker(self._context, category)))
        if self._context.workers.ready:
            self._forget_workers(now.keys())

    def _forget_workers(self, present: Collection[str]) -> None:
        """Publish which workers are gone, also since an earlier run of the daemon."""
        announced = self._announced
        for category in {*self._workers, *announced.contradictions, *announced.troubled}.difference(present):
            self._workers.pop(category, None)
            announced.contradictions.pop(category, None)
            self._publish("process", WorkerGone(category))

    def poll_clients(self) -> None:
        """Publish the states of all qBittorrents when one of them changed."""
        clients = tuple(process.last_report.clients for process in self._context.workers.processes.values())
        if clients != self._clients:
            self._clients = clients
            self._context.events.publish_passing("qbittorrent", qbittorrents.all_of(self._context))

    async def poll_state(self) -> bool:
        """Publish what workers wrote since the last poll, in the order of commits; returns whether there is more."""
        announced = self._announced
        if not self._has_started:
            last = await ledger.last_change(self._context.database)  # less than before after a restore
            announced.change = last if announced.change is None else min(announced.change, last)
            self._has_started = True
        assert announced.change is not None
        version = await self._context.database.data_version()
        if version == self._version:
            return False
        await self._poll_breakers()
        changes = await ledger.changed_after(self._context.database, announced.change, _MOST_ENTRIES)
        for change in changes:
            announced.change = change.number
            self._publish_change(change)
        has_more = len(changes) == _MOST_ENTRIES
        if not has_more:
            self._version = version
        return has_more

    def _publish_change(self, change: LedgerChange) -> None:
        """Publish one decision; one that cannot be shown is named in the log, and the others go on."""
        if change.entry is None:
            _log.error("decision could not be read", problem=change.problem)
        else:
            self._publish("decision", decisions.decision(change.entry))

    async def _poll_breakers(self) -> None:
        tripped = await breakers.tripped(self._context.database)
        for category in tripped.keys() - self._announced.breakers.keys():
            self._publish("breaker", BreakerTripped(category, tripped[category]))
        self._announced.breakers = tripped

    def _publish(self, kind: str, change: Change) -> None:
        self._context.events.publish(kind, change)
        self._on_change(change)


async def _first_of(seconds: float, *waits: Coroutine[None, None, object]) -> None:
    """Wait for the first of several, or until the last tick within so many seconds. Raises what one of them raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        left = until_tick(asyncio.get_running_loop().time(), seconds)
        done, _ = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _matter(entry: InboxEntry) -> tuple[str, ...]:
    """What makes an entry of the inbox another matter; of an import also the words of the Arr."""
    words = entry.text if entry.matter == "import" else ""
    return entry.matter, entry.category, entry.name, entry.hash, words
