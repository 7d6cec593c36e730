"""`arr/<section>/approve`, `arr/<section>/discard`, `actions/<id>/undo`: the user's decisions on removals."""

from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message
from control.web.errors import invalid
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.errors import ConflictError, NotFoundError
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.state import breakers, ledger

_MOST_DIGITS = 18  # of an id; more of them exceed the integers of SQLite


class ApprovalRequest(Struct, frozen=True):
    """The worker whose removals are meant."""

    section: Category


class UndoRequest(Struct, frozen=True):
    """The action that is meant."""

    id: Annotated[str, Meta(description="Id of the action in the list of decisions.", pattern="^[0-9]{1,18}$")]


async def approve(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Approve the removals that wait for the user because they were too many at once."""
    return Message(f"The removals of {await _decide(context, request.section, ipc.Approve())} go on")


async def discard(context: HandlerContext, request: ApprovalRequest) -> Message:
    """Discard the removals that wait for the user because they were too many at once.

    No rule removes their torrents for a day.
    """
    return Message(f"The removals of {await _decide(context, request.section, ipc.Discard())} were dropped")


async def undo(context: HandlerContext, request: UndoRequest) -> Message:
    """Restore a torrent from quarantine, or add one again as it was that was removed after its quarantine.

    No rule removes it for a day. Its release is taken off the Arr's blocklist.

    Answers at once; the state of the action becomes `undone` when the torrent is restored.
    """
    if not (request.id.isascii() and request.id.isdigit() and len(request.id) <= _MOST_DIGITS):
        raise invalid("id", request.id, "Must be the id of an action")
    entry = await ledger.get(context.database, int(request.id))
    if entry is None:
        raise NotFoundError(f"There is no action {request.id}")
    if entry.action not in DESTRUCTIVE or entry.state not in ("planned", "done"):
        raise ConflictError(f"Action {entry.id} ({entry.action}, {entry.state}) has nothing that could be undone")
    if not entry.notes.get("torrent_file" if entry.state == "done" else "until"):
        text = f"Action {entry.id} cannot be undone: the torrent was not put into quarantine (Settings.Quarantine)"
        raise ConflictError(text)
    if _in_shadow(context, entry.category):
        raise ConflictError(f"Action {entry.id} cannot be undone while Shadow is on")
    send(context, entry.category, ipc.Undo(entry.id))
    return Message(f"Undoing action {entry.id} on {entry.name}")


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
