"""Room for the paused downloads of one Arr: the seed of least value is chosen, and the next one once its space shows.

What a download lacks is published by the free space guard of its qBittorrent. The rule `room_needed` judges what is
chosen here, and all that stands before a removal stands before this one. A removal after which no space shows is the
last one: something holds the data that this machine cannot see.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import ipc, logs
from qbitrr.errors import ServiceError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.seed_value import (
    RoomChoice,
    RoomNeed,
    RoomRow,
    Seed,
    SeedNumbers,
    is_too_little,
    kept_by_floor,
    upload_per_day,
)
from qbitrr.rules.verdict import OPEN
from qbitrr.state import ledger
from qbitrr.state import room as stored
from qbitrr.worker.torrents.actions.remove import DELETING
from qbitrr.worker.torrents.seed_candidates import RULE, SeedCandidates, acting, in_shadow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.state.room import SpaceNeed
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.judge import Judge
    from qbitrr.worker.torrents.poll import Poll
    from qbitrr.worker.torrents.seed_candidates import Candidate

_log = logs.get(__name__)

CHOICE_SECONDS = 5.0
"""Between two choices."""
_REST_SECONDS = 60.0
SHOWN_SECONDS = 180.0
"""Within this time a removal has to show as free space; qBittorrent reports it every half a minute."""
_MOST_ROWS = 200
_LONGEST_NAME = 200

_LAST_WAY = "switch MakeRoom off and on again to go on"


class _Going(NamedTuple):
    """The seed that was chosen, for a need as it was measured before the deletion."""

    seed: Seed
    need: SpaceNeed
    since: float  # epoch seconds
    entry_id: int = 0


class _Needs(NamedTuple):
    """Needs of own downloads that are known now, and downloads whose need was known before."""

    known: list[SpaceNeed]
    unknown: set[TorrentKey]

    def of(self, need: SpaceNeed) -> SpaceNeed | None:
        """The same need as it is now."""
        return next((one for one in self.known if _is_same(one, need)), None)


class RoomMaker:
    """Chooses the seed of one Arr's worker that goes for space, again and again."""

    def __init__(self, context: ActionContext, poll: Poll, judge: Judge) -> None:
        self._context = context
        self._poll = poll
        self._rules = context.config.arr.torrent.make_room
        self._seeds = SeedCandidates(context, poll, judge)
        self._chosen = context.chosen_seed
        self._going: _Going | None = None
        self._freeing: tuple[_Going, float] | None = None  # until when its space has to show, monotonic
        self._stopped: str | None = None
        self._rests_until = -math.inf  # as nothing could go

    async def load(self) -> None:
        """Read back what an earlier process chose, and whether it is to go on at all."""
        context = self._context
        if not self._rules.enabled:
            await stored.allow(context.database, context.config.name)
            return
        self._stopped = await stored.stopped(context.database, context.config.name)
        entry = next((one for one in await self._open_entries() if one.rule == RULE), None)
        if entry is not None and "measured" in entry.facts:
            self._going = _of_entry(entry)
            self._chosen.choose(entry.key, entry.added_at, _choice_of(entry), -math.inf)
        elif (last := await self._last_removal()) is not None:
            self._freeing = _of_entry(last), context.clock.monotonic() + SHOWN_SECONDS

    async def one_pass(self) -> None:
        """Choose what goes, if anything has to. A service that does not answer is reported."""
        context, now = self._context, self._context.clock.monotonic()
        if not self._rules.enabled:
            return
        self._report()
        if self._stopped is not None:
            self._chosen.clear()
            return
        try:
            await self._choose(now)
        except ServiceError as error:
            context.report.waits("room", context.config.section, str(error), needs_attention=False)
        else:
            context.report.goes_on("room", context.config.section)

    def _report(self) -> None:
        concerns = []
        if self._stopped is not None:
            text = f"{self._stopped}. Nothing more is removed for space"
            remedy = f"Find out what holds the data, then {_LAST_WAY}"
            concerns.append(ipc.Concern("disk", self._context.config.section, text, remedy))
        self._context.report.concerned("room", concerns)

    async def _last_removal(self) -> Entry | None:
        """The last removal, if it is so fresh that its space may not show yet, and was measured right before."""
        context, wall = self._context, self._context.clock.wall()
        chosen = ledger.LedgerFilter([context.config.name], rule=RULE, state="done", since=wall - SHOWN_SECONDS)
        entries = (await ledger.page(context.database, 1, chosen)).entries
        return next((one for one in entries if one.notes.get("deletion_sent") and "measured" in one.facts), None)

    # -- one after the other ------------------------------------------------------------------------------------------

    async def _choose(self, now: float) -> None:
        needs = await self._needs()  # before the ledger: what it shows to be not deleted yet was measured before that
        entries = await self._open_entries()
        if self._freeing is not None and not await self._has_shown(*self._freeing, needs, now):
            return
        if self._going is not None and await self._goes_on(self._going, needs, entries, now):
            return
        if not needs.known:
            if not needs.unknown:
                self._chosen.clear()
                self._going = None
                self._seeds.forget_lists()
            return
        if now < self._rests_until:
            return
        candidates = await self._seeds.all(entries)
        for need in needs.known:
            if await self._choose_for(need, candidates, now):
                return
        self._chosen.clear()
        self._going, self._rests_until = None, now + _REST_SECONDS

    async def _choose_for(self, need: SpaceNeed, candidates: Sequence[Candidate], now: float) -> bool:
        """Choose the least valuable one for a need; returns False when all together would not be enough."""
        download = self._poll.facts(_key(need))
        if download is None:
            return False
        candidates = await self._seeds.with_disks(candidates, need.disk, download)
        room = RoomNeed(need.disk, need.lacks_bytes)
        rows, whole = await self._seeds.checked(acting(candidates), room)
        going = [row.seed for row in rows if row.goes]
        if not going:
            rows, whole = await self._seeds.checked(in_shadow(candidates), room)
            going = [row.seed for row in rows if row.goes]
        if not going:
            return False
        if not whole:
            self._chosen.clear()
            return True  # the rest is looked up in the next pass
        seed = going[0]
        if self._going is None or self._going.seed.key != seed.key:
            _log.info("seed was chosen for space", torrent=seed.name, download=download.name, bytes=need.lacks_bytes)
        self._going = _Going(seed, need, self._context.clock.wall())
        self._choose_seed(seed, _facts(seed, need, download, len(going), self._context.clock.wall()), now)
        return True

    def _choose_seed(self, seed: Seed, facts: dict[str, object], now: float) -> None:
        self._chosen.choose(seed.key, seed.added_at, RoomChoice(seed.numbers, facts), now)
        self._poll.wake.set()

    async def _goes_on(self, going: _Going, needs: _Needs, entries: Sequence[Entry], now: float) -> bool:
        """See what became of the seed that was chosen; returns whether nothing else is to be chosen now."""
        entry = next((one for one in entries if one.rule == RULE and one.key == going.seed.key), None)
        need = needs.of(going.need)
        if entry is not None:
            if need is not None and entry.step != DELETING:
                self._going = going = going._replace(need=need)
            self._going = going._replace(entry_id=entry.id)
            if need is None and _key(going.need) not in needs.unknown and entry.step != DELETING:
                self._chosen.clear()
            elif need is not None and self._kept_by_floor(going.seed) is None:
                self._chosen.renew(entry.key, now)
            return True
        ended = await self._newest(going)
        if ended is None:
            return False
        if ended.state in OPEN:  # it was planned a moment ago
            return True
        self._going = None
        self._chosen.clear()
        if ended.state != "done":
            self._seeds.skip(going.seed)
        if ended.state != "done" or not ended.notes.get("deletion_sent"):  # someone else deleted it, as it seems
            return False
        self._freeing = going, now + SHOWN_SECONDS
        return True

    def _kept_by_floor(self, seed: Seed) -> str | None:
        """Say by which part of the floor a seed stays after all whose removal is under way."""
        sizes = [torrent.size_bytes for torrent in self._seeds.complete()]
        return kept_by_floor(sizes, seed.size_bytes, self._seeds.floor)

    async def _newest(self, going: _Going) -> Entry | None:
        """The removal of a seed that was chosen, once it is planned."""
        context = self._context
        if going.entry_id:
            return await ledger.get(context.database, going.entry_id)
        found = await ledger.of_torrents(context.database, context.config.name, [going.seed.key.infohash])
        mine = [one for one in found if one.rule == RULE and one.key == going.seed.key]
        return next((one for one in reversed(mine) if one.planned_at >= going.since), None)

    async def _has_shown(self, going: _Going, until: float, needs: _Needs, now: float) -> bool:
        """Whether the space of a removal shows by now; otherwise it is waited for, or nothing goes any more."""
        if _key(going.need) in needs.unknown:
            self._freeing = going, max(until, now + CHOICE_SECONDS)
            return False
        need, expected = needs.of(going.need), going.seed.may_free_bytes
        if need is not None:
            freed = max(need.free_bytes - going.need.free_bytes, going.need.lacks_bytes - need.lacks_bytes)
            if is_too_little(freed, expected):
                if now >= until:
                    await self._stop(f"The removal of {going.seed.name} freed too little: {max(0, freed)} bytes")
                return False
        self._freeing = None
        _log.info("space was freed", torrent=going.seed.name, bytes=expected)
        return True

    async def _stop(self, because: str) -> None:
        context = self._context
        self._freeing, self._stopped = None, because
        _log.error("making room was stopped", because=because)
        await stored.stop(context.database, context.config.name, because, context.clock.wall())
        self._report()

    # -- dry run ------------------------------------------------------------------------------------------------------

    async def preview(self, request: int, lacks_bytes: int) -> ipc.RoomPlan:
        """Say what would go, in which order and why, also while `MakeRoom` is off. Nothing is changed.

        For so many bytes on any disk; with 0 for the first download that waits, or else for as much as there is.
        """
        try:
            candidates = acting(await self._seeds.all(await self._open_entries()))
            needs = (await self._needs()).known
            need = needs[0] if needs and not lacks_bytes else None
            download = None if need is None else self._poll.facts(_key(need))
            if need is not None and download is not None:
                candidates = await self._seeds.with_disks(candidates, need.disk, download)
                rows, whole = await self._seeds.checked(candidates, RoomNeed(need.disk, need.lacks_bytes))
            elif lacks_bytes:
                rows, whole = await self._seeds.checked(candidates, RoomNeed("", lacks_bytes))
            else:
                rows, whole = await self._seeds.everything(candidates)
        except ServiceError as error:
            return ipc.RoomPlan(request, self._rules.enabled, error=str(error))
        wall = self._context.clock.wall()
        return ipc.RoomPlan(
            request,
            self._rules.enabled,
            stopped=self._stopped or "",
            download="" if download is None else download.name[:_LONGEST_NAME],
            lacks_bytes=lacks_bytes or (0 if need is None else need.lacks_bytes),
            frees_bytes=sum(row.seed.may_free_bytes for row in rows if row.goes),
            seeds=len(rows),
            size_bytes=sum(row.seed.size_bytes for row in rows),
            looked_up=whole,
            rows=tuple(_shown(row, wall) for row in rows[:_MOST_ROWS]),
        )

    # -- what is known ------------------------------------------------------------------------------------------------

    async def _open_entries(self) -> list[Entry]:
        return await ledger.open_entries(self._context.database, self._context.config.name)

    async def _needs(self) -> _Needs:
        """Read what own downloads lack. One that lacks on two disks is left: to make room on one may be in vain."""
        wall = self._context.clock.wall()
        mine: dict[TorrentKey, list[SpaceNeed]] = {}
        for need in await stored.needs(self._context.database):
            torrent = self._poll.facts(_key(need)) if self._poll.has(_key(need)) else None
            if torrent is None or torrent.added_at != need.added_at or not self._context.ownership.is_mine(torrent):
                continue
            mine.setdefault(torrent.key, []).append(need)
        known: list[SpaceNeed] = []
        unknown: set[TorrentKey] = set()
        for key, found in mine.items():
            if not all(need.is_known(wall) for need in found):
                unknown.add(key)
            elif len(found) == 1 and self._poll.answers(key.instance):
                known += found
        return _Needs(known, unknown)


def _facts(seed: Seed, need: SpaceNeed, download: TorrentFacts, together: int, now: float) -> dict[str, object]:
    """What a removal is written down with."""
    upload = upload_per_day(seed, now)
    return {
        "for": download.name,
        "for_hash": download.infohash,
        "lacks_bytes": need.lacks_bytes,
        "frees_bytes": seed.may_free_bytes,
        "go_together": together,
        "superseded": seed.superseded,
        "upload_per_gib_and_day_bytes": None if upload is None else int(upload),
        "complete_for_days": round((now - seed.completed_at) / 86_400, 1),
        "size_bytes": seed.size_bytes,
        "measured": {name: getattr(need, name) for name in need.__struct_fields__},
    }


def _shown(row: RoomRow, now: float) -> ipc.RoomSeed:
    seed = row.seed
    upload = upload_per_day(seed, now)
    return ipc.RoomSeed(
        instance=seed.key.instance,
        infohash=seed.key.infohash,
        name=seed.name[:_LONGEST_NAME],
        goes=row.goes,
        because=row.because,
        size_bytes=seed.size_bytes,
        frees_bytes=seed.frees_bytes,
        superseded=seed.superseded,
        other_seeders=seed.numbers.other_seeders,
        upload_per_day=upload,
        completed_at=seed.completed_at,
    )


def _of_entry(entry: Entry) -> _Going:
    """The seed whose removal is under way, by the facts that it was chosen with."""
    facts = entry.facts
    seed = Seed(
        key=entry.key,
        name=entry.name,
        added_at=entry.added_at,
        completed_at=entry.added_at,
        disk=facts["measured"]["disk"],
        size_bytes=facts["size_bytes"],
        frees_bytes=facts["frees_bytes"],
        superseded=facts["superseded"],
    )
    return _Going(seed, stored.SpaceNeed(**facts["measured"]), entry.planned_at, entry.id)


def _choice_of(entry: Entry) -> RoomChoice:
    return RoomChoice(SeedNumbers(entry.facts.get("other_seeders")), entry.facts)


def _key(need: SpaceNeed) -> TorrentKey:
    return TorrentKey(need.instance, need.infohash)


def _is_same(one: SpaceNeed, other: SpaceNeed) -> bool:
    return (_key(one), one.added_at, one.disk) == (_key(other), other.added_at, other.disk)
