"""qBittorrent's download queue in the order of the trackers' priorities (`SortTorrents`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class QueuePosition(Struct, frozen=True, gc=False):
    """A torrent in the queue. `position` counts from 1; 0 is not in the queue, as every torrent that is complete."""

    infohash: str
    position: int
    priority: int


def to_the_top(places: Iterable[QueuePosition]) -> list[list[str]]:
    """The groups to move to the top of the queue, one after the other, so that it is in order; none when it is.

    Torrents of the same priority stay in the order in which they are. A group keeps its own order when it is moved,
    so there are only as many moves as there are places where the order is wrong. Torrents that are not named here
    end up below the ones that are moved.
    """
    queued = sorted((place for place in places if place.position > 0), key=lambda place: place.position)
    wanted = sorted(queued, key=lambda place: -place.priority)
    runs: list[list[QueuePosition]] = []
    for place in wanted:
        if runs and runs[-1][-1].position < place.position:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [[place.infohash for place in run] for run in reversed(runs[:-1])]
