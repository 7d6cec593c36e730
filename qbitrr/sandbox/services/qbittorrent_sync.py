"""`sync/maindata`: everything at first, then only what changed since the answer that the caller names.

Each login has its own memory of the last answer and of the one before, as in the real application: whoever did not
get the last answer asks again with the number before and loses nothing; any other number gives everything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

Section = dict[str, Any]


class Snapshot(NamedTuple):
    """What there is at one moment. Its rows are shared between snapshots and never changed."""

    torrents: Section
    categories: Section
    trackers: Section
    tags: frozenset[str]
    server_state: Section


EMPTY = Snapshot({}, {}, {}, frozenset(), {})


class SyncMemory(Struct):
    """What was sent to one login; `empty_sections` of a full answer are sent by 4.x only."""

    empty_sections: bool
    last_rid: int = 0
    last: Snapshot = EMPTY
    accepted_rid: int = 0
    accepted: Snapshot = EMPTY

    def answer(self, rid: int, now: Snapshot) -> dict[str, Any]:
        """The answer to a caller whose last answer had number `rid`."""
        if rid and rid == self.last_rid:
            self.accepted_rid, self.accepted = self.last_rid, self.last
        full = not rid or rid != self.accepted_rid
        if full:
            self.accepted_rid, self.accepted = 0, EMPTY
        self.last_rid, self.last = self.last_rid % 1_000_000 + 1, now
        body = _changes(self.accepted, now)
        if full:
            body["full_update"] = True
            if self.empty_sections:
                body = {"categories": {}, "tags": [], "torrents": {}, "trackers": {}} | body
        return body | {"rid": self.last_rid}


def _changes(before: Snapshot, now: Snapshot) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name in ("torrents", "categories", "trackers"):
        old, new = getattr(before, name), getattr(now, name)
        if changed := {key: _difference(old.get(key), row) for key, row in new.items() if old.get(key) != row}:
            body[name] = changed
        if removed := [key for key in old if key not in new]:
            body[f"{name}_removed"] = removed
    if added := sorted(now.tags - before.tags):
        body["tags"] = added
    if lost := sorted(before.tags - now.tags):
        body["tags_removed"] = lost
    if state := _difference(before.server_state, now.server_state):
        body["server_state"] = state
    return body


def _difference(old: Any, new: Any) -> Any:
    """The fields of a row that are different now; a list counts as one field."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {name: value for name, value in new.items() if name not in old or old[name] != value}
