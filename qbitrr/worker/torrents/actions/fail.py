"""Failed torrent: its release is blocklisted in the Arr, the torrent deleted, and its items searched once.

What the Arr has blocklisted is known by its history alone: an answer to a removal from its queue proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from qbitrr.arr import library
from qbitrr.arr.facts import grabs, is_interactive
from qbitrr.arr.kinds import FAILED
from qbitrr.errors import GoneError, UnexpectedAnswerError
from qbitrr.rules.quarantine import OVER
from qbitrr.rules.search import again
from qbitrr.rules.search.again import SearchAgain
from qbitrr.rules.torrents.user_categories import failed_by_user
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger, searches
from qbitrr.worker.search.budget import search_after_failure
from qbitrr.worker.torrents.actions import import_proof, importing, quarantine
from qbitrr.worker.torrents.actions.context import ActionCancelledError, pause
from qbitrr.worker.torrents.actions.guards import admit, admit_removal
from qbitrr.worker.torrents.actions.remove import delete, removal_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.arr.models import HistoryRecord
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.imports import ImportProof
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.guards import TorrentWriter

BLOCKLISTING, BLOCKLISTED, DELETED, SEARCHING = "blocklisting", "blocklisted", "deleted", "searching"

_CONFIRM_ATTEMPTS = 3  # the history is written before the Arr answers


async def notes_for(context: ActionContext, torrent: TorrentFacts, queue: QueueFacts | None) -> dict[str, Any]:
    """Collect what failing a torrent will need. Nothing is changed yet; raises a ServiceError.

    The items are those that the queue names. A download that the Arr does not list is found in its history.
    """
    records = await _history(context, torrent)
    kind = context.services.arr.kind
    items = (item for grab in grabs(records) if (item := kind.item_of(grab)))
    return {
        "complete": torrent.complete,
        "research": context.config.arr.research,
        "record_ids": queue.record_ids if queue is not None else (),
        "item_ids": queue.item_ids if queue is not None else () if _is_failed(records) else tuple(dict.fromkeys(items)),
        "grabbed": bool(grabs(records)),
    }


async def fail(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached.

    Raises a ServiceError, ActionCancelledError when it must not go on, RetryLaterError when it has to wait.
    """
    if entry.step == ledger.FIRST_STEP:
        await _check_imports(context, entry)
    entry = await quarantine.before(context, entry)
    if entry.step in (ledger.FIRST_STEP, OVER, BLOCKLISTING):
        writer = await admit_removal(context, entry)
        if entry.step != BLOCKLISTING:
            await _check_imports(context, entry)
        entry = await _blocklist(context, writer, entry)
    if entry.step == BLOCKLISTED:
        entry = await context.advance(await delete(context, entry, BLOCKLISTED), DELETED)
    searched = await _search_once(context, entry, DELETED)
    outcomes = _blocklist_outcome(entry), removal_outcome(entry), _search_outcome(searched)
    await context.close(entry, "done", "; ".join(outcomes))


async def search_again(context: ActionContext, entry: Entry) -> None:
    """Blocklist a release and search its items, but keep the torrent; see `ReSearchStalled`."""
    if entry.step in (ledger.FIRST_STEP, BLOCKLISTING):
        entry = await _blocklist(context, await admit_removal(context, entry), entry)
    await admit_removal(context, entry)  # who protects it meanwhile needs no other one
    searched = await _search_once(context, entry, BLOCKLISTED)
    outcome = f"{_blocklist_outcome(entry)}; {_search_outcome(searched)}; the torrent stays for now"
    await context.close(entry, "done", outcome)


async def fail_rest(context: ActionContext, entry: Entry) -> None:
    """Blocklist a release of which the Arr imported a part, and search what is missing.

    The torrent stays and goes on as an imported one. The Arr counts everything of it as failed then, so that what is
    missing is worked out before.
    """
    if entry.step == ledger.FIRST_STEP:
        proof = await _proof(context, entry)
        if proof.whole or not proof.imported:
            raise ActionCancelledError("it is imported as a whole, or nothing of it is")
        entry = await context.advance(entry, entry.step, item_ids=sorted(proof.missing))
    if entry.step in (ledger.FIRST_STEP, BLOCKLISTING):
        entry = await _blocklist(context, await admit(context, entry), entry)
    await admit(context, entry)  # who protects it meanwhile needs no other one
    searched = await _search_once(context, entry, BLOCKLISTED)
    await importing.tag(context, entry)
    missing = f"what is missing is {_search_outcome(searched)}"
    await context.close(entry, "done", f"imported in part; {_blocklist_outcome(entry)}; {missing}; the torrent stays")


async def _proof(context: ActionContext, entry: Entry) -> ImportProof:
    records = await context.downloads.history(entry.infohash, entry.added_at)
    albums = await import_proof.complete_albums(context, records)
    return import_proof.proof(context, records, entry.notes["item_ids"], albums)


async def _check_imports(context: ActionContext, entry: Entry) -> None:
    """Raise ActionCancelledError when the Arr has imported something of a complete torrent that rules fail."""
    if not entry.notes.get("complete") or entry.rule == failed_by_user.__name__:
        return
    proof = await _proof(context, entry)
    if proof.imported:
        context.history.note(entry, proof=proof)
        raise ActionCancelledError("the Arr has imported something of it")


# -- blocklist --------------------------------------------------------------------------------------------------------


async def _blocklist(context: ActionContext, writer: TorrentWriter, entry: Entry) -> Entry:
    """Have the Arr blocklist what it grabbed, and prove it by its history; what it did not grab it cannot blocklist."""
    entry = await context.advance(entry, BLOCKLISTING)
    grab = next(iter(grabs(await _history(context, entry))), None)
    if grab is None:
        return await context.advance(entry, BLOCKLISTED, grabbed=False)
    if not await _is_blocklisted(context, entry):
        for record_id in entry.notes["record_ids"]:
            if await writer.blocklist(record_id):  # the others are gone with it
                break
        if not await _is_blocklisted(context, entry):  # the queue did not list it: as after a restart of the Arr
            entry = await _mark_failed(context, writer, entry, grab)
    return await context.advance(entry, BLOCKLISTED, grabbed=True)


async def _mark_failed(context: ActionContext, writer: TorrentWriter, entry: Entry, grab: HistoryRecord) -> Entry:
    """Fail a download by its grab. The Arr may search by itself then: qbitrr does not search as well."""
    arr = context.services.arr
    searches_itself = (await arr.download_settings()).searches_again(interactive=is_interactive(grab))
    research = entry.notes["research"] and not searches_itself
    entry = await context.advance(entry, BLOCKLISTING, research=research, searches_itself=searches_itself)
    await writer.mark_failed(grab.id)
    for attempt in range(_CONFIRM_ATTEMPTS):
        if await _is_blocklisted(context, entry):
            return entry
        await pause(attempt)
    raise UnexpectedAnswerError(arr.section, "the release was failed, but the history does not show it as failed")


async def _is_blocklisted(context: ActionContext, entry: Entry) -> bool:
    return _is_failed(await _history(context, entry))


def _is_failed(records: Sequence[HistoryRecord]) -> bool:
    """Whether a release was failed after it was last grabbed."""
    last = max((record.id for record in grabs(records)), default=0)
    return any(record.event_type == FAILED and record.id > last for record in records)


async def _history(context: ActionContext, subject: TorrentFacts | Entry) -> list[HistoryRecord]:
    """Read the events of a download since its torrent was added; all of them when no grab is among those.

    It may have been added again after its grab, or the clock of its client be ahead.
    """
    records = await context.downloads.history(subject.infohash, subject.added_at)
    return records if grabs(records) else await context.services.arr.history(subject.infohash.upper())


def _blocklist_outcome(entry: Entry) -> str:
    return "blocklisted" if entry.notes.get("grabbed", True) else "not blocklisted, as the Arr did not grab it"


# -- search -----------------------------------------------------------------------------------------------------------


async def _search_once(context: ActionContext, entry: Entry, step_before: str) -> str:
    """Search the items once if `ReSearch` says so; returns who searched them, empty for no one."""
    if entry.notes.get("searches_itself"):
        return "the Arr"
    items = entry.notes["item_ids"] if entry.notes["research"] else []
    if not items:
        return ""
    if entry.step == step_before:
        chosen = msgspec.to_builtins(await _searches(context, entry))
        entry = await context.advance(entry, SEARCHING, searches=chosen)
        sent: list[SearchAgain] = []
    else:
        sent = await _sent(context, entry)
    left = [search for search in _chosen(entry) if search not in sent]
    if left:
        await _search(context, entry, left)
    return "qbitrr"


async def _searches(context: ActionContext, entry: Entry) -> tuple[SearchAgain, ...]:
    """Choose the searches, which are those that the Arr itself would make."""
    arr, items = context.services.arr, entry.notes["item_ids"]
    if arr.kind.name != "sonarr" or len(items) == 1:
        return (SearchAgain(tuple(items)),)
    try:
        series_id = await library.series_of_episode(arr, items[0])
    except GoneError:
        return (SearchAgain(tuple(items)),)
    seasons = await library.seasons_of_episodes(arr, series_id)
    if entry.action == Action.FAIL_REST:
        return again.for_missing_episodes(items, series_id, seasons)
    several = len({seasons[item] for item in items if item in seasons}) > 1
    unmonitored = await library.unmonitored_seasons(arr, series_id) if several else set()
    return again.for_episodes(items, series_id, seasons, unmonitored)


def _chosen(entry: Entry) -> list[SearchAgain]:
    """The searches of an entry; one of an earlier version searches all items together."""
    stored = entry.notes.get("searches")
    return (
        [SearchAgain(tuple(entry.notes["item_ids"]))] if stored is None else msgspec.convert(stored, list[SearchAgain])
    )


async def _search(context: ActionContext, entry: Entry, left: list[SearchAgain]) -> None:
    with context.report.operation("search", "search"):
        await search_after_failure(context.worker, entry.notes["item_ids"], left)
    now = context.clock.wall()
    summary = f"again for {entry.name}"
    await searches.store_last(context.database, entry.category, summary, now)
    context.report.searched(summary, now)


async def _sent(context: ActionContext, entry: Entry) -> list[SearchAgain]:
    """Find the searches that were about to be sent before a crash and reached the Arr."""
    kind, found = context.services.arr.kind, []
    bodies = [(one.name, one.body) for one in await context.commands_since(entry.updated_at) if one.body is not None]
    for search in _chosen(entry):
        for name, body in bodies:
            if search.series_id is None:
                same = name == kind.search_command and set(search.item_ids) <= set(kind.searched(body))
            else:
                same = (name, body.series_id, body.season_number) == (search.command, search.series_id, search.season)
            if same:
                found.append(search)
                break
    return found


def _search_outcome(searched: str) -> str:
    return {"": "not searched again", "the Arr": "searched again by the Arr itself"}.get(searched, "searched again")
