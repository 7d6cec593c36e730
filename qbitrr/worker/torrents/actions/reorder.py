"""Moves within the download queue of a qBittorrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ServiceError, StateError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import Action, Verdict, acts
from qbitrr.worker.torrents.actions.guards import admit_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.qbittorrent.models import Torrent
    from qbitrr.worker.torrents.actions.context import ActionContext


async def move(context: ActionContext, instance: str, groups: list[list[str]], torrents: Mapping[str, Torrent]) -> None:
    """Move groups to the top, one after the other; its entry in the ledger is on the torrent that is the first then.

    Raises a ServiceError; the next pass finds what is left to do.
    """
    added_at = {infohash: torrents[infohash].added_on for group in groups for infohash in group}
    first = groups[-1][0]
    torrent = torrent_facts(TorrentKey(instance, first), torrents[first], context.clock.wall())
    facts = {"moved": sum(map(len, groups)), "requests": len(groups)}
    because = "the queue is not in the order of the trackers' priorities"
    verdict = Verdict(("sort_torrents",), (acts(Action.SORT, because, **facts),))
    try:
        entry = await context.plan(torrent, verdict, Action.SORT, {})
    except StateError:  # another action on it is open; the next pass tries again
        return
    try:
        for group in groups:
            writer = await admit_queue(context, instance, {infohash: added_at[infohash] for infohash in group})
            await writer.to_the_top(group)
    except ServiceError as error:
        await context.close(entry, "failed", str(error))
        raise
    await context.close(entry, "done", "it is the first now; the others follow by priority")
