"""Decisions of the user: on removals that await approval, and on those that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.errors import ServiceError
from qbitrr.rules.history import DISCARDED
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.undo import UNDOING, undo

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.runner import ActionRunner

_log = logs.get(__name__)

UserDecision = ipc.Approve | ipc.Discard | ipc.Undo


class Approvals:
    """Carries out what the user decided, one after the other, at the start of a pass."""

    def __init__(self, context: ActionContext, runner: ActionRunner) -> None:
        self._context = context
        self._runner = runner
        self._decisions: list[UserDecision] = []

    async def load(self) -> None:
        """Take up what an earlier process did not finish."""
        for entry_id in await ledger.ids_at_step(self._context.database, self._context.config.name, UNDOING):
            self.submit(ipc.Undo(entry_id))

    def submit(self, decision: UserDecision) -> None:
        """Keep a decision for the next pass."""
        if decision not in self._decisions:
            self._decisions.append(decision)

    async def carry_out(self) -> bool:
        """Carry out the decisions; returns whether there were any.

        One that fails because a service does not answer stays for the next pass.
        """
        was_any = False
        while self._decisions:
            decision = self._decisions[0]
            try:
                await self._carry_out(decision)
            except (ServiceError, RetryLaterError) as error:
                _log.warning("decision was postponed", decision=type(decision).__name__, error=str(error))
                break
            self._decisions.pop(0)
            self._runner.retry_now()
            was_any = True
        return was_any

    async def _carry_out(self, decision: UserDecision) -> None:
        match decision:
            case ipc.Approve():
                await self._approve()
            case ipc.Discard():
                await self._discard()
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
            await self._context.close(entry, "cancelled", DISCARDED)
        await self._runner.breaker.reset()

    async def _undo(self, entry_id: int) -> None:
        """Restore a torrent that is in quarantine, or was removed after it.

        Raises a ServiceError, or RetryLaterError while an action on it is under way.
        """
        entry = await ledger.get(self._context.database, entry_id)
        if entry is None or entry.category != self._context.config.name:
            _log.warning("action was not undone", action_id=entry_id, because="it is not known here")
            return
        if entry.key in self._runner.busy:
            raise RetryLaterError(1.0)
        try:
            await undo(self._context, entry)
        except ActionCancelledError as cancelled:
            _log.warning("action was not undone", action_id=entry_id, torrent=entry.name, because=str(cancelled))

    async def _awaiting(self) -> list[Entry]:
        entries = await ledger.open_entries(self._context.database, self._context.config.name)
        return [entry for entry in entries if entry.state == "awaiting_approval"]
