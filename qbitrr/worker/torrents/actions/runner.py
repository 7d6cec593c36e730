"""Begins the actions that verdicts ask for, resumes those that broke off, and does what a person decides on them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.rules.history import DISCARDED, NOTHING_DONE, after
from qbitrr.rules.tags import TAG_STALLED
from qbitrr.rules.verdict import DESTRUCTIVE, Action
from qbitrr.state import ledger
from qbitrr.worker.disk import on_disk
from qbitrr.worker.torrents.actions import adjust, fail, files, importing, quarantine, remove, shadow
from qbitrr.worker.torrents.actions.breaker import Breaker
from qbitrr.worker.torrents.actions.context import ActionCancelledError, ActionContext, RetryLaterError
from qbitrr.worker.torrents.actions.recheck import recheck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from qbitrr.rules.facts import QueueFacts, TorrentFacts, TorrentKey
    from qbitrr.rules.history import History
    from qbitrr.rules.verdict import Verdict
    from qbitrr.state.ledger import Entry

    # What is to be done with a torrent as it is now, and what the Arr's queue says of it; None when it is not ours.
    Judge = Callable[[TorrentFacts], tuple[Verdict, QueueFacts | None] | None]

_log = logs.get(__name__)

Incarnation = tuple[str, str, float]  # and when it was added: it may come back as another

AWAITING_APPROVAL = "awaiting approval"
_REFRESH_SECONDS = 60.0
_ADJUSTED_AT_ONCE = 4
_DAY_SECONDS = 86400.0
_LOOK_AGAIN_SECONDS = 60.0  # at what waits for a person


class ActionRunner:
    """Carries out verdicts on torrents of one category.

    `present` tells which torrents the category has. What was done to each and found out about it is its `history`.
    """

    def __init__(self, context: ActionContext, present: Callable[[], set[TorrentKey]]) -> None:
        self._context = context
        self._present = present
        self._shadow = context.config.shadow
        self._refreshed_at: float | None = None
        self._histories: dict[Incarnation, History] = {}
        self._failed_grabs: list[tuple[float, frozenset[int]]] = []
        self._adjusting = asyncio.Semaphore(_ADJUSTED_AT_ONCE)
        self.guard = Breaker(context)

    async def remember(self) -> None:
        """Read back what the ledger knows, and end what can never go on."""
        database, category = self._context.database, self._context.config.name
        await self.guard.begin()
        for entry in await ledger.of_present_torrents(database, category):
            if entry.state != "planned":
                self._add_to_history(entry, entry.state, entry.updated_at, entry.outcome)
        since = self._context.clock.wall() - _DAY_SECONDS
        for entry in await ledger.begun_since(database, category, [Action.FAIL], since):
            if entry.step != AWAITING_APPROVAL:
                self._count_failed_grab(entry)
        for entry in await ledger.open_entries(database, category):
            if entry.instance not in self._context.services.qbittorrents:
                await self._context.close(entry, "held", f"{entry.instance} is no longer configured")
        await on_disk(None, quarantine.tidy, self._context.quarantine_folder, self._context.clock.wall())

    def history(self, torrent: TorrentFacts) -> History:
        """What was done to a torrent and found out about it."""
        known = self._histories.get((torrent.instance, torrent.infohash, torrent.added_at), NOTHING_DONE)
        if known.selection is None and (selection := files.remembered(self._context, torrent)) is not None:
            return replace(known, selection=selection)
        return known

    def failed_grabs(self, items: Iterable[int]) -> int:
        """How many downloads failed within a day, of the item of which most did."""
        since = self._context.clock.wall() - _DAY_SECONDS
        recent = [some for at, some in self._failed_grabs if at > since]
        return max((sum(item in some for some in recent) for item in items), default=0) if recent else 0

    def forget(self, torrents: Iterable[TorrentKey]) -> None:
        """Torrents that are gone."""
        gone = set(torrents)
        self._histories = {key: facts for key, facts in self._histories.items() if key[:2] not in gone}

    # -- what verdicts ask for ----------------------------------------------------------------------------------

    async def carry_out(self, instance: str, infohash: str, judge: Judge) -> bool:
        """Do what the verdict on a torrent is once it was read again; returns whether anything was done.

        Raises a ServiceError or LaterError; an action that was begun stays open in the ledger then.
        """
        torrent = await self._context.read(instance, infohash)
        judged = judge(torrent) if torrent else None
        if torrent is None or judged is None:
            return False
        verdict, queue = judged
        match verdict.action:
            case Action.NOTHING:
                return False
            case Action.CHECK_IMPORT:
                await self._look_for_import(torrent, verdict)
            case Action.CHECK_FILES:
                return await self._look_at_files(torrent)
            case _ if self._shadow:
                await shadow.note(self._context, torrent, verdict)
                return False
            case action:
                await self._begin(torrent, verdict, action, await self._notes(torrent, action, queue))
        return True

    async def _notes(self, torrent: TorrentFacts, action: Action, queue: QueueFacts | None) -> dict[str, Any]:
        match action:
            case Action.IMPORT:
                path = await importing.path_to_scan(self._context, torrent, queue)
                return {"path": path, "import_mode": self._context.config.arr.import_mode}
            case Action.FAIL | Action.SEARCH_AGAIN:
                home = self._context.ownership.home(torrent.key)
                return {**await fail.notes_for(self._context, torrent, queue), "home": home}
            case Action.REMOVE:
                home = self._context.ownership.home(torrent.key)
                return {"complete": torrent.complete, "home": home}
            case _:
                return {}

    async def _begin(self, torrent: TorrentFacts, verdict: Verdict, action: Action, notes: dict[str, Any]) -> None:
        key = torrent.key
        if action in DESTRUCTIVE and not await self.guard.admits(key, self._present()):
            await self._context.plan(torrent, verdict, action, notes, AWAITING_APPROVAL)
            return
        await self._go_on(await self._context.plan(torrent, verdict, action, notes))

    async def resume(self, entry: Entry, judge: Judge) -> bool:
        """Go on with an action that was begun and broke off, unless nothing came of it and nothing should.

        Returns True: either way the action has ended. Raises a ServiceError or LaterError; it stays open then.
        """
        if entry.step in (ledger.FIRST_STEP, AWAITING_APPROVAL):
            torrent = await self._context.read(entry.instance, entry.infohash)
            judged = judge(torrent) if torrent else None
            if judged is None or judged[0].action != entry.action:
                await self._close(entry, "held", "not needed any more when it could go on")
                return True
        if entry.step == AWAITING_APPROVAL:
            raise RetryLaterError(_LOOK_AGAIN_SECONDS)
        await self._go_on(entry)
        return True

    async def _go_on(self, entry: Entry) -> None:
        action = Action(entry.action)
        if action is Action.FAIL and entry.step == ledger.FIRST_STEP:
            self._count_failed_grab(entry)
        try:
            await self._steps[action](entry)
        except ActionCancelledError as held:
            await self._context.close(entry, "held", str(held))
        await self._take_in(entry)

    @property
    def _steps(self) -> dict[Action, Callable[[Entry], Awaitable[None]]]:
        def with_hands(work: Callable[[ActionContext, Entry], Awaitable[None]]) -> Callable[[Entry], Awaitable[None]]:
            return lambda entry: work(self._context, entry)

        return {
            Action.IMPORT: self._import,
            Action.FAIL: with_hands(fail.fail),
            Action.REMOVE: with_hands(remove.remove),
            Action.ADJUST: self._adjust,
            Action.SEARCH_AGAIN: with_hands(fail.search_again),
            Action.RECHECK: with_hands(recheck),
            Action.SKIP_FILES: with_hands(files.skip),
            Action.DELETE_FILES: with_hands(files.delete_excluded),
            Action.TAG_STALLED: self._tag_stalled,
            Action.UNTAG_STALLED: self._untag_stalled,
        }

    async def _adjust(self, entry: Entry) -> None:
        async with self._adjusting:
            change = await adjust.adjust(self._context, entry)
        self._change_history(entry, adjusted=change, adjusted_at=self._context.clock.wall())

    async def _import(self, entry: Entry) -> None:
        problem = await importing.have_imported(self._context, entry)
        if problem is not None and problem.startswith(importing.UNPLAYABLE):
            words = problem.removeprefix(f"{importing.UNPLAYABLE}: ")
            self._change_history(entry, unplayable=words)

    async def _look_for_import(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """A finished download that the Arr does not list was imported by the Arr, or is unknown to it."""
        if await importing.is_imported(self._context, torrent.infohash, torrent.added_at) and not self._shadow:
            await self._go_on(await self._context.plan(torrent, verdict, Action.IMPORT, {}, importing.IMPORTED_STEP))
            return
        imports = self.history(torrent).imports
        checked = replace(imports, checks=imports.checks + 1, checked_at=self._context.clock.wall())
        self._change_history(torrent, imports=checked)
        if not self._shadow:
            await self._refresh_downloads()

    async def _look_at_files(self, torrent: TorrentFacts) -> bool:
        selection = await files.look(self._context, torrent)
        if selection is not None:
            self._change_history(torrent, selection=selection)
        return selection is not None

    async def _refresh_downloads(self) -> None:
        """Have the Arr look at its download clients, at most once a minute."""
        now = self._context.clock.monotonic()
        if self._refreshed_at is None or now >= self._refreshed_at + _REFRESH_SECONDS:
            self._refreshed_at = now
            await self._context.services.arr.refresh_downloads()

    async def _tag_stalled(self, entry: Entry) -> None:
        await self._context.read_for(entry)
        await self._context.client(entry.instance).add_tags([entry.infohash], TAG_STALLED)
        await self._context.close(entry, "done", "tagged")

    async def _untag_stalled(self, entry: Entry) -> None:
        await self._context.read_for(entry)
        await self._context.client(entry.instance).remove_tags([entry.infohash], TAG_STALLED)
        await self._context.close(entry, "done", "the tag was taken off")

    # -- what a person decides ----------------------------------------------------------------------------------

    async def approve(self) -> None:
        """Let the removals that wait for a person go on, and count anew."""
        await self.guard.reset()
        for entry in await self._awaiting():
            await self._context.advance(entry, ledger.FIRST_STEP)

    async def discard(self) -> None:
        """Drop the removals that wait for a person, and count anew."""
        await self.guard.reset()
        for entry in await self._awaiting():
            await self._close(entry, "held", DISCARDED)

    async def undo(self, entry_id: int, busy: Collection[TorrentKey]) -> None:
        """Give back a torrent that is in quarantine or was removed after it.

        Raises a ServiceError, or LaterError when it is one of those on which an action is `busy` just now.
        """
        entry = await ledger.get(self._context.database, entry_id)
        if entry is None or entry.category != self._context.config.name:
            _log.warning("action was not undone", action_id=entry_id, because="it is not known here")
            return
        if entry.key in busy:
            raise RetryLaterError(1.0)
        try:
            await quarantine.undo(self._context, entry)
        except ActionCancelledError as held:
            _log.warning("action was not undone", action_id=entry_id, torrent=entry.name, because=str(held))
        await self._take_in(entry)

    async def _awaiting(self) -> list[Entry]:
        entries = await ledger.open_entries(self._context.database, self._context.config.name)
        return [entry for entry in entries if entry.step == AWAITING_APPROVAL]

    # -- keeping track ------------------------------------------------------------------------------------------

    async def _close(self, entry: Entry, state: ledger.End, outcome: str) -> None:
        await self._context.close(entry, state, outcome)
        self._add_to_history(entry, state, self._context.clock.wall(), outcome)

    async def _take_in(self, entry: Entry) -> None:
        """Add an action that has ended to the torrent's history."""
        ended = await ledger.get(self._context.database, entry.id)
        if ended is not None and ended.state != "planned":
            self._add_to_history(ended, ended.state, ended.updated_at, ended.outcome)

    def _add_to_history(self, entry: Entry, state: str, at: float, outcome: str | None) -> None:
        key = (entry.instance, entry.infohash, entry.added_at)
        history = after(self._histories.get(key, NOTHING_DONE), entry.action, state, at, outcome)
        if entry.action in (Action.SKIP_FILES, Action.DELETE_FILES):  # its file list is another now
            history = replace(history, selection=None)
        self._histories[key] = history

    def _change_history(self, what: Entry | TorrentFacts, **changes: Any) -> None:
        key = (what.instance, what.infohash, what.added_at)
        self._histories[key] = replace(self._histories.get(key, NOTHING_DONE), **changes)

    def _count_failed_grab(self, entry: Entry) -> None:
        items = frozenset(entry.notes.get("item_ids", ()))
        since = self._context.clock.wall() - _DAY_SECONDS
        self._failed_grabs = [(at, some) for at, some in self._failed_grabs if at > since]
        if items:
            self._failed_grabs.append((entry.planned_at, items))
