"""Free-space guard: which downloads are paused so that a disk keeps its free space. It deletes nothing.

On each file system, what active downloads have still to write is budgeted in the order of the queue. One that does not
fit is paused (stopped and tagged) and writes nothing, so that a smaller one after it may run. A paused one is resumed
when it fits beside all running ones with some room to spare: resuming one never makes another one stop.
A download that is moved to another disk once it is complete has to fit on both.

The disk shows at once what was written, qBittorrent some seconds later what is left. In between a download seems to
need its space twice, so that one that fitted is paused only when it does not fit for some seconds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.states import (
    BUSY,
    CHECKING,
    DOWNLOADING,
    FORCED,
    PAUSABLE,
    STARTED,
    STOPPED,
    STOPPED_COMPLETE,
    STOPPED_INCOMPLETE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.rules.facts import TorrentFacts

# parts of the space to keep free and of the torrent, so that other writing does not start and stop it in turns
_SPARE_OF_KEPT = 20
_SPARE_OF_TORRENT = 50
_SETTLE_SECONDS = 4.0
"""Longer than qBittorrent needs to report what it wrote (1.5 s by default) and a pass to ask for it."""


class Download(Struct, frozen=True, gc=False):
    """A torrent for the guard. `position` is its place in the queue, 0 for none; `disk` is what it writes to.

    `moves_to` is the disk that it is moved to once it is complete, with all of `moved_bytes`; empty when it stays.
    `mine`: the guard may pause and resume it. Others only count. `abandoned`: the guard paused it, and its category is
    no longer configured.
    """

    instance: str
    infohash: str
    state: str
    left_bytes: int
    size_bytes: int
    added_at: float
    position: int
    disk: str
    paused: bool
    mine: bool = True
    moves_to: str = ""
    moved_bytes: int = 0
    abandoned: bool = False

    @property
    def needs(self) -> dict[str, int]:
        """The bytes that it has still to write to each disk."""
        if self.moves_to in ("", self.disk) or self.moved_bytes <= 0:
            return {self.disk: self.left_bytes}
        return {self.disk: self.left_bytes, self.moves_to: self.moved_bytes}

    @property
    def key(self) -> TorrentKey:
        """Its identity."""
        return TorrentKey(self.instance, self.infohash)


class Disk(Struct, frozen=True, gc=False):
    """A file system. `kept_bytes` are to stay free, or needed there by others."""

    free_bytes: int
    kept_bytes: int


class SpaceMove(StrEnum):
    """Change that the guard makes to a download."""

    PAUSE = "pause"
    RESUME = "resume"
    UNTAG = "untag"
    """It runs or is complete although it has the tag: it was not started by the guard."""


class SpaceStep(Struct, frozen=True):
    """Change of one download. `budget_bytes` is the space that was left for it."""

    download: Download
    move: SpaceMove
    because: str
    budget_bytes: int | None = None


def guard(downloads: Iterable[Download], disks: Mapping[str, Disk]) -> list[SpaceStep]:
    """List the changes by which every disk keeps its space; none of a download whose disk could not be measured.

    What is abandoned is resumed whether it fits or not: its disk is not guarded for it any more.
    """
    downloads = list(downloads)
    measured = [one for one in sorted(downloads, key=_in_queue_order) if one.disk in disks]
    budgets = {name: disk.free_bytes - disk.kept_bytes for name, disk in disks.items()}
    # what the guard may not pause, or the user forced, writes in any case
    for one in measured:
        if _writes(one) and not _can_be_paused(one):
            _spend(budgets, one)
    abandoned = [_resumed(one, "its category is no longer configured") for one in downloads if _is_abandoned(one)]
    return abandoned + _pauses(measured, budgets) + _resumes(measured, disks, budgets)


def _pauses(downloads: Iterable[Download], budgets: dict[str, int]) -> list[SpaceStep]:
    """Spend the budgets on running downloads, and list those that do not fit."""
    steps: list[SpaceStep] = []
    for one in downloads:
        if _can_be_paused(one):
            if (disk := _too_full(budgets, one, {})) is not None:
                because = _DOES_NOT_FIT if disk == one.disk else _DOES_NOT_FIT_MOVED
                steps.append(SpaceStep(one, SpaceMove.PAUSE, because, budgets[disk]))
                continue
            _spend(budgets, one)
        if one.paused and one.mine and one.state in STARTED:
            steps.append(SpaceStep(one, SpaceMove.UNTAG, "it is no longer stopped"))
    return steps


def _resumes(downloads: Iterable[Download], disks: Mapping[str, Disk], budgets: dict[str, int]) -> list[SpaceStep]:
    """Spend what is left of the budgets on paused downloads, and list those that fit."""
    steps: list[SpaceStep] = []
    for one in downloads:
        if one.paused and one.mine and one.state == STOPPED_COMPLETE:
            steps.append(SpaceStep(one, SpaceMove.RESUME, "nothing of it is left to be written"))
        elif one.paused and one.mine and one.state == STOPPED_INCOMPLETE:
            spare = {name: _spare(one, disk) for name, disk in disks.items()}
            if _too_full(budgets, one, spare) is None:
                because = "it fits on the disk again, with room to spare"
                steps.append(SpaceStep(one, SpaceMove.RESUME, because, budgets[one.disk]))
                _spend(budgets, one)
    return steps


def _spare(one: Download, disk: Disk) -> int:
    """The bytes that have to be left on a disk beside a download that is resumed."""
    return max(disk.kept_bytes // _SPARE_OF_KEPT, one.size_bytes // _SPARE_OF_TORRENT)


_DOES_NOT_FIT = "what is left of it does not fit on the disk"
_DOES_NOT_FIT_MOVED = "it does not fit on the disk that it is moved to once it is complete"


def _too_full(budgets: Mapping[str, int], one: Download, spare: Mapping[str, int]) -> str | None:
    """The first disk on which a download does not fit, with some bytes to spare on each."""
    for name, size in one.needs.items():
        if name in budgets and size + spare.get(name, 0) >= budgets[name]:
            return name
    return None


def _spend(budgets: dict[str, int], one: Download) -> None:
    for name, size in one.needs.items():
        if name in budgets:
            budgets[name] -= size


def resume_all(downloads: Iterable[Download]) -> list[SpaceStep]:
    """List the changes for a guard that is off: everything that it paused is resumed."""
    return [
        _resumed(one, "the free-space guard is off")
        for one in sorted(downloads, key=_in_queue_order)
        if (one.paused and one.mine and (one.state in STARTED or one.state in STOPPED)) or _is_abandoned(one)
    ]


def _is_abandoned(one: Download) -> bool:
    return one.paused and one.abandoned and (one.state in STARTED or one.state in STOPPED)


def _resumed(one: Download, because: str) -> SpaceStep:
    return SpaceStep(one, SpaceMove.RESUME if one.state in STOPPED else SpaceMove.UNTAG, because)


def trusted_until(
    downloads: Iterable[Download], steps: Iterable[SpaceStep], before: Mapping[TorrentKey, float], now: float
) -> dict[TorrentKey, float]:
    """Say until when each download that fits, or lately did, is not paused; `before` is the last answer.

    Times are monotonic seconds.
    """
    paused = {step.download.key for step in steps if step.move is SpaceMove.PAUSE}
    fits = {one.key: math.inf for one in downloads if _can_be_paused(one) and one.key not in paused}
    return fits | {key: min(before[key], now + _SETTLE_SECONDS) for key in paused if key in before}


def confirmed(steps: Sequence[SpaceStep], trusted: Mapping[TorrentKey, float], now: float) -> list[SpaceStep]:
    """Drop the steps that pause a trusted download: the disk may show already what qBittorrent has yet to report.

    As that download writes on meanwhile, no other one that has something to write is resumed on its disk.
    """
    doubted = [
        step.download for step in steps if step.move is SpaceMove.PAUSE and now < trusted.get(step.download.key, 0.0)
    ]
    keys, disks = {one.key for one in doubted}, {disk for one in doubted for disk in one.needs}

    def stands(step: SpaceStep) -> bool:
        if step.move is SpaceMove.RESUME:
            return step.download.left_bytes <= 0 or disks.isdisjoint(step.download.needs)
        return step.download.key not in keys

    return [step for step in steps if stands(step)]


def to_write(downloads: Iterable[Download], steps: Iterable[SpaceStep]) -> dict[str, int]:
    """Sum what is still to be written to each disk after the steps: space that others have to leave free."""
    paused = {step.download.key for step in steps if step.move is SpaceMove.PAUSE}
    resumed = {step.download.key for step in steps if step.move is SpaceMove.RESUME}
    needs: defaultdict[str, int] = defaultdict(int)
    for one in downloads:
        if (_writes(one) and one.key not in paused) or one.key in resumed:
            for disk, size in one.needs.items():
                needs[disk] += size
    return dict(needs)


class SpaceLack(Struct, frozen=True):
    """Bytes that a paused download lacks on a file system."""

    download: Download
    disk: str
    lacks_bytes: int


def lacking(downloads: Iterable[Download], disks: Mapping[str, Disk], steps: Sequence[SpaceStep]) -> list[SpaceLack]:
    """List what each paused download lacks to be resumed, in the order of the queue, as if it were the only one.

    `steps` are those of now: what is resumed by one of them lacks nothing.
    """
    downloads = list(downloads)
    needed = to_write(downloads, steps)
    budgets = {name: disk.free_bytes - disk.kept_bytes - needed.get(name, 0) for name, disk in disks.items()}
    stepped = {step.download.key for step in steps}
    waiting = [
        one
        for one in sorted(downloads, key=_in_queue_order)
        if one.paused and one.mine and one.state == STOPPED_INCOMPLETE and one.key not in stepped
    ]
    found: list[SpaceLack] = []
    for one in waiting:
        for name, size in one.needs.items():
            if name in disks and (lacks := size + _spare(one, disks[name]) - budgets[name] + 1) > 0:
                found.append(SpaceLack(one, name, lacks))
    return found


def bytes_to_write(torrent: TorrentFacts, *, preallocated: bool) -> int:
    """How much of a torrent is still to be written to its disk.

    Nothing while it is checked: what is left then is what was not checked yet. Nothing of one that was complete once,
    unless it downloads again. `preallocated`: its client takes all of its space when it starts.
    """
    if _writes_nothing(torrent) or (preallocated and torrent.progress > 0):
        return 0
    return torrent.left_bytes


def bytes_to_move(torrent: TorrentFacts) -> int:
    """How much of a torrent is moved once it is complete, if it is downloaded elsewhere: all that is wanted of it."""
    return 0 if _writes_nothing(torrent) else torrent.size_bytes


def _writes_nothing(torrent: TorrentFacts) -> bool:
    was_complete = torrent.completed_at is not None and torrent.state not in FORCED | {DOWNLOADING}
    return torrent.state in CHECKING or was_complete


def _in_queue_order(one: Download) -> tuple[bool, int, float, str, str]:
    return one.position <= 0, one.position, one.added_at, one.instance, one.infohash


def _writes(one: Download) -> bool:
    """Whether it will write what is left of it, unless it is stopped."""
    return one.state in PAUSABLE or one.state in FORCED or (one.state in BUSY and one.left_bytes > 0)


def _can_be_paused(one: Download) -> bool:
    return one.mine and one.state in PAUSABLE
