"""What a person decides on removals: `arr/<section>/approve`, `arr/<section>/discard`, `actions/<id>/undo`."""

from typing import Annotated

from msgspec import Meta, Struct

from control.binding import invalid
from control.context import HandlerContext
from control.handlers.arr import Message
from control.worker_lookup import category_of
from qbitrr import ipc
from qbitrr.errors import ConflictError, NotFoundError, NotReadyError
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.state import ledger

_LONGEST_ID = 18  # digits; longer ones are beyond what the state file counts


class ApprovalRequest(Struct, frozen=True):
    """Whose removals."""

    section: Annotated[str, Meta(description="Category of the Arr, or the name of its section.")]


class UndoRequest(Struct, frozen=True):
    """Which action."""

    id: Annotated[str, Meta(description="Id of the action in the list of decisions.", pattern="^[0-9]{1,18}$")]


async def approve(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Let the removals go on that wait for a person, because they were too many at once."""
    return Message(f"The removals of {_decide(context, request.section, ipc.Approve())} go on")


async def discard(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Drop the removals that wait for a person, because they were too many at once.

    Their torrents are left alone for a day.
    """
    return Message(f"The removals of {_decide(context, request.section, ipc.Discard())} were dropped")


async def undo(context: HandlerContext, request: UndoRequest) -> Message:
    """Take a torrent out of quarantine, or add one again that was removed after it.

    Answers at once; the action becomes `undone` when that was done.
    """
    if not (request.id.isascii() and request.id.isdigit() and len(request.id) <= _LONGEST_ID):
        raise invalid("id", request.id, "Must be the id of an action")
    entry = await ledger.get(context.database, int(request.id))
    if entry is None:
        raise NotFoundError(f"There is no action {request.id}")
    if entry.action not in DESTRUCTIVE or entry.state not in ("planned", "done"):
        raise ConflictError(f"Action {entry.id} ({entry.action}, {entry.state}) has nothing that could be undone")
    if not entry.notes.get("torrent_file"):
        text = f"Action {entry.id} cannot be undone: the torrent was not put into quarantine (Settings.Quarantine)"
        raise ConflictError(text)
    _tell(context, entry.category, ipc.Undo(entry.id))
    return Message(f"Undoing action {entry.id} on {entry.name}")


def _decide(context: HandlerContext, section: str, decision: ipc.Approve | ipc.Discard) -> str:
    category = category_of(context, section)
    if context.supervisor.processes[category].said.waiting_for != "approval":
        raise ConflictError(f"No removals of {category} wait for approval")
    _tell(context, category, decision)
    return category


def _tell(context: HandlerContext, category: str, message: ipc.Message) -> None:
    process = context.supervisor.processes.get(category)
    if process is None or not process.send(message):
        raise NotReadyError(f"The worker of {category} does not run; ask again when it does")
