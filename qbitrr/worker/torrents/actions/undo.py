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
from qbitrr.rules.quarantine import UNDO_REFUSED, UNDOING, Undo, undo_of
from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger
from qbitrr.worker.disk import has_content, on_disk
from qbitrr.worker.torrents.actions import quarantine
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError, pause
from qbitrr.worker.torrents.actions.guards import admit_return
from qbitrr.worker.torrents.arr_downloads import CLOCK_SKEW_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.guards import ReturnWriter

_log = logs.get(__name__)

_PROTECTED = "no rule removes it for a day"
_ADD_ATTEMPTS = 8  # qBittorrent adds it a moment later
_DISK_SECONDS = 10.0


async def undo(context: ActionContext, entry: Entry) -> None:
    """Restore a torrent: out of quarantine, or added again.

    Raises a ServiceError, ActionCancelledError, or RetryLaterError while the disk does not answer.
    """
    if entry.instance not in context.services.qbittorrents:
        raise ActionCancelledError(f"{entry.instance} is not configured")
    match undo_of(entry.action, entry.state, entry.step, entry.notes):
        case Undo.RELEASE:
            await _release(context, entry)
        case Undo.ADD_AGAIN:
            await _add_again(context, entry)
        case None:
            raise ActionCancelledError("nothing of it can be undone")


async def _release(context: ActionContext, entry: Entry) -> None:
    """Release it from its quarantine; one that was deleted there by someone else is added again."""
    if (await admit_return(context, entry)).torrent is None:
        gone = "it was deleted in its quarantine, by someone else"
        if not entry.notes.get("torrent_file"):
            await context.close(entry, "undone", f"{gone}; no .torrent file is kept of it")
            return
        await context.close(entry, "done", gone)
        await _add_again(context, replace(entry, state="done"))
        return
    await quarantine.release(context, entry)
    await _leave_failed_category(context, entry)
    await context.close(entry, "undone", f"released from quarantine, as the user asked for; {_PROTECTED}")


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
    content = await _read_kept(path)
    if content is None:
        raise ActionCancelledError("its .torrent file is no longer kept")
    kept = await _kept(path, entry)
    writer = await admit_return(context, entry)
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is not None and entry.step != UNDOING:
        raise ActionCancelledError("the torrent is there already")
    before, entry = entry, await context.advance(entry, UNDOING)
    if torrent is None:
        try:
            await writer.add(content, kept.fields(entry.notes["home"], (TAG_QUARANTINE, TAG_PAUSED)))
        except RefusedError as error:
            await context.advance(before, before.step, **{UNDO_REFUSED: True})
            raise ActionCancelledError(f"qBittorrent does not accept its .torrent file: {error}") from error
        torrent = await _added(context, entry)
    await writer.restore(kept)
    blocklist = await _lift_blocklist(context, entry, writer)
    there = await on_disk(False, has_content, f"{kept.settings.save_path}/{entry.name}")
    data = "its data is checked" if there else "its data is downloaded again"
    await writer.resume(kept)
    await ledger.carry_over(context.database, entry, torrent.added_at)
    await context.history.recall([torrent])
    outcome = f"{ADDED_AGAIN}, as the user asked for; {data}; {_PROTECTED}{blocklist}"
    await context.close(replace(entry, added_at=torrent.added_at), "undone", outcome)


async def _read_kept(path: Path) -> bytes | None:
    """Read a file that is kept of it; None when there is none. Raises RetryLaterError while that is not known."""
    found: bytes | bool | None = await on_disk(False, _read, path)
    if isinstance(found, bool):
        raise RetryLaterError(_DISK_SECONDS)
    return found


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


async def _kept(path: Path, entry: Entry) -> KeptTorrent:
    """Read what was set on the torrent; entries of an earlier version have its save path only."""
    settings = await _read_kept(path.with_suffix(".json"))
    if settings is None:
        running = entry.notes.get("was_running", True)
        return KeptTorrent(TorrentSettings(entry.infohash, save_path=entry.notes["save_path"]), running=running)
    try:
        return msgspec.json.decode(settings, type=KeptTorrent)
    except msgspec.DecodeError as error:
        raise ActionCancelledError(f"{path.with_suffix('.json').name} is unreadable: {error}") from error


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
    if arr is None or entry.action != Action.FAIL or not entry.notes.get("grabbed", True):
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
    except GoneError:  # the user was faster, or this version of the Arr has no such list
        records = []
    except ServiceError as error:
        _log.warning("release stays blocklisted", torrent=entry.name, error=str(error))
        return "; its release stays blocklisted in the Arr"
    return "; its release is no longer blocklisted" if records else "; its release may still be blocklisted in the Arr"
