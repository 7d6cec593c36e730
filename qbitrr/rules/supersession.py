"""Superseded downloads: whether later imports replaced all files of one, or the Arr has its items no more.

By the Arr's history alone. Its event of a replaced file (`movieFileDeleted`, `episodeFileDeleted`, `trackFileDeleted`,
reason Upgrade) names no download, and the events of an item go with the item: HistoryService.cs and
HistoryRepository.cs of Radarr and Sonarr, EntityHistoryService.cs of Lidarr. So the evidence is that each item has a
file now, and that an import of another download, later than any of this one, brought that very file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

UNREADABLE = -1
"""Number of a file that the Arr did not name in a way that can be read."""
MOST_ITEMS = 500
"""A download with more items proves nothing: that many are not asked for."""
CHECK_AGAIN_SECONDS = 21_600.0
"""After this time a proof, or the lack of one, is looked for in the Arr again."""
_MOST_NAMED = 20  # items in the facts of a finding

REPLACED = "later imports replaced all of its files"
DELETED = "the Arr has its items no more"
REPLACED_OR_DELETED = "later imports replaced its files, or the Arr has their items no more"


class FileEvent(Struct, frozen=True, gc=False):
    """A grab, or the import of a file, in the Arr's history. `id` grows with time; `at` in epoch seconds.

    `download` is in upper case, empty for a file of no download. `part` is the track of an album. `file` is the Arr's
    number of the file, 0 for a grab.
    """

    id: int
    at: float
    download: str
    item: int
    part: int = 0
    file: int = 0


class Supersession(Struct, frozen=True, gc=False):
    """What the Arr says of a download. `proven`: nothing of it is in the library any more; `because` is a clause."""

    proven: bool
    because: str
    deleted: bool = False
    """For some of its items that is so because the Arr has them no more."""
    facts: Mapping[str, Any] = {}


def supersession(
    download: str, events: Iterable[FileEvent], files: Mapping[int, AbstractSet[int] | None]
) -> Supersession:
    """Find out whether a download is superseded.

    `events` are those of the download since its torrent was added, and all later ones of its items. `files` are the
    files that each item has now, None for an item that the Arr has no more; an item that is not among them is unknown.
    """
    events = sorted({event.id: event for event in events}.values(), key=lambda event: event.id)
    mine = [event for event in events if event.download == download]
    items = sorted({event.item for event in mine})
    if not any(event.file == 0 for event in mine):
        return _not("the Arr's history does not reach back to its grab")
    if len(items) > MOST_ITEMS:
        return _not("it has too many items")
    if any(event.file == UNREADABLE for event in mine):
        return _not("the Arr's history does not name its files")
    replaced: list[dict[str, Any]] = []
    deleted: list[int] = []
    for item in items:
        own = [event for event in mine if event.item == item and event.file > 0]
        present = files.get(item, frozenset())
        if present is None:
            deleted.append(item)
            continue
        later = {event.file: event for event in events if own and _is_later(event, own)}
        if (against := _against(own, present, later)) is not None:
            return _not(against, item=item)
        replaced += [_named(later[file]) for file in sorted(present)]
    facts = {"items": len(items), "replaced": replaced[:_MOST_NAMED], "deleted": deleted[:_MOST_NAMED]}
    because = (REPLACED_OR_DELETED if replaced else DELETED) if deleted else REPLACED
    return Supersession(True, because, deleted=bool(deleted), facts=facts)


def _is_later(event: FileEvent, own: list[FileEvent]) -> bool:
    """Whether an event is a later import, by another download, of the item that was imported last by `own`."""
    last = own[-1]
    is_another = event.download not in ("", last.download)
    return is_another and event.item == last.item and event.id > last.id and event.file > 0


def _against(own: list[FileEvent], present: AbstractSet[int], later: Mapping[int, FileEvent]) -> str | None:
    """Find what speaks against the replacement of all that a download brought for an item; None when nothing does."""
    if not own:
        return "the Arr has not imported all that it grabbed"
    if not present:
        return "an item of it has no file now"
    if not present.isdisjoint(event.file for event in own):
        return "a file of it is in the library"
    if not present <= later.keys():
        return "where a file in the library comes from is not known"
    if len(present) < len({event.part for event in own}):
        return "a part of it has no file now"
    return None


def _named(event: FileEvent) -> dict[str, Any]:
    return {"item": event.item, "file": event.file, "by": event.download, "imported_at": event.at}


def _not(because: str, **facts: Any) -> Supersession:
    return Supersession(False, because, facts=facts)


class Witness(Struct, frozen=True, gc=False, array_like=True):
    """An event of the history, by which another history is known from a grown one; `at` in epoch seconds."""

    id: int
    at: float


def witnesses_of(newest: Sequence[Witness]) -> tuple[Witness, ...]:
    """Choose some of the newest events, which come first: a few of them, and others that are far between.

    The events of an item go with it, and a pack has many.
    """
    return (*newest[:_NEXT_TO_EACH_OTHER], *newest[_NEXT_TO_EACH_OTHER::_APART][:_FAR_BETWEEN])


_NEXT_TO_EACH_OTHER, _APART, _FAR_BETWEEN = 20, 25, 40


class HistoryReading(Struct, frozen=True):
    """How far the history of an Arr was read: up to the event `newest`, and back to `reached` (epoch seconds).

    `page` is the next one for what is older, counted from the newest event. `reached` is infinite while nothing was
    read, 0 once it was read to its end. `witnesses` are some of the newest events.
    """

    newest: int = 0
    page: int = 1
    reached: float = math.inf
    witnesses: tuple[Witness, ...] = ()

    def confirmed_by(self, events: Iterable[Witness]) -> int:
        """Return the newest event up to which the history is the one that was read before; 0 when it is another.

        A database that was restored lacks what came after its backup, and gives the same numbers to other events.
        """
        return max((one.id for one in set(self.witnesses).intersection(events)), default=0)

    def with_older(self, page: int, events: Sequence[Witness], *, is_last: bool) -> HistoryReading:
        """Note that a page of older events was read. One that is no older than what is known is the last one too."""
        oldest = min((event.at for event in events), default=0.0)
        ends = is_last or (page >= self.page and oldest >= self.reached)
        return replace(self, page=page + 1, reached=0.0 if ends else min(oldest, self.reached))

    @property
    def next_older(self) -> int:
        """The next page with older events: the last one again, as events go when their item is deleted."""
        return max(1, self.page - 1)
