"""Removed torrent: deleted, and verified to be gone. For one whose seeding is over, and one without an Arr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import UnreachableError
from qbitrr.worker.torrents.actions import quarantine
from qbitrr.worker.torrents.actions.context import pause
from qbitrr.worker.torrents.actions.guards import admit_removal
from qbitrr.worker.torrents.actions.shared_content import shares_data

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

DELETING = "deleting"

_GONE_SECONDS = 30.0  # deleting is asynchronous in qBittorrent; large data takes a while


async def remove(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached.

    Raises a ServiceError, ActionCancelledError when it must not go on, RetryLaterError when it has to wait.
    """
    entry = await quarantine.before(context, entry)
    entry = await delete(context, await context.advance(entry, DELETING))
    await context.close(entry, "done", removal_outcome(entry))


async def delete(context: ActionContext, entry: Entry) -> Entry:
    """Delete the torrent and verify that it is gone; notes whether its files had to stay."""
    torrent = await context.read_for(entry)
    if torrent is None:
        return entry
    shared = await shares_data(context, torrent)
    entry = await context.advance(entry, entry.step, kept_files=shared)
    writer = await admit_removal(context, entry)
    await writer.delete(with_files=not shared)
    entry = await context.advance(entry, entry.step, deletion_sent=True)
    deadline = context.clock.monotonic() + _GONE_SECONDS
    attempt = 0
    while await context.read(entry.instance, entry.infohash) is not None:
        if context.clock.monotonic() > deadline:
            raise UnreachableError(entry.instance, "the torrent is still there after it was deleted")
        await pause(attempt)
        attempt += 1
    return entry


def removal_outcome(entry: Entry) -> str:
    """What became of the torrent and its files, as a clause for the ledger."""
    match entry.notes.get("kept_files"):
        case None:
            return "it was gone already"
        case True:
            return "removed; its files stay, another torrent may need them"
        case _:
            return "removed; its files are deleted"
