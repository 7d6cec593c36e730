"""Undo of a removal: out of its quarantine, or added again as it was before.

Adding it again starts at the step `undoing`, so that it is finished after a crash. The torrent that comes back is
another one for qBittorrent: what the ledger has of the old one is carried over to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from qbitrr import logs
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError, RefusedError, ServiceError, UnreachableError
from qbitrr.qbittorrent.restore import KeptTorrent, TorrentSettings
from qbitrr.rules.history import ADDED_AGAIN
from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger
from qbitrr.worker.disk import has_content, on_disk
from qbitrr.worker.torrents.actions import quarantine
from qbitrr.worker.torrents.actions.context import ActionCancelledError, pause
from qbitrr.worker.torrents.actions.writer import admit_return
from qbitrr.worker.torrents.arr_downloads import CLOCK_SKEW_SECONDS

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.writer import ReturnWriter

_log = logs.get(__name__)

UNDOING = "undoing"
_PROTECTED = "no rule removes it for a day"
_ADD_ATTEMPTS = 8  # qBittorrent adds it a moment later


async def undo(context: ActionContext, entry: Entry) -> None:
    """Restore a torrent: out of quarantine, or added again. Raises a ServiceError, ActionCancelledError."""
    if entry.state == "planned" and entry.step in (quarantine.ENTERING, quarantine.INSIDE):
        await quarantine.release(context, entry)
        await _leave_failed_category(context, entry)
        await context.close(entry, "undone", f"released from quarantine, as the user asked for; {_PROTECTED}")
    elif entry.state == "done" and entry.notes.get("torrent_file"):
        await _add_again(context, entry)
    else:
        raise ActionCancelledError("nothing of it can be undone")


async def _leave_failed_category(context: ActionContext, entry: Entry) -> None:
    """Take it out of the category by which the user asked for its removal."""
    writer = await admit_return(context, entry)
    if writer.torrent is None or writer.torrent.category != context.policy.failed_category:
        return
    try:
        await writer.set_category(entry.notes["home"])
    except RefusedError as error:
        _log.warning("torrent stays in its category", torrent=entry.name, because=str(error))


async def _add_again(context: ActionContext, entry: Entry) -> None:
    path = context.quarantine_folder / entry.notes["torrent_file"]
    if not path.exists():
        raise ActionCancelledError("its .torrent file is no longer kept")
    kept_file = path.with_suffix(".json")
    kept = (
        msgspec.json.decode(kept_file.read_bytes(), type=KeptTorrent)
        if kept_file.exists()  # older entries have none
        else KeptTorrent(
            TorrentSettings(entry.infohash, save_path=entry.notes["save_path"]), running=entry.notes["was_running"]
        )
    )
    writer = await admit_return(context, entry)
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is not None and entry.step != UNDOING:
        raise ActionCancelledError("the torrent is there already")
    entry = await context.advance(entry, UNDOING)
    if torrent is None:
        await writer.add(path.read_bytes(), kept.fields(entry.notes["home"], (TAG_QUARANTINE, TAG_PAUSED)))
        torrent = await _added(context, entry)
    await writer.restore(kept)
    blocklist = await _lift_blocklist(context, entry, writer)
    there = await on_disk(False, has_content, f"{kept.settings.save_path}/{entry.name}")
    data = "its data is checked" if there else "its data is downloaded again"
    await writer.resume(kept)
    await ledger.carry_over(context.database, entry, torrent.added_at)
    await context.history.reload(torrent)
    outcome = f"{ADDED_AGAIN}, as the user asked for; {data}; {_PROTECTED}{blocklist}"
    await context.close(replace(entry, added_at=torrent.added_at), "undone", outcome)


async def _added(context: ActionContext, entry: Entry) -> TorrentFacts:
    for attempt in range(_ADD_ATTEMPTS):
        torrent = await context.read(entry.instance, entry.infohash)
        if torrent is not None:
            return torrent
        await pause(attempt)
    raise UnreachableError(entry.instance, "the torrent is not there after it was added")


async def _lift_blocklist(context: ActionContext, entry: Entry, writer: ReturnWriter) -> str:
    """Take the release off the Arr's blocklist if it was put there by this action; returns a clause about it.

    A record of the blocklist has no infohash: it is found by the title of the grab, and by when it was made.
    """
    arr = context.services.arr_client
    if arr is None or entry.action != Action.FAIL:
        return ""
    try:
        events = await arr.history(entry.infohash.upper())
        titles = {event.source_title for event in events if event.source_title}
        since = entry.planned_at - CLOCK_SKEW_SECONDS
        records = [
            one for one in await arr.blocklisted() if one.source_title in titles and (from_iso(one.date) or 0) >= since
        ]
        for record in records:
            await writer.lift_blocklist(record.id)
    except GoneError:
        return ""
    except ServiceError as error:
        _log.warning("release stays blocklisted", torrent=entry.name, error=str(error))
        return "; its release stays blocklisted in the Arr"
    return "; its release is no longer blocklisted" if records else ""
