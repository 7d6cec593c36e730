"""Import of a finished torrent: scan command, its end, proof in the Arr's history, tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.facts import queue_facts
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError
from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import files
from qbitrr.worker.torrents.actions.context import CLOCK_SKEW_SECONDS, pause

if TYPE_CHECKING:
    from qbitrr.arr.models import Command
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

IMPORTED_STEP = "imported"

_COMMAND_SECONDS = 3600.0  # an Arr may have many commands queued before
_REFRESH_SECONDS = 10.0
_PROOF_SECONDS = 15.0  # the history is written a moment after the command has ended
_CLEARING_SECONDS = 120.0  # the queue follows once the Arr has asked all of its download clients


async def path_to_scan(context: ActionContext, torrent: TorrentFacts, queue: QueueFacts | None) -> str:
    """Find the path of a finished torrent as the Arr sees it.

    What the Arr reports counts, as it applies its remote path mappings. It may still be the folder for incomplete
    torrents: then the Arr is asked to check its download clients first.
    """
    path = queue.output_path if queue else ""
    if queue and path not in ("", torrent.content_path) and queue.tracked_state == "downloading":
        await _wait_for(context, (await context.services.arr.refresh_downloads()).id, _REFRESH_SECONDS)
        path = next((facts.output_path for facts in [await _in_queue(context, torrent.infohash)] if facts), path)
    return path or torrent.content_path


async def import_download(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached, until it is imported and tagged, or has failed.

    Raises a ServiceError, or ActionCancelledError when it must not go on.
    """
    if entry.step == ledger.FIRST_STEP:
        torrent = await context.read_for(entry)
        if torrent is not None and (fault := await files.fault(context, torrent)):
            await context.close(entry, "failed", f"ffprobe: {fault}")
            context.history.note(entry, unplayable=fault)
            return
        entry = await context.advance(entry, "sending")
        entry = await context.advance(entry, "sent", command_id=(await _scan(context, entry)).id)
    elif entry.step == "sending":
        command = await _scan_that_was_sent(context, entry) or await _scan(context, entry)
        entry = await context.advance(entry, "sent", command_id=command.id)
    if entry.step == "sent":
        problem = await _wait_for(context, entry.notes["command_id"], _COMMAND_SECONDS)
        problem = problem or await _wait_for_proof(context, entry)
        if problem is not None:
            await context.close(entry, "failed", await _with_messages(context, entry, problem))
            return
        entry = await context.advance(entry, IMPORTED_STEP)
    await _tag(context, entry)


async def is_imported(context: ActionContext, infohash: str, added_at: float) -> bool:
    """Whether the Arr's history shows an import since the torrent was added, and its queue lists nothing of it."""
    return await _history_shows_it(context, infohash, added_at) and await _queue_is_clear(context, infohash)


async def _history_shows_it(context: ActionContext, infohash: str, added_at: float) -> bool:
    arr = context.services.arr
    since = added_at - CLOCK_SKEW_SECONDS
    events = await arr.history(infohash.upper())
    return any(e.event_type in arr.kind.imported_events and (from_iso(e.date) or 0) >= since for e in events)


async def _queue_is_clear(context: ActionContext, infohash: str) -> bool:
    left = await _in_queue(context, infohash)
    return left is None or left.tracked_state == "imported"


async def _in_queue(context: ActionContext, infohash: str) -> QueueFacts | None:
    arr = context.services.arr
    return queue_facts(await arr.queue(), arr.kind).get(infohash.upper())


async def _scan(context: ActionContext, entry: Entry) -> Command:
    notes = entry.notes
    return await context.services.arr.scan(notes["path"], entry.infohash.upper(), notes["import_mode"])


async def _scan_that_was_sent(context: ActionContext, entry: Entry) -> Command | None:
    for command in await context.commands_since(entry.updated_at):
        body = command.body
        if body and body.download_client_id and body.download_client_id.upper() == entry.infohash.upper():
            return command
    return None


async def _wait_for(context: ActionContext, command_id: int, seconds: float) -> str | None:
    """Wait for a command to end; returns what went wrong, if anything."""
    deadline = context.clock.monotonic() + seconds
    attempt = 0
    while context.clock.monotonic() < deadline:
        try:
            command = await context.services.arr.command(command_id)
        except GoneError:  # forgotten by the Arr, as after its restart: its history decides
            return None
        if command.ended:
            return None if command.succeeded else f"the Arr's command ended as {command.status}"
        await pause(attempt)
        attempt += 1
    return "the Arr did not finish the command in time"


async def _wait_for_proof(context: ActionContext, entry: Entry) -> str | None:
    """Wait for the history and then for the queue; returns what is missing at the end of the time."""
    started_at = context.clock.monotonic()
    attempt = 0
    while not await _history_shows_it(context, entry.infohash, entry.added_at):
        if context.clock.monotonic() > started_at + _PROOF_SECONDS:
            return "the command ended, but the Arr's history shows no import"
        await pause(attempt)
        attempt += 1
    while not await _queue_is_clear(context, entry.infohash):
        if context.clock.monotonic() > started_at + _CLEARING_SECONDS:
            return "the Arr imported a part of it; its queue still lists the rest"
        await pause(attempt)
        attempt += 1
    return None


async def _with_messages(context: ActionContext, entry: Entry, problem: str) -> str:
    queue = await _in_queue(context, entry.infohash)
    return f"{problem}; the Arr says: {'; '.join(queue.messages)}" if queue and queue.messages else problem


async def _tag(context: ActionContext, entry: Entry) -> None:
    if not context.config.settings.tagless and await context.read_for(entry) is not None:
        await context.services.qbittorrents[entry.instance].add_tags([entry.infohash], TAG_IMPORTED)
    outcome = "imported" if "command_id" in entry.notes else "imported by the Arr itself"
    await context.close(entry, "done", f"{outcome}; the Arr's history shows it")
