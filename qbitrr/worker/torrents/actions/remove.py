"""Removed torrent: deleted, and verified to be gone. For one whose seeding is over, and one without an Arr.

Its files stay when another torrent may need them. While another qBittorrent does not answer that is not known: the
deletion waits for it, within bounds, and keeps the files after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import ServiceError, UnreachableError
from qbitrr.rules.delays import over_at
from qbitrr.rules.verdict import Action
from qbitrr.worker.torrents.actions import quarantine
from qbitrr.worker.torrents.actions.context import RetryLaterError, pause
from qbitrr.worker.torrents.actions.guards import admit_removal
from qbitrr.worker.torrents.actions.shared_content import shares_data

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

DELETING = "deleting"

_GONE_SECONDS = 30.0  # deleting is asynchronous in qBittorrent; large data takes a while
_PATIENCE_SECONDS = 86_400.0
_PATIENCE_OF_FAILURES_SECONDS = 3600.0  # what is missing is searched after the deletion
_ASK_SECONDS = 300.0


async def remove(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached.

    Raises a ServiceError, ActionCancelledError when it must not go on, RetryLaterError when it has to wait.
    """
    entry = await delete(context, await quarantine.before(context, entry), DELETING)
    await context.close(entry, "done", removal_outcome(entry))


async def delete(context: ActionContext, entry: Entry, step: str) -> Entry:
    """Delete the torrent and verify that it is gone; notes whether its files had to stay.

    `step` is reached once that is known: one that waits for it is judged again if it was to be judged before.
    """
    torrent = await context.read_for(entry)
    if torrent is None:
        return entry
    entry = await context.advance(entry, step, **await _about_files(context, entry, torrent))
    writer = await admit_removal(context, entry)
    await writer.delete(with_files=not entry.notes["kept_files"])
    entry = await context.advance(entry, entry.step, deletion_sent=True)
    deadline = context.clock.monotonic() + _GONE_SECONDS
    attempt = 0
    while await context.read(entry.instance, entry.infohash) is not None:
        if context.clock.monotonic() > deadline:
            raise UnreachableError(entry.instance, "the torrent is still there after it was deleted")
        await pause(attempt)
        attempt += 1
    return entry


async def _about_files(context: ActionContext, entry: Entry, torrent: TorrentFacts) -> dict[str, object]:
    """Find out whether its files have to stay, and which qBittorrent was waited for in vain.

    Raises RetryLaterError while another one is waited for, and a ServiceError when its own does not answer.
    """
    try:
        return {"kept_files": await shares_data(context, torrent), "silent": ""}
    except ServiceError as error:
        if error.service == entry.instance:
            raise
        await _be_patient(context, entry, error)
        return {"kept_files": True, "silent": error.service}


async def _be_patient(context: ActionContext, entry: Entry, error: ServiceError) -> None:
    """Raise RetryLaterError until another qBittorrent was waited for long enough."""
    now = context.clock.wall()
    if "silent_since" not in entry.notes:
        _log.warning("deletion waits for another qBittorrent", torrent=entry.name, because=str(error))
        entry = await context.advance(entry, entry.step, silent_since=now)
    patience = _PATIENCE_OF_FAILURES_SECONDS if entry.action == Action.FAIL else _PATIENCE_SECONDS
    over = over_at(entry.notes["silent_since"], patience, now)
    if over is not None:
        raise RetryLaterError(min(_ASK_SECONDS, over - now))


def removal_outcome(entry: Entry) -> str:
    """What became of the torrent and its files, as a clause for the ledger."""
    match entry.notes.get("kept_files"):
        case None:
            return "it was gone already"
        case True if silent := entry.notes.get("silent"):
            return f"removed; its files stay: a torrent of {silent}, which did not answer for long, may need them"
        case True:
            return "removed; its files stay, another torrent may need them"
        case _:
            return "removed; its files are deleted"
