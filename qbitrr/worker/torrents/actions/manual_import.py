"""Manual import of a download that the Arr leaves to the user: it is sent the files of which everything is certain.

The files are asked for right before, as the Arr skips all of its own checks then. The steps in the ledger:

    planned   nothing was sent
    sending   the import is about to be sent, or was sent: the Arr's commands tell which
    sent      it was sent; the events of the Arr's history after `last_event` tell what came of it

What is imported as a whole is tagged as any other import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.arr.client import MANUAL_IMPORT
from qbitrr.arr.facts import candidate, import_events, import_order
from qbitrr.errors import GoneError, RefusedError
from qbitrr.rules.history import ImportFacts
from qbitrr.rules.imports import EventKind
from qbitrr.rules.stuck_imports import choose
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import import_proof, importing
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError, pause
from qbitrr.worker.torrents.actions.guards import admit

if TYPE_CHECKING:
    from qbitrr.arr.models import HistoryRecord
    from qbitrr.rules.verdict import EndState
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

SENDING, SENT = "sending", "sent"

_IN_ONE_RUN_SECONDS = 10.0  # after this time one that goes on is taken up again later
_LONGEST_PAUSE_SECONDS = 30.0
_COMMAND_SECONDS = 3600.0  # an Arr may have many commands queued before
_CONFIRM_ATTEMPTS = 3  # the history is written before the command ends
_MOST_NAMED = 20  # files that the ledger names


class _NotImportedError(Exception):
    """The Arr is not to import it, or has not imported it; the text is a clause."""


async def import_by_hand(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached, until the Arr's history shows the import, or it has failed.

    Either way the answer is used up: what is left is asked about again. Raises a ServiceError, ActionCancelledError
    when it must not go on, RetryLaterError while the Arr has not come to it.
    """
    try:
        if entry.step == SENDING and (command_id := await _sent_before(context, entry)) is not None:
            entry = await context.advance(entry, SENT, command_id=command_id)
        if entry.step in (ledger.FIRST_STEP, SENDING):
            entry = await _send(context, entry)
        outcome = await _outcome(context, entry)
    except _NotImportedError as problem:
        await _close(context, entry, "failed", str(problem))
    else:
        await _close(context, entry, "done", outcome)


async def _close(context: ActionContext, entry: Entry, state: EndState, outcome: str) -> None:
    await context.answers.imports.drop(entry.key)
    await context.close(entry, state, outcome)


async def _send(context: ActionContext, entry: Entry) -> Entry:
    """Send what is certain. Raises _NotImportedError when nothing is."""
    writer = await admit(context, entry)
    if writer.torrent is None or not writer.torrent.complete:
        raise ActionCancelledError("it is gone" if writer.torrent is None else "it is not complete any more")
    queue = (await context.downloads.read_queue()).get(entry.infohash.upper())
    if queue is None:
        raise ActionCancelledError("the Arr does not list it any more")
    records = await context.downloads.history(entry.infohash, entry.added_at)
    albums = await import_proof.complete_albums(context, records)
    proof = import_proof.proof(context, records, queue.item_ids, albums)
    try:
        offered = await context.services.arr.manual_import_files(entry.infohash.upper())
    except RefusedError as error:  # it has not seen it complete, as a download without a folder of its own
        raise _NotImportedError(f"the Arr lists no file of it: {error}") from error
    offered = [one for one in offered if one.download_id and not one.additional_file]
    found = choose([candidate(one) for one in offered], proof, queue.output_path)
    if found.obstacle:
        raise _NotImportedError(found.obstacle)
    chosen = [offered[at] for at in found.chosen]
    candidates = [candidate(one) for one in chosen]
    items = {item for one in candidates for item in one.items}
    if context.services.arr.kind.name == "lidarr" and (found.left_out or proof.missing - items):
        rest = "; ".join(found.left_out) or "the Arr offers nothing for some of its albums"
        raise _NotImportedError(f"Lidarr would count all of it as imported, and not all of it is certain: {rest}")
    notes: dict[str, Any] = {
        "item_ids": sorted(items),
        "files": [one.name for one in candidates][:_MOST_NAMED],
        "number": len(chosen),
        "left_out": found.left_out[:_MOST_NAMED],
        "last_event": max((record.id for record in records), default=0),
        "import_mode": importing.scan_mode(context),
    }
    entry = await context.advance(entry, SENDING, **notes)
    writer = await admit(context, entry)  # a long list of files takes time
    orders = [import_order(one, context.services.arr.kind) for one in chosen]
    try:
        command = await writer.manual_import(orders, entry.notes["import_mode"])
    except RefusedError as error:
        raise _NotImportedError(f"the Arr refuses the manual import: {error}") from error
    return await context.advance(entry, SENT, command_id=command.id)


async def _sent_before(context: ActionContext, entry: Entry) -> int | None:
    """Find the command that was about to be sent before a crash; None when it did not reach the Arr."""
    for command in await context.commands_since(entry.updated_at):
        body = command.body
        if command.name == MANUAL_IMPORT and body and entry.infohash.upper() in body.imported_downloads:
            return command.id
    return None


async def _outcome(context: ActionContext, entry: Entry) -> str:
    """Say what was imported once the command has ended. Raises _NotImportedError when something is missing."""
    ended_as = await _end_of_command(context, entry)
    chosen: set[int] = set(entry.notes["item_ids"])
    missing = chosen
    for attempt in range(_CONFIRM_ATTEMPTS):
        records = await context.downloads.history(entry.infohash, entry.added_at)
        missing = chosen - _imported_after(context, records, entry.notes["last_event"])
        if not missing:
            break
        await pause(attempt)
    if missing:
        raise _NotImportedError(f"the Arr imported {len(chosen - missing)} of {len(chosen)} by hand; {ended_as}")
    await _note_import(context, entry, records)
    left_out = entry.notes["left_out"]
    rest = f"; not: {'; '.join(left_out)}" if left_out else ""
    return f"imported by hand, as the user answered: {entry.notes['number']} files{rest}; the Arr's history shows it"


async def _note_import(context: ActionContext, entry: Entry, records: list[HistoryRecord]) -> None:
    """Note what is imported by now, and tag the torrent when that is all of it."""
    albums = await import_proof.complete_albums(context, records)
    proof = import_proof.proof(context, records, entry.notes["item_ids"], albums)
    context.history.note(entry, proof=proof)
    if proof.whole:
        context.history.note(entry, imports=ImportFacts(imported=True))
    try:
        await admit(context, entry)
    except ActionCancelledError:  # who protects it meanwhile needs nothing more
        return
    await context.downloads.poll_clients()  # until then the Arr lists what it has imported
    if proof.whole:
        await importing.tag(context, entry)


def _imported_after(context: ActionContext, records: list[HistoryRecord], last_event: int) -> set[int]:
    events = import_events(records, context.services.arr.kind)
    return {one.item for one in events if one.id > last_event and one.kind in (EventKind.IMPORTED, EventKind.PART)}


async def _end_of_command(context: ActionContext, entry: Entry) -> str:
    """Wait for the end of the command; returns how it ended, as a clause. Raises RetryLaterError while it waits."""
    command_id = entry.notes["command_id"]
    try:
        command = await context.downloads.ended(command_id, _IN_ONE_RUN_SECONDS)
        if command is not None:
            return f"its command ended as {command.status}"
        if await context.downloads.is_cancelled(command_id):
            return "the user cancelled its command in the Arr"
    except GoneError:  # as after a restart of the Arr
        return "the Arr does not know its command any more"
    waited = context.clock.wall() - entry.updated_at
    if waited < _COMMAND_SECONDS:
        raise RetryLaterError(min(_LONGEST_PAUSE_SECONDS, max(1.0, waited / 4)))
    return "its command does not end"
