"""What the Arr says of a download that later imports may have replaced, noted in its torrent's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.supersession import Supersession
from qbitrr.worker.torrents.actions.context import RetryLaterError

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.torrents.actions.context import ActionContext


async def check(context: ActionContext, torrent: TorrentFacts) -> None:
    """Ask the Arr whether a download is superseded; nothing is changed.

    Raises RetryLaterError after many of them within an hour, or a ServiceError; what was noted before stays.
    """
    if context.superseded is not None and (seconds := context.superseded.seconds_until_check()) > 0:
        raise RetryLaterError(seconds)
    await confirm(context, torrent)


async def confirm(context: ActionContext, torrent: TorrentFacts) -> Supersession:
    """Ask the same right before a deletion, at once. Raises a ServiceError."""
    if context.superseded is None:
        return Supersession(False, "RemoveSuperseded is off")
    found = await context.superseded.check(torrent)
    context.history.note(torrent, supersession=found, supersession_checked_at=context.clock.wall())
    return found
