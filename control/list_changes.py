"""Lists that are read as a whole: that they changed, without what did. No other event is about their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.state import catalogue, orphans, side_by_side

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from control.events import Events
    from qbitrr.state.database import Database

STAMPS: Mapping[str, Callable[[Database], Awaitable[object]]] = {
    "orphans": orphans.listed_at,
    "comparison": side_by_side.newest_ids,
    "libraries": catalogue.sync_times,
}
"""By the kind of its event, how to read what changes with a list; each costs the same for any size."""


class ListChanges:
    """Publishes which lists changed."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events
        self._version: int | None = None
        self._stamps: dict[str, object] = {}

    async def poll(self, version: int | None) -> None:
        """Publish what changed up to a version of the state file, since the first call."""
        if version == self._version:
            return
        for kind, stamp_of in STAMPS.items():
            stamp = await stamp_of(self._database)
            if stamp != self._stamps.setdefault(kind, stamp):
                self._stamps[kind] = stamp
                self._events.publish_passing(kind, {})
        self._version = version
