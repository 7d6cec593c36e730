"""Checks made right before a deletion, on the torrent as it is then. Any of them cancels the action.

The torrent became complete; the Arr has something of it after all; hit-and-run minimums are not met; no download needs
its space any more. Made before a release is blocklisted, and again before its torrent is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.torrents.room import room_needed
from qbitrr.rules.torrents.superseded import superseded, unproven_by
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.worker.torrents.actions import room, supersession
from qbitrr.worker.torrents.actions.context import ActionCancelledError

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext


async def read_deletable(context: ActionContext, entry: Entry) -> TorrentFacts | None:
    """Read the torrent and check that it may be deleted; None when it is gone. Raises ActionCancelledError."""
    torrent = await context.read_for(entry)
    if torrent is None:
        return None
    if torrent.complete and not entry.notes.get("complete", False):
        raise ActionCancelledError("it became complete meanwhile")
    if entry.rule == superseded.__name__:
        found = await supersession.confirm(context, torrent)
        if (unproven := unproven_by(found, context.policy)) is not None:
            raise ActionCancelledError(f"that it is superseded is not proven any more: {unproven}")
    if entry.rule == room_needed.__name__:
        await room.confirm(context, entry, torrent)
    if entry.action in DESTRUCTIVE:
        clearance = await context.seeding.final_clearance(torrent)
        if not clearance.granted:
            raise ActionCancelledError(clearance.because)
    return torrent
