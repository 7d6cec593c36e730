"""Quarantine before a removal (`Settings.Quarantine`): the torrent is stopped and tagged until its time is over.

Whoever removes the tag or starts the torrent has rescued it. The .torrent file is kept for a month, so that the removal
can be undone afterwards too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.errors import UnreachableError
from qbitrr.rules import states
from qbitrr.rules.history import BY_A_PERSON
from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.state import ledger
from qbitrr.worker.disk import has_content, on_disk
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError, pause
from qbitrr.worker.torrents.actions.safety_checks import read_deletable

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

ENTERING, INSIDE, OVER = "quarantining", ledger.QUARANTINED, "quarantine is over"
_KEPT_SECONDS = 30 * 86400.0
_CHECK_SECONDS = 5.0
_STOP_ATTEMPTS = 8
_AT_REST = states.STOPPED | states.BUSY | {states.MISSING_FILES, states.ERROR}
_LONGEST_WAIT_SECONDS = 60.0


async def before(context: ActionContext, entry: Entry) -> Entry:
    """Keep the torrent in quarantine before it is removed, if there is one.

    Raises RetryLaterError until its time is over, ActionCancelledError when the user rescued it or it may not be
    deleted, and a ServiceError.
    """
    if entry.step == ledger.FIRST_STEP and context.config.settings.quarantine_seconds > 0:
        await read_deletable(context, entry)
        entry = await _enter(context, entry)
    return await _stay(context, entry) if entry.step in (ENTERING, INSIDE) else entry


async def _enter(context: ActionContext, entry: Entry) -> Entry:
    """Keep the .torrent file and record what is about to be changed."""
    torrent = await context.read_for(entry)
    return await context.advance(
        entry,
        ENTERING,
        until=context.clock.wall() + context.config.settings.quarantine_seconds,
        was_running=torrent is not None and torrent.state not in states.STOPPED,
        save_path=torrent.save_path if torrent else "",
        torrent_file=await _export(context, entry) if torrent else None,
    )


async def _stay(context: ActionContext, entry: Entry) -> Entry:
    """Stop and tag the torrent, and wait until its time is over."""
    if entry.step == ENTERING:
        if await read_deletable(context, entry) is not None:
            await _stop(context, entry)
        entry = await context.advance(entry, INSIDE)
        raise RetryLaterError(_CHECK_SECONDS)
    torrent = await read_deletable(context, entry)
    if torrent is not None:
        await _check_rescue(context, entry, torrent)
    left_seconds = entry.notes["until"] - context.clock.wall()
    if left_seconds > 0 and torrent is not None:
        raise RetryLaterError(min(left_seconds, _LONGEST_WAIT_SECONDS))
    return await context.advance(entry, OVER)


async def _stop(context: ActionContext, entry: Entry) -> None:
    """Stop and tag the torrent, and verify it: qBittorrent does it a moment later."""
    client = context.client(entry.instance)
    await client.stop([entry.infohash])
    if not context.policy.tagless:
        await client.add_tags([entry.infohash], TAG_QUARANTINE)
    for attempt in range(_STOP_ATTEMPTS):
        torrent = await context.read(entry.instance, entry.infohash)
        if torrent is None or torrent.state in _AT_REST:
            return
        await pause(attempt)
    raise UnreachableError(entry.instance, "the torrent still runs after it was stopped")


async def _check_rescue(context: ActionContext, entry: Entry, torrent: TorrentFacts) -> None:
    if torrent.state not in _AT_REST:
        if TAG_QUARANTINE in torrent.tags:
            await context.client(entry.instance).remove_tags([entry.infohash], TAG_QUARANTINE)
        raise ActionCancelledError(f"{BY_A_PERSON}started it again")
    if TAG_QUARANTINE not in torrent.tags and not context.policy.tagless:
        raise ActionCancelledError(f"{BY_A_PERSON}took it out of quarantine")


async def undo(context: ActionContext, entry: Entry) -> None:
    """Restore a torrent: out of quarantine, or added again. Raises a ServiceError, ActionCancelledError."""
    if entry.state == "planned" and entry.step in (ENTERING, INSIDE):
        await _release(context, entry)
    elif entry.state == "done" and entry.notes.get("torrent_file"):
        await _add_again(context, entry)
    else:
        raise ActionCancelledError("nothing of it can be undone")


async def _release(context: ActionContext, entry: Entry) -> None:
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is None:
        raise ActionCancelledError("the torrent is gone")
    client = context.client(entry.instance)
    await client.remove_tags([entry.infohash], TAG_QUARANTINE)
    if entry.notes["was_running"]:
        await client.start([entry.infohash])
    await context.close(entry, "undone", "released from quarantine, as the user asked for")


async def _add_again(context: ActionContext, entry: Entry) -> None:
    path = context.quarantine_folder / entry.notes["torrent_file"]
    if not path.exists():
        raise ActionCancelledError("its .torrent file is no longer kept")
    save_path, client = entry.notes["save_path"], context.client(entry.instance)
    if entry.infohash not in await client.torrents([entry.infohash]):
        category = entry.notes["home"]
        await client.add(path.read_bytes(), save_path=save_path, category=category, tags=[])
    there = await on_disk(False, has_content, f"{save_path}/{entry.name}")
    data = "its data is checked" if there else "its data is downloaded again"
    await context.close(entry, "undone", f"added again, as the user asked for; {data}")


async def _export(context: ActionContext, entry: Entry) -> str | None:
    """Keep the .torrent file; returns its name, None when qBittorrent has none yet."""
    content = await context.client(entry.instance).export(entry.infohash)
    if content is None:
        return None
    context.quarantine_folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{entry.id}-{entry.infohash}.torrent"
    write_private(context.quarantine_folder / name, content)
    return name


def tidy(folder: Path, now: float) -> None:
    """Delete .torrent files that were kept for a month."""
    for path in folder.glob("*.torrent"):
        if path.stat().st_mtime < now - _KEPT_SECONDS:
            path.unlink(missing_ok=True)
            _log.info("torrent file was deleted", file=path.name)
