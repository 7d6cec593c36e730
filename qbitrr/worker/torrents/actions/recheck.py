"""Recheck of a torrent's data, and its return to the category that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import RefusedError
from qbitrr.rules import states
from qbitrr.rules.delays import over_at
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.guards import admit

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.guards import TorrentWriter

_START_SECONDS = 5.0  # until qBittorrent shows that it checks
_CHECK_SECONDS = 3.0


async def recheck(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached. Raises a ServiceError, ActionCancelledError, or RetryLaterError."""
    if entry.step in (ledger.FIRST_STEP, "sending"):
        writer = await admit(context, entry)
        if writer.torrent is None:
            raise ActionCancelledError("it is gone")
        entry = await context.advance(entry, "sending")
        await writer.recheck()
        entry = await context.advance(entry, "checking")
    writer = await admit(context, entry)
    torrent = writer.torrent
    if torrent is None:
        raise ActionCancelledError("it is gone")
    if torrent.state in states.BUSY:
        raise RetryLaterError(_CHECK_SECONDS)
    if over_at(entry.updated_at, _START_SECONDS, context.clock.wall()) is not None:
        raise RetryLaterError(1.0)
    outcome = f"checked; it is now {torrent.state} with {torrent.progress:.0%} of its data"
    if torrent.category == context.policy.recheck_category:
        category = context.ownership.category_of(entry.key)
        await _return(writer, category)
        outcome += f"; back in {category}"
    await context.close(entry, "done", outcome)


async def _return(writer: TorrentWriter, category: str) -> None:
    try:
        await writer.set_category(category)
    except RefusedError as error:
        raise ActionCancelledError(f"checked, but its category {category} does not exist any more") from error
