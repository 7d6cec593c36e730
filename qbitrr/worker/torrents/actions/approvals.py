"""Decisions of the user: on removals that await approval, and on those that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.errors import ServiceError
from qbitrr.rules.history import DISCARDED, LEFT
from qbitrr.rules.stuck_imports import ImportAnswer, ImportChoice
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.undo import undo

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.runner import ActionRunner

_log = logs.get(__name__)

UserDecision = ipc.Approve | ipc.Discard | ipc.Decide | ipc.AnswerImport | ipc.ForgetAnswer | ipc.Undo


class Approvals:
    """Carries out what the user decided, one after the other, at the start of a pass."""

    def __init__(self, context: ActionContext, runner: ActionRunner) -> None:
        self._context = context
        self._runner = runner
        self._decisions: list[UserDecision] = []

    async def load(self) -> None:
        """Take up what an earlier process did not finish."""
        for entry_id in await ledger.being_undone(self._context.database, self._context.config.name):
            self.submit(ipc.Undo(entry_id))

    def submit(self, decision: UserDecision) -> None:
        """Keep a decision for the next pass."""
        if decision not in self._decisions:
            self._decisions.append(decision)

    async def carry_out(self) -> bool:
        """Carry out the decisions; returns whether any was.

        One that has to wait stays for the next pass, and does not keep the others from being carried out.
        """
        waiting = [decision for decision in self._decisions if not await self._is_carried_out(decision)]
        was_any = len(waiting) < len(self._decisions)
        self._decisions = waiting
        if was_any:
            self._runner.retry_now()
        return was_any

    async def _is_carried_out(self, decision: UserDecision) -> bool:
        """Carry out a decision; returns False when it has to wait, as for a service that does not answer."""
        if isinstance(decision, ipc.Undo) and self._context.config.read_only:
            return False
        try:
            await self._carry_out(decision)
        except RetryLaterError:
            return False
        except ServiceError as error:
            _log.warning("decision was postponed", decision=type(decision).__name__, error=str(error))
            return False
        except ActionCancelledError as cancelled:
            _log.warning("decision was not carried out", decision=str(decision), because=str(cancelled))
        except Exception:  # noqa: BLE001 - a border: one decision must not stop the passes
            self._context.report.failed()
            _log.exception("decision broke off", decision=str(decision))
        return True

    async def _carry_out(self, decision: UserDecision) -> None:
        match decision:
            case ipc.Approve():
                await self._approve()
            case ipc.Discard():
                await self._discard()
            case ipc.Decide(action_id, do, always):
                await self._answer(action_id, do=do, always=always)
            case ipc.AnswerImport():
                await self._answer_import(decision)
            case ipc.ForgetAnswer(rule, tracker):
                await self._context.answers.forget(rule, tracker)
            case ipc.Undo(action_id):
                await self._undo(action_id)

    async def _approve(self) -> None:
        """Let the removals that await approval go on, and count from zero."""
        context = self._context
        await ledger.approve(context.database, context.config.name, context.clock.wall())
        await self._runner.breaker.reset()  # last: what a crash leaves undecided can still be decided

    async def _discard(self) -> None:
        """Cancel the removals that await approval, and count from zero."""
        for entry in await self._awaiting():
            await self._context.answers.imports.drop(entry.key)
            await self._context.close(entry, "cancelled", DISCARDED)
        await self._runner.breaker.reset()

    async def _answer(self, entry_id: int, *, do: bool, always: bool) -> None:
        """Let an action go on that the user was asked about, or leave its torrent to the user from now on.

        For good about a tracker, it is the answer to everything that its rule asks about torrents of that tracker.
        """
        context = self._context
        entry = await ledger.get(context.database, entry_id)
        if entry is None or entry.category != context.config.name or not entry.is_asked:
            raise ActionCancelledError("it does not wait for an answer")
        alike = [entry]
        if always and (tracker := entry.notes.get("tracker")):
            await context.answers.remember(entry.rule, tracker, act=do)
            asked = await ledger.open_entries(context.database, context.config.name)
            alike = [one for one in asked if one.is_asked and _is_alike(one, entry)]
        if any(one.key in self._runner.busy for one in alike):
            raise RetryLaterError(1.0)
        for one in alike:
            if do:
                await ledger.answered(context.database, one, context.clock.wall())
            else:
                await context.close(one, "cancelled", LEFT)

    async def _answer_import(self, answer: ipc.AnswerImport) -> None:
        """Keep what is to become of a download, if the Arr still says what the user has seen; the rules act on it.

        Raises ActionCancelledError, RetryLaterError while the Arr does not answer.
        """
        torrent = await self._context.read(answer.instance, answer.infohash)
        if torrent is None:
            raise ActionCancelledError("the torrent is gone")
        words = await self._runner.complaint_of(torrent, answer.because)
        await self._context.answers.imports.remember(torrent, ImportAnswer(ImportChoice(answer.choice), words))

    async def _undo(self, entry_id: int) -> None:
        """Restore a torrent that is in quarantine, or was removed after it.

        Raises a ServiceError, ActionCancelledError, or RetryLaterError while an action on it is under way.
        """
        entry = await ledger.get(self._context.database, entry_id)
        if entry is None or entry.category != self._context.config.name:
            raise ActionCancelledError("it is not known here")
        if entry.key in self._runner.busy:
            raise RetryLaterError(1.0)
        await undo(self._context, entry)
        await self._context.answers.imports.drop(entry.key)

    async def _awaiting(self) -> list[Entry]:
        entries = await ledger.open_entries(self._context.database, self._context.config.name)
        return [entry for entry in entries if entry.state == "awaiting_approval" and not entry.is_asked]


def _is_alike(one: Entry, other: Entry) -> bool:
    """Whether two actions are asked about by the same rule, on torrents of the same tracker."""
    return one.rule == other.rule and one.notes.get("tracker") == other.notes.get("tracker")
