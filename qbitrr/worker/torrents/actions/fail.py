"""Failed torrent: its release is blocklisted in the Arr, the torrent deleted, and its items searched once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.clock import from_iso
from qbitrr.state import ledger, searches
from qbitrr.worker.search.budget import search_after_failure
from qbitrr.worker.torrents.actions import quarantine
from qbitrr.worker.torrents.actions.context import CLOCK_SKEW_SECONDS
from qbitrr.worker.torrents.actions.remove import delete, files_outcome
from qbitrr.worker.torrents.actions.safety_checks import read_deletable

if TYPE_CHECKING:
    from qbitrr.arr.models import HistoryRecord
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext


async def notes_for(context: ActionContext, torrent: TorrentFacts, queue: QueueFacts | None) -> dict[str, Any]:
    """Collect what failing a torrent will need. Nothing is changed yet; raises a ServiceError.

    A download that the Arr no longer lists, as its category was changed, is found in the Arr's history.
    """
    notes: dict[str, Any] = {"complete": torrent.complete, "research": context.config.arr.research}
    if queue is not None:
        return notes | {"record_ids": queue.record_ids, "item_ids": queue.item_ids}
    notes |= {"record_ids": (), "item_ids": ()}
    events = await _history(context, torrent.infohash, torrent.added_at)
    grabs = [event for event in events if event.event_type == "grabbed"]
    if grabs and not any(event.event_type == "downloadFailed" for event in events):
        kind = context.services.arr.kind
        items = dict.fromkeys(item for event in grabs if (item := kind.item_of(event)))
        research = notes["research"] and not await context.services.arr.searches_by_itself()
        notes |= {"history_id": grabs[0].id, "item_ids": tuple(items), "research": research}
    return notes


async def fail(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached.

    Raises a ServiceError, ActionCancelledError when it must not go on, RetryLaterError when it has to wait.
    """
    entry = await quarantine.before(context, entry)
    if entry.step in (ledger.FIRST_STEP, quarantine.OVER, "blocklisting"):
        await read_deletable(context, entry)
        entry = await context.advance(entry, "blocklisting")
        await _blocklist(context, entry)
        entry = await context.advance(entry, "blocklisted")
    if entry.step == "blocklisted":
        kept_files = await delete(context, entry)
        entry = await context.advance(entry, "deleted", kept_files=kept_files)
    searched = await _search_once(context, entry, "deleted")
    await context.close(entry, "done", _outcome(entry, searched=searched))


async def search_again(context: ActionContext, entry: Entry) -> None:
    """Blocklist a release and search its items, but keep the torrent; see `ReSearchStalled`."""
    if entry.step in (ledger.FIRST_STEP, "blocklisting"):
        await read_deletable(context, entry)
        entry = await context.advance(entry, "blocklisting")
        await _blocklist(context, entry)
        entry = await context.advance(entry, "blocklisted")
    searched = await _search_once(context, entry, "blocklisted")
    how = "searched again" if searched else "not searched again"
    await context.close(entry, "done", f"blocklisted; {how}; the torrent stays for now")


async def _blocklist(context: ActionContext, entry: Entry) -> None:
    arr = context.services.arr
    for record_id in entry.notes["record_ids"]:
        await arr.blocklist(record_id)
    history_id = entry.notes.get("history_id")
    if history_id is not None:
        events = await _history(context, entry.infohash, entry.added_at)
        if not any(event.event_type == "downloadFailed" for event in events):  # else that was done before a crash
            await arr.mark_failed(history_id)


async def _history(context: ActionContext, infohash: str, added_at: float) -> list[HistoryRecord]:
    """Read the Arr's history of a download since it was added, newest first."""
    since = added_at - CLOCK_SKEW_SECONDS
    events = await context.services.arr.history(infohash.upper())
    recent = [event for event in events if (from_iso(event.date) or 0) >= since]
    return sorted(recent, key=lambda event: event.id, reverse=True)


async def _search_once(context: ActionContext, entry: Entry, step_before: str) -> bool:
    """Search the items once if `ReSearch` says so; returns whether there was anything to search."""
    items = entry.notes["item_ids"] if entry.notes["research"] else []
    if items and entry.step == step_before:
        entry = await context.advance(entry, "searching")
        await _search(context, entry)
    elif items and not await _search_was_sent(context, entry):
        await _search(context, entry)
    return bool(items)


async def _search(context: ActionContext, entry: Entry) -> None:
    with context.report.operation("search", "search"):
        items = entry.notes["item_ids"]
        await search_after_failure(context.worker, items)
    now = context.clock.wall()
    summary = f"again for {entry.name}"
    await searches.store_last(context.database, entry.category, summary, now)
    context.report.searched(summary, now)


async def _search_was_sent(context: ActionContext, entry: Entry) -> bool:
    """Whether the search that was about to be sent before a crash reached the Arr."""
    items = set(entry.notes["item_ids"])
    kind = context.services.arr.kind
    return any(
        command.name == kind.search_command and items <= set(kind.searched(command.body))
        for command in await context.commands_since(entry.updated_at)
        if command.body is not None
    )


def _outcome(entry: Entry, *, searched: bool) -> str:
    listed = entry.notes["record_ids"] or entry.notes.get("history_id") is not None
    blocklisted = "blocklisted and removed" if listed else "removed"
    files = files_outcome(entry.notes["kept_files"])
    search = "searched again" if searched else "not searched again"
    return f"{blocklisted}; {files}; {search}"
