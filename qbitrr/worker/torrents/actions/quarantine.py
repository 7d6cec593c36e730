"""Quarantine before a removal (`Settings.Quarantine`): the torrent is stopped and tagged until its time is over.

With `AutoPauseResume` off it is only tagged. Whoever removes the tag or starts the torrent has rescued it. A quarantine
that ends without a removal, for whatever reason, reverts what it changed: the torrent is started if it ran before,
and loses the tag. The .torrent file and what was set on the torrent are kept for a month, for `undo`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from qbitrr.atomic_file import write_private
from qbitrr.errors import UnreachableError
from qbitrr.qbittorrent.restore import KeptFile, KeptTorrent
from qbitrr.rules import states
from qbitrr.rules.history import BY_A_PERSON
from qbitrr.rules.quarantine import ENTERING, INSIDE, OVER
from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE
from qbitrr.rules.trackers import host_of
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError, pause
from qbitrr.worker.torrents.actions.guards import admit, admit_removal, admit_return

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.guards import TorrentWriter


_CHECK_SECONDS = 5.0
_DOUBT_SECONDS = 600.0
_STOP_ATTEMPTS = 8
_AT_REST = states.STOPPED | states.BUSY | {states.MISSING_FILES, states.ERROR}
_LONGEST_WAIT_SECONDS = 60.0


async def before(context: ActionContext, entry: Entry) -> Entry:
    """Keep the torrent in quarantine before it is removed, if there is one.

    Raises RetryLaterError until its time is over, ActionCancelledError when the user rescued it or it may not be
    deleted, and a ServiceError.
    """
    if entry.step == ledger.FIRST_STEP and context.config.settings.quarantine_seconds > 0:
        entry = await _enter(context, entry)
    return await _stay(context, entry) if entry.step in (ENTERING, INSIDE) else entry


def is_over(context: ActionContext, entry: Entry) -> bool:
    """Whether the time of a removal in quarantine is over, so that its reason is to be judged again."""
    return entry.step == OVER or (entry.step == INSIDE and _left_seconds(context, entry) <= 0)


def as_before(torrent: TorrentFacts, entry: Entry) -> TorrentFacts:
    """The torrent with what the quarantine changed about it as it was before, and with what was known of it then."""
    private = entry.notes.get("private") if torrent.private is None else torrent.private
    return replace(torrent, tags=torrent.tags - {TAG_QUARANTINE}, private=private, **entry.notes.get("running", {}))


async def _enter(context: ActionContext, entry: Entry) -> Entry:
    """Keep the .torrent file and record what is about to be changed."""
    torrent = (await admit_removal(context, entry)).torrent
    notes: dict[str, Any] = {}
    if torrent is not None:
        changes = ("state", "eta_seconds", "availability", "tracker")
        running = {name: getattr(torrent, name) for name in changes}
        notes = {"torrent_file": await _keep(context, entry, torrent), "running": running}
    return await context.advance(
        entry,
        ENTERING,
        until=context.clock.wall() + context.config.settings.quarantine_seconds,
        seconds=context.config.settings.quarantine_seconds,
        was_running=torrent is not None and torrent.state not in states.STOPPED,
        stops=context.config.settings.auto_pause_resume,
        save_path=torrent.save_path if torrent else "",
        **notes,
    )


async def _stay(context: ActionContext, entry: Entry) -> Entry:
    """Stop and tag the torrent, and wait until its time is over."""
    writer = await admit_removal(context, entry)
    if entry.step == ENTERING:
        if writer.torrent is not None:
            await _put_aside(context, entry, writer)
        await context.advance(entry, INSIDE)
        raise RetryLaterError(_CHECK_SECONDS)
    if writer.torrent is not None:
        _check_rescue(context, entry, writer.torrent)
    left_seconds = _left_seconds(context, entry)
    if left_seconds > 0 and writer.torrent is not None:
        raise RetryLaterError(min(left_seconds, _LONGEST_WAIT_SECONDS))
    return await context.advance(entry, OVER)


def _left_seconds(context: ActionContext, entry: Entry) -> float:
    """The time until the quarantine is over, by both clocks: the wall clock may be wrong.

    One that is ahead when the process starts shows in minutes, as it is corrected over the network; so long no
    quarantine is over. More than the whole time is left where one was ahead when the quarantine began.
    """
    whole = float(entry.notes.get("seconds", math.inf))
    left = float(entry.notes["until"] - context.clock.wall())
    now = context.clock.monotonic()
    at_first = whole if left > whole else max(left, min(whole, _DOUBT_SECONDS))
    observed = context.quarantine_ends.setdefault(entry.id, now + at_first) - now
    return observed if left > whole else max(left, observed)


async def _put_aside(context: ActionContext, entry: Entry, writer: TorrentWriter) -> None:
    """Stop and tag the torrent, and verify that it is stopped: qBittorrent does it a moment later."""
    stopped = entry.notes["stops"] and await writer.stop()
    if not context.policy.tagless:
        await writer.add_tags(TAG_QUARANTINE)
    for attempt in range(_STOP_ATTEMPTS):
        torrent = await context.read(entry.instance, entry.infohash)
        if not stopped or torrent is None or torrent.state in _AT_REST:
            return
        await pause(attempt)
    raise UnreachableError(entry.instance, "the torrent still runs after it was stopped")


def _check_rescue(context: ActionContext, entry: Entry, torrent: TorrentFacts) -> None:
    if entry.notes.get("stops", True) and torrent.state not in _AT_REST:
        raise ActionCancelledError(f"{BY_A_PERSON}started it again")
    if TAG_QUARANTINE not in torrent.tags and not context.policy.tagless:
        raise ActionCancelledError(f"{BY_A_PERSON}took it out of quarantine")


async def release(context: ActionContext, entry: Entry) -> None:
    """Revert what a quarantine changed, wherever a removal ends without one. Raises a ServiceError.

    It is started first: a torrent that runs and still has the tag is seen to by whoever goes on after a crash.
    """
    if "until" not in entry.notes:  # it was not put into quarantine
        return
    writer = await admit_return(context, entry)
    if writer.torrent is None:
        return
    if _was_stopped(entry) and writer.torrent.state in states.STOPPED | states.BUSY:
        await writer.start(force=_was_forced(entry))
    if TAG_QUARANTINE in writer.torrent.tags:
        await writer.untag()


def _was_stopped(entry: Entry) -> bool:
    """Whether the torrent ran before its quarantine, and was stopped by it."""
    return bool(entry.notes.get("was_running") and entry.notes.get("stops", True))


def _was_forced(entry: Entry) -> bool:
    """Whether the torrent was started past the queue before its quarantine."""
    return entry.notes.get("running", {}).get("state") in states.FORCED | {states.FORCED_SEEDING}


async def release_left_over(context: ActionContext, entry: Entry) -> None:
    """Release a torrent that has the tag although no removal is under way. Raises a ServiceError.

    It is started only if the ledger knows that its quarantine stopped it.
    """
    writer = await admit(context, entry)
    if writer.torrent is None:
        raise ActionCancelledError("it is gone")
    removals = [
        one
        for one in await ledger.of_torrent(context.database, entry.infohash)
        if (one.key, one.added_at) == (entry.key, entry.added_at) and "until" in one.notes
    ]
    starts = bool(removals) and _was_stopped(removals[-1]) and writer.torrent.state in states.STOPPED
    if starts:
        await (await admit_return(context, entry)).start(force=_was_forced(removals[-1]))
    await writer.remove_tags(TAG_QUARANTINE)
    await context.close(entry, "done", "started and released" if starts else "the tag was removed")


async def _keep(context: ActionContext, entry: Entry, torrent: TorrentFacts) -> str | None:
    """Keep the .torrent file and what was set on the torrent; returns its name, None when there is no file yet."""
    client = context.client(entry.instance)
    content, settings = await client.export(entry.infohash), await client.settings(entry.infohash)
    if content is None or settings is None:
        return None
    files = [KeptFile(file.index, file.name, file.priority) for file in await client.files(entry.infohash)]
    trackers = [row.url for row in await client.trackers(entry.infohash) if host_of(row.url)]
    running = torrent.state not in states.STOPPED or TAG_PAUSED in torrent.tags  # without space for a while
    kept = KeptTorrent(settings, running, tuple(files), tuple(trackers))
    context.quarantine_folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{entry.id}-{entry.infohash}.torrent"
    write_private(context.quarantine_folder / name, content)
    write_private((context.quarantine_folder / name).with_suffix(".json"), msgspec.json.encode(kept))
    return name
