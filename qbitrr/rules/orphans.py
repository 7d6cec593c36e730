"""Orphans: files in the folders of our categories that no torrent of any client knows.

A file is due once it was unknown in at least two complete listings, for as long as `minimum_age_seconds` says between
them, and did not change for as long. The time between listings is counted by the monotonic clock while a worker runs,
so that a wrong clock, a restart or a listing that was not complete makes no file older than it is. A due file is moved
aside, into a folder on the same file system; there it can be restored until it is purged. Nothing is ever purged that
was not moved aside before.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.config.model import Orphans

LISTINGS = 2
"""Complete listings in which a file has to be unknown."""
DAY = 86400.0


class OrphanState(StrEnum):
    """What has become of an orphan.

    found: it is where it was found. left: the user leaves it there. restored: the user had it moved back there.
    moving, aside, restoring, purging: on its way, in the folder for orphans, on its way back, about to be deleted.
    purged: it was deleted there. gone: someone else removed it from there.
    """

    FOUND = "found"
    LEFT = "left"
    RESTORED = "restored"
    MOVING = "moving"
    ASIDE = "aside"
    RESTORING = "restoring"
    PURGING = "purging"
    PURGED = "purged"
    GONE = "gone"


IN_PLACE = frozenset({OrphanState.FOUND, OrphanState.LEFT, OrphanState.RESTORED})
"""It lies where it was found."""
UNDER_WAY = frozenset({OrphanState.MOVING, OrphanState.RESTORING, OrphanState.PURGING})
"""A step was begun, and is settled by what is on the disk."""
ENDED = frozenset({OrphanState.PURGED, OrphanState.GONE})


class FileFacts(Struct, frozen=True, gc=False):
    """A plain file as the disk has it. Times are nanoseconds since 1970; `links` counts its hard links."""

    size_bytes: int
    inode: int
    modified_ns: int
    changed_ns: int
    links: int = 1

    def is_same(self, other: FileFacts) -> bool:
        """Whether it is the same file with the same content, wherever it lies: moving changes only `changed_ns`."""
        return (self.inode, self.size_bytes, self.modified_ns) == (other.inode, other.size_bytes, other.modified_ns)


class Orphan(Struct, frozen=True):
    """A file that no torrent knows: `path` is relative to `folder`. Times are epoch seconds.

    `seen_seconds` is for how long it was seen unknown, `aside_seconds` for how long it was seen in the folder for
    orphans, where it has the relative path `aside`. `approved`: the user has it moved.
    """

    folder: str
    path: str
    file: FileFacts
    first_seen_at: float
    seen_seconds: float = 0.0
    listings: int = 1
    state: OrphanState = OrphanState.FOUND
    approved: bool = False
    aside: str = ""
    aside_at: float | None = None
    aside_seconds: float = 0.0
    id: int = 0

    @property
    def is_linked(self) -> bool:
        """Whether it has another name, as in a library: then moving or deleting it frees nothing."""
        return self.file.links > 1


def listed(before: Orphan | None, folder: str, path: str, file: FileFacts, elapsed: float, now: float) -> Orphan:
    """Return an orphan after a complete listing that has it; `elapsed` since the complete listing before, 0 if none.

    One that changed is another one, whose time begins, and about which the user has not decided.
    """
    if before is not None and before.state is not OrphanState.FOUND and before.file.is_same(file):
        return replace(before, file=file)  # the user decided; moving it back changed `changed_ns`
    if before is None or before.file.changed_ns != file.changed_ns or not before.file.is_same(file):
        return Orphan(folder, path, file, now, id=0 if before is None else before.id)
    seconds = before.seen_seconds + max(0.0, elapsed)
    return replace(before, file=file, seen_seconds=seconds, listings=before.listings + 1)


def age_seconds(file: FileFacts, now: float) -> float:
    """Return for how long a file has not changed; below zero for one of the future."""
    return now - max(file.modified_ns, file.changed_ns) / 1e9


def not_due(orphan: Orphan, policy: Orphans, now: float) -> str | None:
    """Why an orphan may not be moved yet; None when it is due."""
    if orphan.listings < LISTINGS:
        return "it was seen in one listing only"
    if orphan.seen_seconds < policy.minimum_age_seconds:
        return "it was not seen for long enough"
    if age_seconds(orphan.file, now) < policy.minimum_age_seconds:
        return "it changed lately"
    return None


def is_to_move(orphan: Orphan, policy: Orphans, now: float) -> bool:
    """Whether an orphan is to be moved aside now."""
    if orphan.state is not OrphanState.FOUND or not_due(orphan, policy, now) is not None:
        return False
    return policy.mode == "act" or (policy.mode == "ask" and orphan.approved)


def is_to_purge(orphan: Orphan, policy: Orphans, now: float) -> bool:
    """Whether an orphan has been aside for long enough to be deleted there, by either clock."""
    if orphan.state is not OrphanState.ASIDE or policy.mode not in ("ask", "act") or policy.kept_seconds < 0:
        return False
    since = now if orphan.aside_at is None else orphan.aside_at
    return min(orphan.aside_seconds, now - since) >= policy.kept_seconds


class FolderReport(Struct, frozen=True, rename="camel"):
    """What a listing found in one folder: files and bytes of which no torrent knows, and bytes of torrents.

    `refusal` is why nothing is moved out of it, empty when nothing speaks against it.
    """

    folder: str
    category: str
    instance: str
    files: int = 0
    size_bytes: int = 0
    known_bytes: int = 0
    left_out: int = 0
    refusal: str = ""


class ListingReport(Struct, frozen=True, rename="camel"):
    """One listing: torrents by client, folders, and why it is not complete, if anything speaks against that.

    `not_kept` counts files beyond those that are kept, `names_unreadable` those whose names are no text.
    """

    clients: dict[str, int] = {}
    folders: tuple[FolderReport, ...] = ()
    refusals: tuple[str, ...] = ()
    not_kept: int = 0
    names_unreadable: int = 0
    seconds: float = 0.0


class Allowance(Struct, frozen=True):
    """How many files and bytes may still be moved, or purged, within a day."""

    files: int
    size_bytes: int

    def after(self, size_bytes: int) -> Allowance | None:
        """Return what is left after a file of this size; None when it is too much."""
        left = Allowance(self.files - 1, self.size_bytes - size_bytes)
        return None if left.files < 0 or left.size_bytes < 0 else left


def allowance(policy: Orphans, lately: Iterable[int]) -> Allowance:
    """Return what is left of the day's files and bytes, after files of these sizes."""
    left = Allowance(policy.files_per_day, policy.bytes_per_day)
    for size in lately:
        left = Allowance(left.files - 1, left.size_bytes - size)
    return left


def share_of(unknown_bytes: int, known_bytes: int) -> float:
    """Return which part of a folder is unknown; all of one of which nothing is known."""
    whole = unknown_bytes + known_bytes
    return 0.0 if unknown_bytes == 0 else unknown_bytes / whole


def too_much(unknown_bytes: int, known_bytes: int, policy: Orphans) -> str | None:
    """Why so much of a folder is unknown that something else is wrong, as with a client that lost its torrents."""
    share = share_of(unknown_bytes, known_bytes)
    if share <= policy.share:
        return None
    return f"{share:.0%} of it is known to no torrent, more than MaxShare ({policy.share:.0%}) lets move"


def settled(orphan: Orphan, in_place: FileFacts | None, in_aside: FileFacts | None) -> OrphanState:
    """Return the state of an orphan after a step was begun and perhaps interrupted, by what lies at its two places.

    Only the file itself counts; another one in its place is none of ours. One that has both names was about to be
    moved back, which goes on.
    """
    here = in_place is not None and orphan.file.is_same(in_place)
    aside = in_aside is not None and orphan.file.is_same(in_aside)
    if here and aside:
        return OrphanState.RESTORING
    if here:
        return OrphanState.RESTORED if orphan.state is OrphanState.RESTORING else OrphanState.FOUND
    if aside:
        return OrphanState.ASIDE
    return OrphanState.PURGED if orphan.state is OrphanState.PURGING else OrphanState.GONE
