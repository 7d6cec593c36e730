"""Seeds of one worker as candidates to go for space: what keeps each, its disk, and what its removal would free.

What is asked for is kept for a while: the lists of all clients, the disks of paths, and what removals free.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from qbitrr.config.address import host_name, is_loopback
from qbitrr.errors import GoneError
from qbitrr.qbittorrent.facts import seed_numbers
from qbitrr.rules.paths import same
from qbitrr.rules.seed_value import (
    MAY_GO,
    NOT_ENOUGH,
    Floor,
    RoomChoice,
    RoomNeed,
    RoomRow,
    Seed,
    SeedNumbers,
    in_question,
    plan,
)
from qbitrr.rules.supersession import CHECK_AGAIN_SECONDS
from qbitrr.rules.torrents.room import room_needed
from qbitrr.rules.verdict import Action
from qbitrr.worker.disk import on_disk
from qbitrr.worker.file_systems import disks_of
from qbitrr.worker.torrents.actions import supersession
from qbitrr.worker.torrents.actions.room import freed_by
from qbitrr.worker.torrents.actions.shared_content import list_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.verdict import Verdict
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.shared_content import Listing
    from qbitrr.worker.torrents.judge import Judge
    from qbitrr.worker.torrents.poll import Poll

RULE = room_needed.__name__
_LISTED_SECONDS = 300.0
_FREED_SECONDS = 3600.0  # for which it is known what a removal frees
_SKIPPED_SECONDS = 3600.0  # for which one is left whose removal was cancelled
_LOOKED_UP_AT_ONCE = 100
_LOOK_UP_SECONDS = 3.0
_SUSPECTS_AT_ONCE = 5
_JUDGED_AT_ONCE = 100
_PATHS_AT_ONCE = 500

_SHADOW = "its mode is shadow: that it would go is recorded"
_BUSY = "another action on it is under way"
_SILENT = "its qBittorrent does not answer"
_SKIPPED = "its removal was cancelled not long ago"


class Candidate(NamedTuple):
    """A complete torrent as a seed. `in_shadow`: what would become of it is only recorded."""

    torrent: TorrentFacts
    seed: Seed
    in_shadow: bool


class SeedCandidates:
    """All seeds of one Arr's worker, of which `floor` stays."""

    def __init__(self, context: ActionContext, poll: Poll, judge: Judge) -> None:
        rules = context.config.arr.torrent.make_room
        self.floor = Floor(rules.keep_seeds, rules.keep_size_bytes)
        self._context = context
        self._poll = poll
        self._judge = judge
        self._local = {one.section for one in context.config.qbits if is_loopback(host_name(one.url))}
        self._listing: Listing = {}
        self._listed_at = -math.inf
        self._disks: dict[str, str] = {}  # by path, since that was listed
        self._freed: dict[TorrentKey, tuple[float, float, int]] = {}  # added at, found at (monotonic), bytes
        self._skipped: dict[TorrentKey, tuple[float, float]] = {}  # added at, until (monotonic)

    def forget_lists(self) -> None:
        """Drop what all clients listed, as no download waits."""
        self._listing, self._listed_at = {}, -math.inf

    def skip(self, seed: Seed) -> None:
        """Leave a seed for an hour, as its removal was cancelled."""
        self._skipped[seed.key] = (seed.added_at, self._context.clock.monotonic() + _SKIPPED_SECONDS)

    def complete(self) -> Iterator[TorrentFacts]:
        """All complete torrents of the worker, in a fixed order."""
        for key in sorted(self._poll.present()):
            torrent = self._poll.facts(key) if self._poll.has(key) else None
            if torrent is not None and torrent.complete and self._context.ownership.is_mine(torrent):
                yield torrent

    async def all(self, entries: Iterable[Entry]) -> list[Candidate]:
        """All complete torrents of the worker as seeds, with what keeps each. Raises a ServiceError."""
        await self._list()
        now = self._context.clock.monotonic()
        busy = {entry.key for entry in entries}
        self._freed = {key: found for key, found in self._freed.items() if found[1] + _FREED_SECONDS > now}
        self._skipped = {key: one for key, one in self._skipped.items() if one[1] > now}
        found: list[Candidate] = []
        suspects = 0
        for number, torrent in enumerate(self.complete()):
            if number % _JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
            key = torrent.key
            row = self._listing.get(key.instance, {}).get(key.infohash)
            numbers = SeedNumbers() if row is None else seed_numbers(row)
            verdict = self._judge.judge_for_room(torrent, RoomChoice(numbers))
            stays, in_shadow = _why_it_stays(verdict)
            if not stays and suspects < _SUSPECTS_AT_ONCE:
                suspects += await self._ask_whether_superseded(torrent)
            if key in busy:
                stays = _BUSY
            elif not self._poll.answers(key.instance):
                stays = _SILENT
            elif self._skipped.get(key, (None,))[0] == torrent.added_at:
                stays = _SKIPPED
            found.append(Candidate(torrent, self._seed(torrent, numbers, stays), in_shadow))
        return found

    def _seed(self, torrent: TorrentFacts, numbers: SeedNumbers, stays: str) -> Seed:
        added_at, _, freed = self._freed.get(torrent.key, (None, 0.0, 0))
        return Seed(
            key=torrent.key,
            name=torrent.name,
            added_at=torrent.added_at,
            completed_at=torrent.added_at if torrent.completed_at is None else torrent.completed_at,
            disk="",
            size_bytes=torrent.size_bytes,
            frees_bytes=freed if added_at == torrent.added_at else None,
            superseded=self._is_superseded(torrent),
            numbers=numbers,
            stays=stays,
        )

    async def _list(self) -> None:
        """Ask every qBittorrent what it has, unless that was done some minutes ago. Raises a ServiceError."""
        now = self._context.clock.monotonic()
        if now >= self._listed_at + _LISTED_SECONDS:
            self._listing, self._disks = await list_all(self._context), {}
            self._listed_at = now

    def _is_superseded(self, torrent: TorrentFacts) -> bool:
        """Whether it was proven not long ago that nothing of a download is in the library any more."""
        history, wall = self._context.history.of(torrent), self._context.clock.wall()
        found, at = history.supersession, history.supersession_checked_at
        return found is not None and found.proven and at is not None and at <= wall < at + CHECK_AGAIN_SECONDS

    async def _ask_whether_superseded(self, torrent: TorrentFacts) -> bool:
        """Ask the Arr about a suspect, unless that is known; returns whether it was asked. Raises a ServiceError."""
        superseded, at = self._context.superseded, self._context.history.of(torrent).supersession_checked_at
        if superseded is None or not superseded.suspects_one(torrent) or superseded.seconds_until_check() > 0:
            return False
        if at is not None and at <= self._context.clock.wall() < at + CHECK_AGAIN_SECONDS:
            return False
        await supersession.confirm(self._context, torrent)
        return True

    async def with_disks(self, candidates: Sequence[Candidate], disk: str, download: TorrentFacts) -> list[Candidate]:
        """Find the disk of each: what this machine sees, or the same as that of a download in the same folder."""
        local = (one for one in candidates if one.torrent.instance in self._local and not one.seed.stays)
        seen = await self._disks_of(sorted({one.torrent.content_path for one in local}))

        def disk_of(torrent: TorrentFacts) -> str:
            if torrent.instance in self._local and torrent.content_path in seen:
                return seen[torrent.content_path]
            is_beside = torrent.instance == download.instance and same(torrent.save_path, download.save_path)
            return disk if is_beside and torrent.save_path else ""

        return [one._replace(seed=replace(one.seed, disk=disk_of(one.torrent))) for one in candidates]

    async def _disks_of(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Name the disk of each path that this machine sees, some at a time: a disk that hangs shows none of them."""
        unknown = [path for path in paths if path not in self._disks]
        for start in range(0, len(unknown), _PATHS_AT_ONCE):
            some = unknown[start : start + _PATHS_AT_ONCE]
            self._disks |= await on_disk({}, disks_of, some)
        return self._disks

    async def checked(self, candidates: Sequence[Candidate], need: RoomNeed) -> tuple[list[RoomRow], bool]:
        """Plan, and look up what each seed that goes would free, some at a time; returns whether all were.

        Raises a ServiceError.
        """
        torrents = {one.seed.key: one.torrent for one in candidates}
        seeds = {one.seed.key: one.seed for one in candidates}
        left, until = _LOOKED_UP_AT_ONCE, self._context.clock.monotonic() + _LOOK_UP_SECONDS
        while True:
            rows = plan(list(seeds.values()), need, self.floor, self._context.clock.wall())
            unknown = [seed for seed in in_question(rows) if seed.frees_bytes is None][:left]
            found = await self._looked_up([torrents[seed.key] for seed in unknown], until)
            if not found:
                return rows, not any(seed.frees_bytes is None for seed in in_question(rows))
            seeds |= {key: replace(seeds[key], frees_bytes=freed) for key, freed in found.items()}
            left -= len(found)

    async def _looked_up(self, torrents: Iterable[TorrentFacts], until: float) -> dict[TorrentKey, int]:
        """Find what removals would free, until a time (monotonic), and keep it for a while. Raises a ServiceError."""
        monotonic = self._context.clock.monotonic
        found: dict[TorrentKey, int] = {}
        for torrent in torrents:
            if monotonic() >= until:
                break
            try:
                found[torrent.key] = await freed_by(self._context, torrent, self._listing)
            except GoneError:  # what is listed is old
                self._listed_at = -math.inf
                raise
            self._freed[torrent.key] = (torrent.added_at, monotonic(), found[torrent.key])
        return found

    async def everything(self, candidates: Sequence[Candidate]) -> tuple[list[RoomRow], bool]:
        """Plan as if all that may go were needed, and look up the first of it. Raises a ServiceError."""
        endless, wall = RoomNeed("", 2**63), self._context.clock.wall()
        until = self._context.clock.monotonic() + _LOOK_UP_SECONDS
        torrents = {one.seed.key: one.torrent for one in candidates}
        rows = plan([one.seed for one in candidates], endless, self.floor, wall)
        unknown = [row.seed for row in rows if not row.seed.stays and row.seed.frees_bytes is None]
        found = await self._looked_up([torrents[seed.key] for seed in unknown[:_LOOKED_UP_AT_ONCE]], until)
        seeds = [replace(row.seed, frees_bytes=found.get(row.seed.key, row.seed.frees_bytes)) for row in rows]
        rows = plan(seeds, endless, self.floor, wall)
        may_go = [RoomRow(row.seed, True, MAY_GO) if row.because == NOT_ENOUGH else row for row in rows]
        return may_go, len(found) == len(unknown)


def acting(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of which a removal is carried out or asked about may go."""
    return [_staying(one, _SHADOW) if one.in_shadow else one for one in candidates]


def in_shadow(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of which a removal is recorded only may go."""
    return [one if one.in_shadow else _staying(one, NOT_ENOUGH) for one in candidates]


def _staying(one: Candidate, because: str) -> Candidate:
    return one._replace(seed=replace(one.seed, stays=one.seed.stays or because))


def _why_it_stays(verdict: Verdict | None) -> tuple[str, bool]:
    """Say why a torrent stays although its space is needed, empty when it may go; and whether it is in Shadow."""
    if verdict is None:
        return "it is in no category of this worker", False
    step = next((one for one in verdict.trace if one.rule == RULE), verdict.last)
    if step.rule == RULE and Action.REMOVE in (step.finding.action, step.finding.would):
        return "", step.finding.action is Action.NOTHING
    return step.finding.because, False
