"""qBittorrent's download queue in the order of the trackers' priorities (`SortTorrents`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class QueuePosition(Struct, frozen=True, gc=False):
    """A torrent in the queue. `position` counts from 1 and is 0 outside the queue, as of every complete torrent."""

    infohash: str
    position: int
    priority: int


def to_the_top(positions: Iterable[QueuePosition]) -> list[list[str]]:
    """List the groups to move to the top of the queue, one after the other, to put it in order; none if it is.

    Torrents of the same priority keep their order. A group keeps its own order when it is moved, so that there are
    only as many moves as places where the order is wrong. Torrents that are not given end up below those moved.
    """
    queued = sorted((one for one in positions if one.position > 0), key=lambda one: one.position)
    in_order = sorted(queued, key=lambda one: -one.priority)
    runs: list[list[QueuePosition]] = []
    for one in in_order:
        if runs and runs[-1][-1].position < one.position:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [[one.infohash for one in run] for run in reversed(runs[:-1])]
