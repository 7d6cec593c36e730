"""Limits, tags and trackers of a torrent, written as the configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.tags import TAG_STALLED, TAG_USELESS
from qbitrr.worker.torrents.actions.context import ActionCancelledError
from qbitrr.worker.torrents.actions.guards import admit

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext


async def adjust(context: ActionContext, entry: Entry) -> None:
    """Write what differs now, which may be less than what was planned.

    What is to be written is worked out again each time, as addresses of trackers may hold secrets and are not kept in
    the ledger. Every part can be repeated. Raises a ServiceError, ActionCancelledError.
    """
    async with context.adjusting:
        await _adjust(context, entry)


async def tag_stalled(context: ActionContext, entry: Entry) -> None:
    """Tag a torrent that may stay stalled. Raises a ServiceError, ActionCancelledError."""
    writer = await admit(context, entry)
    await writer.add_tags(TAG_STALLED)
    await context.close(entry, "done", "tagged")


async def tag_useless(context: ActionContext, entry: Entry) -> None:
    """Tag a torrent that a rule may not fail. Raises a ServiceError, ActionCancelledError."""
    writer = await admit(context, entry)
    await writer.add_tags(TAG_USELESS)
    await context.close(entry, "done", "tagged")


async def untag_stalled(context: ActionContext, entry: Entry) -> None:
    """Remove the tag of a torrent that is no longer stalled. Raises a ServiceError, ActionCancelledError."""
    writer = await admit(context, entry)
    await writer.remove_tags(TAG_STALLED)
    await context.close(entry, "done", "the tag was removed")


async def _adjust(context: ActionContext, entry: Entry) -> None:
    writer = await admit(context, entry)
    if writer.torrent is None:
        raise ActionCancelledError("it is gone")
    change = context.seeding.status(writer.torrent).adjustment
    await writer.adjust(change)
    await context.close(entry, "done", "written" if change else "it was as it should be already")
    context.history.note(entry, adjusted=change, adjusted_at=context.clock.wall())
