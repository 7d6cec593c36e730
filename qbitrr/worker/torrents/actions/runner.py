"""Runs the actions that verdicts ask for, and resumes those that broke off: one at a time on each torrent."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import QbitrrError, ThrottledError
from qbitrr.rules.history import ImportFacts
from qbitrr.rules.stuck_imports import complaint
from qbitrr.rules.torrents.completed import arr_queue_is_unknown
from qbitrr.rules.torrents.downloading import client_at_standstill
from qbitrr.rules.trackers import host_of
from qbitrr.rules.verdict import CHECKS, COUNTED, Action
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import (
    adjust,
    fail,
    files,
    import_proof,
    importing,
    manual_import,
    quarantine,
    recheck,
    remove,
    supersession,
)
from qbitrr.worker.torrents.actions.breaker import Breaker
from qbitrr.worker.torrents.actions.context import ActionCancelledError, ActionContext, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from collections.abc import Set as AbstractSet

    from qbitrr.rules.facts import QueueFacts, TorrentFacts, TorrentKey
    from qbitrr.rules.imports import ImportProof
    from qbitrr.rules.verdict import Verdict
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.judge import Judge
    from qbitrr.worker.torrents.observer import Observer
    from qbitrr.worker.torrents.poll import Poll

_log = logs.get(__name__)

_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_REFRESH_SECONDS = 60.0
_APPROVAL_SECONDS = 60.0  # until it is checked whether what awaits approval is still needed

_UNDECIDED = frozenset(rule.__name__ for rule in (arr_queue_is_unknown, client_at_standstill))
"""Rules that stop because too little is known to judge: what is under way waits."""
_UNDECIDED_SECONDS = 5.0
_MOST_ASKED = 100  # actions of a category that the user is asked about; the others wait until one is answered
MOST_AT_ONCE = 100
"""Actions under way; the others start as these end."""

_STEPS: dict[Action, Callable[[ActionContext, Entry], Awaitable[None]]] = {
    Action.IMPORT: importing.import_download,
    Action.MANUAL_IMPORT: manual_import.import_by_hand,
    Action.FAIL: fail.fail,
    Action.FAIL_REST: fail.fail_rest,
    Action.REMOVE: remove.remove,
    Action.RELEASE: quarantine.release_left_over,
    Action.ADJUST: adjust.adjust,
    Action.SEARCH_AGAIN: fail.search_again,
    Action.RECHECK: recheck.recheck,
    Action.SKIP_FILES: files.skip,
    Action.DELETE_FILES: files.delete_excluded,
    Action.TAG_STALLED: adjust.tag_stalled,
    Action.UNTAG_STALLED: adjust.untag_stalled,
    Action.TAG_USELESS: adjust.tag_useless,
}
"""Of each action, what goes on with an entry of the ledger from the step that it reached."""


_WITHOUT_QUEUE = CHECKS | {Action.NOTHING, Action.IMPORT}
"""Actions for which the Arr's queue is not read before: nothing is changed, or it is read by their first step."""


class ActionRunner:
    """Carries out verdicts on torrents of one worker. Each torrent is read and judged again right before."""

    def __init__(self, context: ActionContext, poll: Poll, observer: Observer, judge: Judge) -> None:
        self.breaker = Breaker(context)
        self._context = context
        self._poll = poll
        self._observer = observer
        self._judge = judge
        self._entries: list[Entry] = []  # open when the ledger was last read
        self._writes_before: int | None = None  # that reading
        self._open: dict[TorrentKey, Entry] = {}
        self._running: dict[TorrentKey, asyncio.Task[None]] = {}
        self._started: set[TorrentKey] = set()  # since the ledger was read, or before and not ended then
        self._waiting: dict[TorrentKey, None] = {}  # in order; they start when fewer are under way
        self._again_at: dict[TorrentKey, float] = {}
        self._failures: dict[TorrentKey, int] = {}

    async def load(self) -> None:
        """Read back what an earlier process did, and end what can never go on."""
        context = self._context
        await self.breaker.load()
        await context.history.load()
        for entry in await ledger.open_entries(context.database, context.config.name):
            if entry.instance not in context.services.qbittorrents:
                await context.close(entry, "cancelled", f"{entry.instance} is no longer configured")

    async def close(self) -> None:
        """Leave the actions under way where they are; the ledger knows how far they got."""
        self._waiting.clear()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._context.cancel_reads()

    # -- once in a pass -----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> AbstractSet[TorrentKey]:
        """The torrents on which an action is under way."""
        return self._running.keys()

    async def update(self, changed: Iterable[TorrentKey]) -> set[TorrentKey]:
        """Know from the ledger what is open; returns the torrents to judge because an action ended or may go on, once.

        It is read again after each write of this process, as no other one opens or ends actions of a live worker.
        What an open action waits for may have come with a change of its torrent; one that failed has its delay.
        """
        self._started = set(self._running)  # what is read of these may be old when it is here
        database, writes = self._context.database, self._context.database.writes
        if writes != self._writes_before:
            self._entries = await ledger.open_entries(database, self._context.config.name)
            self._writes_before = writes
        self._open = {entry.key: entry for entry in self._entries if entry.key not in self._started}
        now = self._context.clock.monotonic()
        due = {key for key, at in self._again_at.items() if at <= now}
        for key in due | ((self._open.keys() & set(changed)) - self._failures.keys()):
            self._again_at.pop(key, None)
        self._again_at = {key: at for key, at in self._again_at.items() if key in self._open or self._may_exist(key)}
        return due

    def submit(self, keys: Iterable[TorrentKey]) -> None:
        """Start what the verdicts on torrents ask for, where no action is open and none is to wait.

        Those for which there is no room wait in their order until others end.
        """
        self._context.submitted_at = self._context.clock.monotonic()
        self._waiting.update(dict.fromkeys(keys))
        self._start_waiting()

    def resume(self) -> None:
        """Start what waits, and go on with actions that did not end, as soon as the services that they need answer.

        Under Shadow and on probation the latter wait.
        """
        self._start_waiting()
        if self._context.config.shadow:
            self._report_shadow()
        if self._context.config.read_only:
            return
        arr_answers = self._observer.queue is not None or self._context.services.arr_client is None
        for key, entry in self._open.items():
            if len(self._running) >= MOST_AT_ONCE:
                return
            if arr_answers and self._poll.answers(key[0]) and self._may_act(key):
                self._start(key, partial(self._resume, entry))

    def _report_shadow(self) -> None:
        """Report that actions which were started before wait for the end of Shadow."""
        number = len(self._open)
        if number:
            text = f"actions that were started before: {number}. They go on when Shadow is off"
            self._context.report.waits("torrents", "Shadow", text, needs_attention=False)
        else:
            self._context.report.goes_on("torrents", "Shadow")

    async def complaint_of(self, torrent: TorrentFacts, because: str) -> str:
        """Return what the Arr has against the import of a torrent, by its queue of now; else the reason of its verdict.

        Raises ActionCancelledError unless it is judged for the reason that is given, RetryLaterError while the Arr's
        queue is not known.
        """
        await self._observer.refresh_queue()
        if self._observer.queue is None:
            raise RetryLaterError(_UNDECIDED_SECONDS)
        verdict = self._judge.judge(torrent)
        if verdict is None or verdict.last.finding.because != because:
            raise ActionCancelledError("the Arr says something else by now")
        return complaint(self._observer.context(torrent).reading) or because

    def retry_now(self) -> None:
        """End all delays: what they are of is judged in the next pass."""
        self._again_at = dict.fromkeys(self._again_at, self._context.clock.monotonic())

    def forget(self, gone: Iterable[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._again_at.pop(key, None)
            self._failures.pop(key, None)
            self._waiting.pop(key, None)

    # -- one action at a time on each torrent -------------------------------------------------------------------------

    def _may_exist(self, key: TorrentKey) -> bool:
        return self._poll.has(key) or not self._poll.answers(key.instance)

    def _may_act(self, key: TorrentKey) -> bool:
        return key not in self._running and self._again_at.get(key, 0.0) <= self._context.clock.monotonic()

    def _start_waiting(self) -> None:
        """Start what waits, as far as there is room. Each torrent is read and judged again before anything is done.

        What is dropped as its client does not answer is judged in the pass in which that does again.
        """
        while self._waiting and len(self._running) < MOST_AT_ONCE:
            key = next(iter(self._waiting))
            del self._waiting[key]
            if key not in self._open and self._poll.answers(key.instance) and self._may_act(key):
                self._start(key, partial(self._carry_out, key))

    def _start(self, key: TorrentKey, action: Callable[[], Awaitable[bool]]) -> None:
        self._again_at.pop(key, None)
        self._started.add(key)
        self._running[key] = asyncio.create_task(self._run(key, action), name=f"act {key[1]}")

    async def _run(self, key: TorrentKey, action: Callable[[], Awaitable[bool]]) -> None:
        """Run one action; whatever comes of it, the torrent is judged again."""
        wait_seconds, done = 0.0, False
        try:
            done = await action()
            self._failures.pop(key, None)
        except RetryLaterError as later:
            wait_seconds = later.seconds
            self._failures.pop(key, None)
        except QbitrrError as error:
            wait_seconds = self._failed(key, error)
            _log.warning("action was interrupted", infohash=key[1], instance=key[0], error=str(error))
        except Exception as error:  # noqa: BLE001 - a border: one torrent must not stop the others
            wait_seconds = self._failed(key, error)
            self._context.report.failed()
            _log.exception("action broke off", infohash=key[1], instance=key[0])
        finally:
            del self._running[key]
        self._again_at[key] = self._context.clock.monotonic() + wait_seconds
        if done:
            self._poll.wake.set()
        if len(self._running) <= MOST_AT_ONCE // 2:  # many together, as then they share what they ask of the services
            self._start_waiting()

    def _failed(self, key: TorrentKey, error: Exception) -> float:
        """For how many seconds to leave the torrent alone now."""
        self._failures[key] = self._failures.get(key, 0) + 1
        asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
        return max(_RETRY.seconds(self._failures[key]), asked_for)

    # -- what a verdict asks for --------------------------------------------------------------------------------------

    async def _carry_out(self, key: TorrentKey) -> bool:
        """Do what the verdict on a torrent is once it was read again; returns whether anything was done.

        What follows from a check is done right after it. Raises a ServiceError or RetryLaterError; an action that was
        started stays open in the ledger then.
        """
        checked: set[Action] = set()
        while True:
            torrent = await self._context.read(*key)
            verdict = await self._verdict(torrent) if torrent else None
            if torrent is None or verdict is None or verdict.action in {Action.NOTHING, *checked}:
                return bool(checked)
            match verdict.action:
                case Action.CHECK_IMPORT:
                    await self._check_import(torrent, verdict)
                case Action.CHECK_SUPERSEDED:
                    await supersession.check(self._context, torrent)
                case Action.CHECK_FILES:
                    if not await files.examine(self._context, torrent):
                        return bool(checked)
                case _ if self._context.config.read_only:
                    return bool(checked)
                case Action.ASK:
                    await self._ask(torrent, verdict)
                    return True
                case action:
                    await self._plan(torrent, verdict, action)
                    return True
            checked.add(verdict.action)

    async def _verdict(self, torrent: TorrentFacts) -> Verdict | None:
        """Judge a torrent, by a fresh queue of the Arr where that matters; None when it is not ours."""
        verdict = self._judge.judge(torrent)
        if verdict is None or verdict.action in _WITHOUT_QUEUE:
            return verdict
        await self._observer.refresh_queue()
        return self._judge.judge(torrent)

    async def _plan(self, torrent: TorrentFacts, verdict: Verdict, action: Action) -> None:
        notes = await self._notes(torrent, action)
        if "answered" in verdict.last.finding.facts:
            notes["always"] = True
        if action in COUNTED and not await self.breaker.admits(torrent.key, self._poll.present()):
            await self._context.plan(torrent, verdict, action, notes, state="awaiting_approval")
            return
        await self._go_on(await self._context.plan(torrent, verdict, action, notes))

    async def _ask(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """Have the user asked about what a rule would do. Raises RetryLaterError while too many are asked about."""
        if sum(entry.is_asked for entry in self._open.values()) >= _MOST_ASKED:
            raise RetryLaterError(_APPROVAL_SECONDS)
        deed = verdict.last.finding.would
        notes = await self._notes(torrent, deed) | {"asked": True}
        await self._context.plan(torrent, verdict, deed, notes, state="awaiting_approval")

    async def _notes(self, torrent: TorrentFacts, action: Action) -> dict[str, Any]:
        """Collect what the steps of an action will need."""
        context, queue = self._context, self._observer.queue_of(torrent)
        category = context.ownership.category_of(torrent.key)
        notes: dict[str, Any] = {"private": context.seeding.is_private(torrent), "tracker": host_of(torrent.tracker)}
        match action:
            case Action.IMPORT:
                return notes | {"item_ids": queue.item_ids if queue else ()}
            case Action.FAIL | Action.SEARCH_AGAIN | Action.FAIL_REST:
                return notes | {**await fail.notes_for(context, torrent, queue), "home": category}
            case Action.REMOVE:
                return notes | {"complete": torrent.complete, "home": category}
            case _:
                return notes

    async def _resume(self, entry: Entry) -> bool:
        """Go on with an action that broke off, unless nothing came of it and nothing should.

        Returns True: either way the action has ended. Raises a ServiceError or RetryLaterError; it stays open then.
        """
        # an import finds out by itself what became of it
        is_first, torrent = entry.step == ledger.FIRST_STEP and entry.action != Action.IMPORT, None
        if is_first or quarantine.is_over(self._context, entry):
            torrent = await self._context.read(entry.instance, entry.infohash)
            await self._observer.refresh_queue()
            if against := await self._what_speaks_against(entry, torrent):
                await self._cancel(entry, f"not needed any more when it could go on: {against}")
                return True
        if entry.state == "awaiting_approval":
            raise RetryLaterError(_APPROVAL_SECONDS)
        if is_first and "answered_at" in entry.notes and torrent is not None:
            self.breaker.count(entry.key)
            entry = await self._context.advance(
                entry, entry.step, **await self._notes(torrent, Action(entry.action))
            )  # the Arr may list other records by now
        await self._go_on(entry)
        return True

    async def _what_speaks_against(self, entry: Entry, torrent: TorrentFacts | None) -> str:
        """Judge again before the first step, and when a quarantine is over; empty when the action is still needed.

        Raises a ServiceError or RetryLaterError.
        """
        if torrent is None:  # who deleted it in quarantine did half of it
            return "it is gone" if entry.step == ledger.FIRST_STEP else ""
        verdict = await self._checked_verdict(quarantine.as_before(torrent, entry))
        if verdict is None:
            return "it is in no category of this worker"
        if _asks_for(verdict, entry):
            return ""
        if verdict.last.rule in _UNDECIDED or self._context.clock.wall() < entry.planned_at:  # the clock is behind
            raise RetryLaterError(_UNDECIDED_SECONDS)
        return verdict.last.finding.because

    async def _checked_verdict(self, torrent: TorrentFacts) -> Verdict | None:
        """Judge a torrent, after each check that a verdict asks for first: another process may have made them."""
        checked: set[Action] = set()
        while (verdict := self._judge.judge(torrent)) is not None and verdict.action in CHECKS - checked:
            checked.add(verdict.action)
            match verdict.action:
                case Action.CHECK_IMPORT:
                    await self._prove_import(torrent, self._observer.queue_of(torrent))
                case Action.CHECK_SUPERSEDED:
                    await supersession.check(self._context, torrent)
                case _:
                    await files.examine(self._context, torrent)
        return verdict

    async def _go_on(self, entry: Entry) -> None:
        action = Action(entry.action)
        if action in (Action.FAIL, Action.FAIL_REST) and entry.step == ledger.FIRST_STEP:
            self._context.history.count_failed_grab(entry)
        try:
            await _STEPS[action](self._context, entry)
        except ActionCancelledError as cancelled:
            await self._cancel(entry, str(cancelled))

    async def _cancel(self, entry: Entry, because: str) -> None:
        """Cancel an action, and revert what its quarantine changed."""
        await quarantine.release(self._context, entry)
        await self._context.close(entry, "cancelled", because)

    async def _check_import(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """Find out what the Arr has imported of a complete download, and what is wrong with what it refuses."""
        context, queue = self._context, self._observer.queue_of(torrent)
        proof = await self._prove_import(torrent, queue)
        if context.config.read_only:
            if proof.whole:
                context.history.note(torrent, imports=ImportFacts(imported=True))
            return
        if proof.whole:
            await self._go_on(await context.plan(torrent, verdict, Action.IMPORT, {}, importing.IMPORTED_STEP))
        elif queue is None and context.clock.monotonic() > context.downloads.polled_at + _REFRESH_SECONDS:
            await context.downloads.poll_clients()

    async def _prove_import(self, torrent: TorrentFacts, queue: QueueFacts | None) -> ImportProof:
        """Read what the Arr's history proves of an import, and note that it was read."""
        context = self._context
        proof = await import_proof.check(context, torrent, queue)
        imports = context.history.of(torrent).imports
        checked = replace(imports, checks=imports.checks + 1, checked_at=context.clock.wall())
        context.history.note(torrent, imports=checked)
        return proof


def _asks_for(verdict: Verdict, entry: Entry) -> bool:
    """Whether a verdict still asks for an open action: for one that the user was asked about, by the same rule."""
    if "asked" not in entry.notes:
        return verdict.action == entry.action
    asks = verdict.action is Action.ASK and verdict.last.finding.would == entry.action
    acts = verdict.action == entry.action and not entry.is_asked
    return verdict.last.rule == entry.rule and (asks or acts)
