"""The free-space guard: which downloads have to wait so that a disk keeps the space that it should.

What active downloads have still to write is budgeted in the order of the queue, on each file system by itself. One
that does not fit is held (stopped and tagged) and writes nothing, so that a smaller one after it may go on. A held one
is released when it fits with some room to spare beside everything that goes on. Nothing is ever deleted for space.

Downloads that go on come before those that are held: releasing one never makes another one stop.

The disk tells at once what was written, qBittorrent some seconds later what is left. In between a download seems to
need its space twice, so that one which fitted is held only when it does not fit for some seconds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.states import BUSY, FORCED, PAUSABLE, STARTED, STOPPED, STOPPED_COMPLETE, STOPPED_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# of the space to keep free and of the torrent: what else is written to a disk in passing must not start and stop it
_SPARE_OF_KEPT = 20
_SPARE_OF_TORRENT = 50
_SETTLE_SECONDS = 4.0
"""More than qBittorrent takes to tell of what it wrote (1.5 s unless set otherwise) and a pass to ask."""


class Download(Struct, frozen=True, gc=False):
    """A torrent as the guard sees it. `position` is its place in the queue, 0 for none; `disk` where it writes to.

    `mine`: the guard may stop and start it. What is not only counts.
    """

    instance: str
    infohash: str
    state: str
    left_bytes: int
    size_bytes: int
    added_at: float
    position: int
    disk: str
    held: bool
    mine: bool = True

    @property
    def key(self) -> TorrentKey:
        """Its identity."""
        return TorrentKey(self.instance, self.infohash)


class Disk(Struct, frozen=True, gc=False):
    """A file system. `kept_bytes` is what is to stay free of it, and what others have to write there anyway."""

    free_bytes: int
    kept_bytes: int


class SpaceMove(StrEnum):
    """What the guard does with a download."""

    HOLD = "hold"
    RELEASE = "release"
    UNTAG = "untag"
    """It goes on or is complete although it has the tag: somebody else started it."""


class SpaceStep(Struct, frozen=True):
    """One download that the guard does something with. `budget_bytes` is what was left for it."""

    download: Download
    move: SpaceMove
    because: str
    budget_bytes: int | None = None


def guard(downloads: Iterable[Download], disks: Mapping[str, Disk]) -> list[SpaceStep]:
    """What to do so that every disk keeps its space. Nothing on a disk that could not be measured."""
    steps: list[SpaceStep] = []
    by_disk: defaultdict[str, list[Download]] = defaultdict(list)
    for download in downloads:
        by_disk[download.disk].append(download)
    for name, some in by_disk.items():
        if name in disks:
            steps += _on_one_disk(sorted(some, key=_in_queue_order), disks[name])
    return steps


def off(downloads: Iterable[Download]) -> list[SpaceStep]:
    """What to do when there is no guard (any more): everything that it holds goes on."""
    because = "the free space guard is off"
    return [
        SpaceStep(one, SpaceMove.RELEASE if one.state in STOPPED else SpaceMove.UNTAG, because)
        for one in sorted(downloads, key=_in_queue_order)
        if one.held and one.mine and (one.state in STARTED or one.state in STOPPED)
    ]


def trusted_until(
    downloads: Iterable[Download], steps: Iterable[SpaceStep], before: Mapping[TorrentKey, float], now: float
) -> dict[TorrentKey, float]:
    """Until when each download that fits or lately did is not to be held, from the same `before`; monotonic seconds."""
    held = {step.download.key for step in steps if step.move is SpaceMove.HOLD}
    fits = {one.key: math.inf for one in downloads if _can_be_held(one) and one.key not in held}
    return fits | {key: min(before[key], now + _SETTLE_SECONDS) for key in held if key in before}


def confirmed(steps: Sequence[SpaceStep], trusted: Mapping[TorrentKey, float], now: float) -> list[SpaceStep]:
    """The steps without holding what is trusted: the disk may know already what qBittorrent has yet to tell.

    As that writes on meanwhile, nothing that has something to write is released on its disk.
    """
    doubted = [
        step.download for step in steps if step.move is SpaceMove.HOLD and now < trusted.get(step.download.key, 0.0)
    ]
    keys, disks = {one.key for one in doubted}, {one.disk for one in doubted}

    def stands(step: SpaceStep) -> bool:
        if step.move is SpaceMove.RELEASE:
            return step.download.left_bytes <= 0 or step.download.disk not in disks
        return step.download.key not in keys

    return [step for step in steps if stands(step)]


def to_write(downloads: Iterable[Download], steps: Iterable[SpaceStep]) -> dict[str, int]:
    """How much is still to be written to each disk once the steps are taken: what others have to leave alone."""
    held = {step.download.key for step in steps if step.move is SpaceMove.HOLD}
    released = {step.download.key for step in steps if step.move is SpaceMove.RELEASE}
    needs: defaultdict[str, int] = defaultdict(int)
    for one in downloads:
        if (_writes(one) and one.key not in held) or one.key in released:
            needs[one.disk] += one.left_bytes
    return dict(needs)


def _on_one_disk(downloads: list[Download], disk: Disk) -> list[SpaceStep]:
    budget = disk.free_bytes - disk.kept_bytes
    steps: list[SpaceStep] = []
    # what the guard may not stop, or is forced by somebody, writes in any case
    budget -= sum(one.left_bytes for one in downloads if _writes(one) and not _can_be_held(one))
    for one in downloads:
        if _can_be_held(one):
            if one.left_bytes >= budget:
                steps.append(SpaceStep(one, SpaceMove.HOLD, "what is left of it does not fit on the disk", budget))
                continue
            budget -= one.left_bytes
        if one.held and one.mine and one.state in STARTED:
            steps.append(SpaceStep(one, SpaceMove.UNTAG, "it is not stopped (any more)"))
    for one in downloads:
        if one.held and one.mine and one.state == STOPPED_COMPLETE:
            steps.append(SpaceStep(one, SpaceMove.RELEASE, "nothing of it is left to be written"))
        elif one.held and one.mine and one.state == STOPPED_INCOMPLETE:
            spare = max(disk.kept_bytes // _SPARE_OF_KEPT, one.size_bytes // _SPARE_OF_TORRENT)
            if one.left_bytes + spare < budget:
                steps.append(SpaceStep(one, SpaceMove.RELEASE, "it fits on the disk again, with room to spare", budget))
                budget -= one.left_bytes
    return steps


def _in_queue_order(one: Download) -> tuple[bool, int, float, str, str]:
    return one.position <= 0, one.position, one.added_at, one.instance, one.infohash


def _writes(one: Download) -> bool:
    """Whether it will write what is left of it, if nobody stops it."""
    return one.state in PAUSABLE or one.state in FORCED or (one.state in BUSY and one.left_bytes > 0)


def _can_be_held(one: Download) -> bool:
    return one.mine and one.state in PAUSABLE
