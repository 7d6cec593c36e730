"""What the Arr says of a download that later imports may have replaced, noted in its torrent's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.supersession import Supersession

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.torrents.actions.context import ActionContext


async def check(context: ActionContext, torrent: TorrentFacts) -> Supersession:
    """Ask the Arr whether a download is superseded, and note what it says; nothing is changed.

    Raises a ServiceError; what was noted before stays.
    """
    if context.superseded is None:
        return Supersession(False, "RemoveSuperseded is off")
    found = await context.superseded.check(torrent)
    context.history.note(torrent, supersession=found, supersession_checked_at=context.clock.wall())
    return found
