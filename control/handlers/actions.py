"""`arr/<section>/approve` and `/discard`, `actions/<id>/answer` and `/undo`: the user's decisions."""

import asyncio
from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message
from control.web.constraint import MUST
from control.web.errors import invalid
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.config.model import runnable_qbits
from qbitrr.errors import ConflictError, NotFoundError
from qbitrr.rules.quarantine import Undo, undo_of
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.state import breakers, ledger
from qbitrr.state.ledger import Entry

_MOST_DIGITS = 18  # of an id; more of them exceed the integers of SQLite
_MUST = "Must be the id of an action, as it is in the list of decisions"

ActionId = Annotated[
    str,
    Meta(description="Id of the action in the list of decisions.", pattern="^[0-9]{1,18}$", extra={MUST: _MUST}),
]


class ApprovalRequest(Struct, frozen=True):
    """The worker whose removals are meant."""

    section: Category


class UndoRequest(Struct, frozen=True):
    """The action that is meant."""

    id: ActionId


async def approve(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Approve the removals that wait for the user because they were too many at once."""
    return Message(f"The removals of {await _decide(context, request.section, ipc.Approve())} go on")


async def discard(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Discard the removals that wait for the user because they were too many at once.

    No rule removes their torrents for a day.
    """
    return Message(f"The removals of {await _decide(context, request.section, ipc.Discard())} were dropped")


class AnswerRequest(Struct, frozen=True):
    """The action that is asked about, and the answer."""

    id: ActionId
    answer: Annotated[Literal["do", "leave"], Meta(description="do: carry it out. leave: leave the torrent.")]
    always: Annotated[
        bool, Meta(description="The same for everything that its rule asks about torrents of its tracker.")
    ] = False

    @property
    def subject(self) -> str:
        """What the audit trail names."""
        return f"{self.answer}, always" if self.always else self.answer


async def answer(context: HandlerContext, request: AnswerRequest) -> Message:
    """Answer whether an action is to be done that a rule asks about (mode `ask`, or `ask` of a message).

    What is to be done is judged again first: its reason must still hold. What is left is not asked about again.
    """
    entry = await _entry(context, request.id)
    if not entry.is_asked:
        raise ConflictError(f"Action {entry.id} does not wait for an answer: it is {entry.state}")
    tracker = entry.notes.get("tracker")
    if request.always and not tracker:
        raise ConflictError(f"Action {entry.id}: its torrent had no tracker by which an answer could be remembered")
    send(context, entry.category, ipc.Decide(entry.id, request.answer == "do", request.always))
    if request.always:
        return Message(f"{entry.rule} of what has the tracker {tracker}: {_ANSWERS[request.answer]}")
    return Message(f"{entry.action} of {entry.name}: {_ANSWERS[request.answer]}")


_ANSWERS = {"do": "it goes on", "leave": "it is left"}


async def undo(context: HandlerContext, request: UndoRequest) -> Message:
    """Restore a torrent from quarantine, or add one again as it was that was removed after its quarantine.

    No rule removes it for a day. Its release is taken off the Arr's blocklist.

    Answers at once; the state of the action becomes `undone` when the torrent is restored.
    """
    entry = await _entry(context, request.id)
    if objection := await _objection(context, entry):
        raise ConflictError(f"Action {entry.id} cannot be undone: {objection}")
    send(context, entry.category, ipc.Undo(entry.id))
    return Message(f"Undoing action {entry.id} on {entry.name}")


async def _entry(context: HandlerContext, action_id: str) -> Entry:
    """Read an action. Raises BadRequestError, NotFoundError."""
    if not (action_id.isascii() and action_id.isdigit() and len(action_id) <= _MOST_DIGITS):
        raise invalid("id", action_id, _MUST)
    entry = await ledger.get(context.database, int(action_id))
    if entry is None:
        raise NotFoundError(f"There is no action {action_id}")
    return entry


async def _objection(context: HandlerContext, entry: Entry) -> str:
    """Find out why an action cannot be undone; empty when it can be."""
    undo = undo_of(entry.action, entry.state, entry.step, entry.notes)
    if undo is None:
        return _nothing_to_undo(entry)
    if entry.instance not in {qbit.section for qbit in runnable_qbits(context.loaded.config)}:
        return f"{entry.instance} is not configured"
    if _in_shadow(context, entry.category):
        return "Shadow is on"
    if context.self_update.on_probation:
        return "a new version has still to prove itself; try again in a minute"
    file = context.config_reload.data_dir.quarantine_folder / (entry.notes.get("torrent_file") or "")
    gone = undo is Undo.ADD_AGAIN and not await asyncio.to_thread(file.is_file)
    return "its .torrent file is no longer kept" if gone else ""


def _nothing_to_undo(entry: Entry) -> str:
    if entry.action not in DESTRUCTIVE or entry.state not in ("planned", "done"):
        return f"{entry.action} that is {entry.state} has nothing to undo"
    if entry.state == "planned" and "until" in entry.notes:
        return "its quarantine is over and it is being carried out; try again when it is done"
    return "no quarantine came before it (Settings.Quarantine), or it has no .torrent file"


def _in_shadow(context: HandlerContext, category: str) -> bool:
    config = context.loaded.config
    return config.settings.shadow or any(arr.shadow for arr in config.arrs.values() if arr.category == category)


async def _decide(context: HandlerContext, section: str, decision: ipc.Approve | ipc.Discard) -> str:
    category = category_of(context, section)
    reported = context.workers.processes[category].last_report.waiting_for == "approval"
    if not reported and (await breakers.read(context.database, category)).because is None:
        raise ConflictError(f"No removals of {category} wait for approval")
    send(context, category, decision)
    return category
