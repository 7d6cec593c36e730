"""Limits, tags and trackers of a torrent, written as the configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.tags import TAG_STALLED, TAG_USELESS
from qbitrr.worker.torrents.actions.context import ActionCancelledError

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
    await context.read_for(entry)
    await context.client(entry.instance).add_tags([entry.infohash], TAG_STALLED)
    await context.close(entry, "done", "tagged")


async def tag_useless(context: ActionContext, entry: Entry) -> None:
    """Tag a torrent that a rule may not fail. Raises a ServiceError, ActionCancelledError."""
    await context.read_for(entry)
    await context.client(entry.instance).add_tags([entry.infohash], TAG_USELESS)
    await context.close(entry, "done", "tagged")


async def untag_stalled(context: ActionContext, entry: Entry) -> None:
    """Remove the tag of a torrent that is no longer stalled. Raises a ServiceError, ActionCancelledError."""
    await context.read_for(entry)
    await context.client(entry.instance).remove_tags([entry.infohash], TAG_STALLED)
    await context.close(entry, "done", "the tag was removed")


async def _adjust(context: ActionContext, entry: Entry) -> None:
    torrent = await context.read_for(entry)
    if torrent is None:
        raise ActionCancelledError("it is gone")
    change, client, infohash = (
        context.seeding.status(torrent).adjustment,
        context.client(entry.instance),
        entry.infohash,
    )
    if change.remove_trackers:
        await client.remove_trackers(infohash, change.remove_trackers)
    if change.add_trackers:
        await client.add_trackers(infohash, change.add_trackers)
    if change.tags.add:
        await client.add_tags([infohash], *change.tags.add)
    if change.tags.remove:
        await client.remove_tags([infohash], *change.tags.remove)
    if change.settings.download_limit is not None:
        await client.set_download_limit([infohash], change.settings.download_limit)
    if change.settings.upload_limit is not None:
        await client.set_upload_limit([infohash], change.settings.upload_limit)
    if change.settings.super_seed:
        await client.super_seed([infohash])
    await context.close(entry, "done", "written" if change else "it was as it should be already")
    context.history.note(entry, adjusted=change, adjusted_at=context.clock.wall())
