"""Tracker rows of the configuration: which ones match a torrent, and what they ask for.

A row matches an announce URL when the URL's host is the row's or lies below it: `example.org` matches
`https://tracker.example.org:2710/secret/announce`. Scheme, port, path, case and slashes do not matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.address import host_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from qbitrr.config.model import TrackerRow

    Rows = tuple[TrackerRow, ...]

NO_PRIORITY = -100
"""Of a torrent that no row matches: behind all others in the queue."""


@lru_cache(maxsize=4096)
def host_of(announce: str) -> str:
    """Extract the host of an announce URL, lower-case; empty for what is no URL, such as `** [DHT] **`."""
    try:
        return host_name(announce)
    except ValueError:
        return ""


def merged(*layers: Iterable[TrackerRow]) -> Rows:
    """Merge layers of rows, from the most general to the most particular.

    A row replaces those of an earlier layer with the same host. One without a host is dropped.
    """
    by_host: dict[str, list[TrackerRow]] = {}
    for layer in layers:
        own: dict[str, list[TrackerRow]] = {}
        for row in layer:
            if host := host_of(row.uri):
                own.setdefault(host, []).append(row)
        by_host |= own
    return tuple(row for rows in by_host.values() for row in rows)


def matches(row: TrackerRow, announce: str) -> bool:
    """Whether a row matches an announce URL."""
    return _covers(host_of(row.uri), host_of(announce))


def _covers(host: str, other: str) -> bool:
    return bool(host and other) and (other == host or other.endswith(f".{host}"))


def matching(rows: Iterable[TrackerRow], announces: Iterable[str]) -> Rows:
    """Select the rows that match one of these announce URLs, the highest priority first, else in their order."""
    hosts = {host for announce in announces if (host := host_of(announce))}
    found = [row for row in rows if any(_covers(host_of(row.uri), host) for host in hosts)]
    return tuple(sorted(found, key=lambda row: -row.priority))


def governing(rows: Rows) -> Rows:
    """Select the matching rows whose settings count: not those that only remove their tracker."""
    return tuple(row for row in rows if not row.remove_if_exists)


def first_set(rows: Rows, value: Callable[[TrackerRow], float]) -> float | None:
    """Read a setting from the matching row with the highest priority that has it; None if none has."""
    return next((value(row) for row in governing(rows) if value(row) >= 0), None)


def most_protective(rows: Rows, value: Callable[[TrackerRow], float]) -> float | None:
    """Read the highest positive value of a setting in the matching rows; None if there is none."""
    return max((value(row) for row in governing(rows) if value(row) > 0), default=None)


def queue_priority(rows: Rows) -> int:
    """Read the queue priority from the matching rows."""
    return max((row.priority for row in governing(rows)), default=NO_PRIORITY)


def with_minimum(rows: Iterable[TrackerRow]) -> Rows:
    """Select the rows with a hit-and-run minimum, also those that remove their tracker."""
    return tuple(row for row in rows if row.hit_and_run.mode != "disabled")


class TagChange(Struct, frozen=True):
    """Tags to add to a torrent and to remove from it, in alphabetical order."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def tag_change(rows: Iterable[TrackerRow], announces: Iterable[str], tags: Collection[str]) -> TagChange:
    """Bring the tags of a torrent in line with `AddTags`.

    A tag of any row is removed from a torrent that no such row matches (any more); other tags are left alone.
    """
    rows = tuple(rows)
    due = {tag for row in governing(matching(rows, announces)) for tag in row.add_tags}
    given = {tag for row in rows for tag in row.add_tags}
    present = set(tags)
    return TagChange(tuple(sorted(due - present)), tuple(sorted((given - due) & present)))


def to_add(rows: Iterable[TrackerRow], announces: Collection[str], *, private: bool | None) -> tuple[str, ...]:
    """List the announce URLs of `AddTrackerIfMissing` that a torrent lacks.

    Nothing is added to a torrent that is private or may be, nor to one that was made without any tracker.
    """
    if private is not False or not announces:
        return ()
    missing = (
        row.uri
        for row in rows
        if row.add_tracker_if_missing and not row.remove_if_exists and "://" in row.uri and not _present(row, announces)
    )
    return tuple(dict.fromkeys(missing))


def _present(row: TrackerRow, announces: Iterable[str]) -> bool:
    return any(matches(row, announce) for announce in announces)


def to_remove(rows: Iterable[TrackerRow], announces: Iterable[str], dead: Collection[str] = ()) -> tuple[str, ...]:
    """List the announce URLs to remove from a torrent: those of `RemoveIfExists`, and those known to be `dead`.

    A tracker with a hit-and-run minimum stays: without it the minimum could not be known.
    """
    rows = tuple(rows)
    keeping = with_minimum(rows)
    unwanted = tuple(row for row in rows if row.remove_if_exists)
    return tuple(
        announce
        for announce in announces
        if host_of(announce)
        and (announce in dead or any(matches(row, announce) for row in unwanted))
        and not any(matches(row, announce) for row in keeping)
    )
