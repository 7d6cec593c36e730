"""Which tracker rows of the configuration are about a torrent, and what they ask for.

A row is about an announce URL when the host is the row's or lies below it: `example.org` for
`https://tracker.example.org:2710/secret/announce`. Scheme, port, path, case and slashes do not matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.address import host_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from qbitrr.config.model import HitAndRun, TrackerRow

    Rows = tuple[TrackerRow, ...]

NO_PRIORITY = -100
"""Of a torrent that no row is about: behind all others in the queue."""


@lru_cache(maxsize=4096)
def host_of(announce: str) -> str:
    """The host of an announce URL, lower-case; empty for what is none, such as `** [DHT] **`."""
    try:
        return host_name(announce)
    except ValueError:
        return ""


def merged(*layers: Iterable[TrackerRow]) -> Rows:
    """The rows that hold, of layers from the most general to the most particular.

    A row replaces those of an earlier layer that have the same host. One without a host is about nothing.
    """
    by_host: dict[str, list[TrackerRow]] = {}
    for layer in layers:
        own: dict[str, list[TrackerRow]] = {}
        for row in layer:
            if host := host_of(row.uri):
                own.setdefault(host, []).append(row)
        by_host |= own
    return tuple(row for rows in by_host.values() for row in rows)


def is_about(row: TrackerRow, announce: str) -> bool:
    """Whether a row is about an announce URL."""
    return _covers(host_of(row.uri), host_of(announce))


def _covers(host: str, other: str) -> bool:
    return bool(host and other) and (other == host or other.endswith(f".{host}"))


def matching(rows: Iterable[TrackerRow], announces: Iterable[str]) -> Rows:
    """The rows that are about one of these announce URLs, the highest priority first, else as they were."""
    hosts = {host for announce in announces if (host := host_of(announce))}
    found = [row for row in rows if any(_covers(host_of(row.uri), host) for host in hosts)]
    return tuple(sorted(found, key=lambda row: -row.priority))


def governing(rows: Rows) -> Rows:
    """Of the matching rows those whose settings count: one that takes its tracker away has no other say."""
    return tuple(row for row in rows if not row.remove_if_exists)


def first_opinion(rows: Rows, value: Callable[[TrackerRow], float]) -> float | None:
    """A setting as the row with the highest priority has it that has one at all; None when none has."""
    return next((value(row) for row in governing(rows) if value(row) >= 0), None)


def most_protective(rows: Rows, value: Callable[[TrackerRow], float]) -> float | None:
    """The highest positive value of a minimum in any of the matching rows; None when none has one."""
    return max((value(row) for row in governing(rows) if value(row) > 0), default=None)


def queue_priority(rows: Rows) -> int:
    """The place in the queue that the matching rows give."""
    return max((row.priority for row in governing(rows)), default=NO_PRIORITY)


def hit_and_runs(rows: Rows) -> tuple[HitAndRun, ...]:
    """The obligations of the matching rows, also of those whose tracker is to be taken away."""
    return tuple(row.hit_and_run for row in rows if row.hit_and_run.mode != "disabled")


class TagChange(Struct, frozen=True):
    """Tags to add to a torrent and tags to take off, in the order of the alphabet."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def tag_change(rows: Iterable[TrackerRow], announces: Iterable[str], tags: Collection[str]) -> TagChange:
    """What brings the tags of a torrent in line with `AddTags`.

    A tag that any row gives is taken off a torrent that no such row is about (any more); other tags are not ours.
    """
    rows = tuple(rows)
    wanted = {tag for row in governing(matching(rows, announces)) for tag in row.add_tags}
    given = {tag for row in rows for tag in row.add_tags}
    present = set(tags)
    return TagChange(tuple(sorted(wanted - present)), tuple(sorted((given - wanted) & present)))


def to_add(rows: Iterable[TrackerRow], announces: Collection[str], *, private: bool | None) -> tuple[str, ...]:
    """The announce URLs of `AddTrackerIfMissing` that a torrent lacks.

    Nothing is added to a private torrent, nor to one of which it is not known, nor to one without any tracker: its
    maker wanted none.
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
    return any(is_about(row, announce) for announce in announces)


def to_remove(rows: Iterable[TrackerRow], announces: Iterable[str], dead: Collection[str] = ()) -> tuple[str, ...]:
    """The announce URLs to take off a torrent: those of `RemoveIfExists`, and those known to be `dead`.

    A tracker to which something is owed (hit and run) stays: without it nobody would know of the debt.
    """
    rows = tuple(rows)
    owed = tuple(row for row in rows if row.hit_and_run.mode != "disabled")
    unwanted = tuple(row for row in rows if row.remove_if_exists)
    return tuple(
        announce
        for announce in announces
        if host_of(announce)
        and (announce in dead or any(is_about(row, announce) for row in unwanted))
        and not any(is_about(row, announce) for row in owed)
    )
