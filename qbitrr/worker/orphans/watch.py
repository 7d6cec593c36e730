"""Finds orphans, moves them aside, restores and purges them, in the worker of the first qBittorrent.

What is done to a file is written down before it is done, and settled by what lies on the disk when it was interrupted.
Before each file is moved or purged, every client is asked again where its torrents have their data.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import ipc, logs
from qbitrr.backoff import Backoff
from qbitrr.rules import orphans as rules
from qbitrr.rules.orphan_folders import ASIDE, Refusal, evidence, objections_to_evidence, spared_by
from qbitrr.rules.orphans import DAY, IN_PLACE, UNDER_WAY, Allowance, ListingReport, Orphan, OrphanState
from qbitrr.state import orphans as stored
from qbitrr.worker.disk import on_disk
from qbitrr.worker.orphans import files
from qbitrr.worker.orphans.files import PROBLEMS, Outcome
from qbitrr.worker.orphans.listing import DiskSilentError, ground_of, sight_of, walk
from qbitrr.worker.orphans.walk import is_covered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from qbitrr.rules.orphan_folders import ArrFolders
    from qbitrr.rules.orphans import FileFacts
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.orphans.listing import FoundFolder, Ground

_log = logs.get(__name__)

LIST_SECONDS = 3600.0
_RETRY = Backoff(first_seconds=5.0, limit_seconds=600.0)
MOST_ASIDE = 10_000
"""Files that may be aside at a time; beyond that none is moved."""
_MOST_ANSWERS = 100  # messages that wait for the next pass
_ARR_FOLDERS_SECONDS = DAY
"""Older readings of where the library is do not count."""
_SILENT = (Outcome.NO_ANSWER, "")
_TOO_LARGE = "it is larger than MaxBytesPerDay, so that no day allows it to be moved or deleted"


class OrphanWatch:
    """The orphans of all qBittorrents. `wake` is set when the user has answered."""

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self._context = context
        self._database = context.database
        self._clock = context.clock
        self._policy = context.config.settings.orphans
        self._spared = spared_by(self._policy.spared)
        self._answers: deque[ipc.AnswerOrphans] = deque(maxlen=_MOST_ANSWERS)
        self._complete_at: dict[str, float] = {}  # by folder, monotonic
        self._aside_counted_at = context.clock.monotonic()
        self._failures = 0
        self._moved: deque[tuple[float, int]] = deque()  # monotonic, bytes
        self._purged: deque[tuple[float, int]] = deque()

    def answer(self, message: ipc.AnswerOrphans) -> None:
        """Carry out in a pass that begins now what the user decided on some orphans; beyond a bound, the latest."""
        if len(self._answers) == _MOST_ANSWERS:
            _log.warning("answer about orphans was dropped", because="too many wait", files=len(self._answers[0].ids))
        self._answers.append(message)
        self.wake.set()

    def seconds_until_next(self) -> float:
        """Return when to list again: soon when what kept a listing from being complete may pass."""
        return _RETRY.seconds(self._failures) if self._failures else LIST_SECONDS

    async def one_pass(self) -> None:
        """Settle what was interrupted, do what the user decided, list, then move and purge what is due."""
        with self._context.report.operation("orphans", "health"):
            await self._settle()
            while self._answers:
                await self._obey(self._answers.popleft())
            refused = await self._list()
            await self._count_aside()  # before anything more is moved there
            if refused is not None and not self._context.config.read_only:
                await self._move_due(refused)
                await self._purge_due()
            await stored.drop_ended(self._database)

    # -- listing ------------------------------------------------------------------------------------------------------

    async def _list(self) -> frozenset[str] | None:
        """List orphans; returns the folders out of which nothing is moved, None when the listing is not complete."""
        began_at = self._clock.monotonic()
        ground, refusals, numbers = await ground_of(self._context, await self._arr_folders())
        found: list[FoundFolder] = []
        if ground is not None:
            try:
                found, refusals = await self._walk(ground)
            except DiskSilentError:
                refusals = [Refusal("disk", "the disk of a folder does not answer, or fails", lasting=False)]
        complete = ground is not None and not refusals
        passes = not complete and not any(one.lasting for one in refusals)
        self._failures = self._failures + 1 if passes else 0
        reports = [one.report for one in found]
        if ground is not None:
            reports += [
                rules.FolderReport(folder.path, folder.category, folder.instance, refusal=refusal.because)
                for folder, refusal in ground.refused.items()
            ]
        report = ListingReport(
            clients=numbers,
            folders=tuple(reports),
            refusals=tuple(f"{one.subject}: {one.because}" for one in refusals),
            not_kept=sum(one.not_kept for one in found),
            names_unreadable=sum(one.names_unreadable for one in found),
            seconds=self._clock.monotonic() - began_at,
        )
        if complete and ground is not None:
            await self._store(found, {one.path for one in ground.refused})
        else:
            self._complete_at.clear()  # what happened since is not known
        await stored.store_report(self._database, report, self._clock.wall(), complete=complete)
        self._report(report, lasting=any(one.lasting for one in refusals))
        _log.info(
            "orphans were listed" if complete else "orphans were not listed",
            folders=len(found),
            files=sum(one.files for one in reports),
            bytes=sum(one.size_bytes for one in reports),
            because=report.refusals[:5],
        )
        return frozenset(one.folder for one in reports if one.refusal) if complete else None

    async def _arr_folders(self) -> dict[str, ArrFolders]:
        """Where the libraries are, as far as that was read lately."""
        now = self._clock.wall()
        read = await stored.arr_folders(self._database)
        return {name: one for name, (one, at) in read.items() if abs(now - at) < _ARR_FOLDERS_SECONDS}

    async def _walk(self, ground: Ground) -> tuple[list[FoundFolder], list[Refusal]]:
        """Walk through all folders, unless what this machine sees is not what the clients have."""
        expected, sight = await sight_of(ground)
        if refusals := objections_to_evidence(evidence(expected, sight.seen)):
            return [], refusals
        in_place = await stored.in_states(self._database, IN_PLACE)
        found = []
        for folder in ground.folders:
            paths = {one.path for one in in_place if one.folder == folder.path}
            decided = sum(
                one.file.size_bytes
                for one in in_place
                if one.folder == folder.path and one.state is not OrphanState.FOUND
            )
            walked = await walk(folder, ground, expected, sight, paths, self._spared)
            report = walked.report
            refusal = rules.too_much(max(0, report.size_bytes - decided), report.known_bytes, self._policy)
            if not report.known_bytes:
                refusal = "no complete torrent is seen there, so that nothing shows that it is the folder of its client"
            found.append(walked._replace(report=replace(report, refusal=refusal or "")))
        return found, []

    async def _store(self, found: Sequence[FoundFolder], refused: set[str]) -> None:
        """Store what a complete listing found, and what it found no more; `refused` folders were not walked."""
        now, monotonic = self._clock.wall(), self._clock.monotonic()
        before = {(one.folder, one.path): one for one in await stored.in_states(self._database, IN_PLACE)}
        under_way = {(one.folder, one.path) for one in await stored.in_states(self._database, UNDER_WAY)}
        after: list[tuple[Orphan, bool]] = []
        for one in found:
            folder, last = one.report.folder, self._complete_at.get(one.report.folder)
            elapsed = 0.0 if last is None else monotonic - last
            for path, file in one.files.items():
                if (folder, path) in under_way:
                    continue
                orphan = rules.listed(before.pop((folder, path), None), folder, path, file, elapsed, now)
                is_due = orphan.state is OrphanState.FOUND and rules.not_due(orphan, self._policy, now) is None
                after.append((orphan, is_due and not one.report.refusal))
            self._complete_at[folder] = monotonic
        gone = []
        for orphan in before.values():
            if orphan.folder in refused:
                self._complete_at.pop(orphan.folder, None)
                after.append((orphan, False))
            elif orphan.aside and await self._lies_aside(orphan):  # moved by a step that the disk answered late
                aside = replace(orphan, state=OrphanState.ASIDE, aside_at=now, aside_seconds=0.0)
                await stored.change(self._database, aside, now, because="the disk had moved it after all")
            else:
                gone.append(orphan.id)
        await stored.store_listing(self._database, after, gone, now)

    async def _lies_aside(self, orphan: Orphan) -> bool:
        found = await on_disk(None, files.facts, orphan.folder, orphan.aside)
        return found is not None and orphan.file.is_same(found)

    def _report(self, report: ListingReport, *, lasting: bool) -> None:
        """Report what the user has to put right; what passes is reported elsewhere."""
        concerns, name = [], self._context.config.name
        if lasting:
            text = "Files without a torrent are not listed at present, as something lasting speaks against it"
            remedy = "The page says what, under Torrents, Files without a torrent"
            concerns.append(ipc.Concern("disk", name, text, remedy))
        elif self._policy.mode in ("ask", "act") and any("MaxShare" in one.refusal for one in report.folders):
            text = "So much of a folder belongs to no torrent that none of it is moved (Orphans.MaxShare)"
            remedy = "See whether that is true, on the page under Torrents, Files without a torrent"
            concerns.append(ipc.Concern("disk", name, text, remedy))
        self._context.report.concerned("orphans", concerns)

    # -- decisions of the user ----------------------------------------------------------------------------------------

    async def _obey(self, message: ipc.AnswerOrphans) -> None:
        for orphan in await stored.of_ids(self._database, message.ids):
            now = self._clock.wall()
            match message.choice, orphan.state:
                case "move", OrphanState.FOUND if self._policy.mode == "ask":
                    await stored.change(self._database, replace(orphan, approved=True), now, because="you had it moved")
                case "leave", OrphanState.FOUND:
                    left = replace(orphan, state=OrphanState.LEFT, approved=False)
                    await stored.change(self._database, left, now, because="you left it")
                case "reconsider", OrphanState.LEFT | OrphanState.RESTORED:
                    again = replace(orphan, state=OrphanState.FOUND, approved=False)
                    await stored.change(self._database, again, now, because="you had it considered again")
                case "restore", OrphanState.ASIDE if not self._context.config.read_only:
                    await self._restore(orphan, "you had it restored")
                case _:
                    _log.info("answer about an orphan came too late", path=orphan.path, choice=message.choice)

    async def _restore(self, orphan: Orphan, because: str) -> None:
        under_way = replace(orphan, state=OrphanState.RESTORING)
        await stored.change(self._database, under_way, self._clock.wall(), because=because)
        outcome = await self._on_disk(orphan, partial(files.restore, orphan))
        if outcome is Outcome.DONE:
            restored = replace(orphan, state=OrphanState.RESTORED)
            await stored.change(self._database, restored, self._clock.wall(), because=because)
            _log.info("orphan was restored", folder=orphan.folder, path=orphan.path)
        elif outcome is not Outcome.NO_ANSWER:
            await self._failed_aside(orphan, outcome)

    # -- moving and purging -------------------------------------------------------------------------------------------

    async def _move_due(self, refused: frozenset[str]) -> None:
        now = self._clock.wall()
        found = await stored.in_states(self._database, [OrphanState.FOUND])
        due = [one for one in found if one.folder not in refused and rules.is_to_move(one, self._policy, now)]
        if not due:
            return
        left = self._left(self._moved, await stored.moved_since(self._database, now - DAY))
        room = MOST_ASIDE - len(await stored.in_states(self._database, [OrphanState.ASIDE]))
        failing: set[str] = set()
        for orphan in due[: max(0, room)]:
            after = left.after(orphan.file.size_bytes)
            if await self._is_too_large(orphan) or after is None or orphan.folder in failing:
                continue
            outcome = await self._move(orphan)
            if outcome is Outcome.DONE:
                left = after
                self._moved.append((self._clock.monotonic(), orphan.file.size_bytes))
            elif outcome is not None and outcome is not Outcome.CHANGED:
                failing.add(orphan.folder)

    async def _move(self, orphan: Orphan) -> Outcome | None:
        """Move one file aside; returns what came of it, None when a client speaks against it."""
        ground = await self._confirmed(orphan, orphan.path)
        if ground is None:
            return None
        name = orphan.path.rpartition("/")[2]
        aside = f"{ASIDE}/{orphan.id}-{secrets.token_hex(4)}/{name}"
        now = self._clock.wall()
        moving = replace(orphan, state=OrphanState.MOVING, aside=aside)
        because = "you had it moved" if orphan.approved else "no torrent of any client has known it for long enough"
        await stored.change(self._database, moving, now, because=because, proof=self._proof(orphan, ground))
        outcome = await self._on_disk(moving, partial(files.move_aside, moving, self._kept(ground)))
        if outcome is Outcome.DONE:
            moved = replace(moving, state=OrphanState.ASIDE, aside_at=self._clock.wall(), aside_seconds=0.0)
            await stored.change(self._database, moved, self._clock.wall(), because=because)
            _log.info("orphan was moved aside", folder=orphan.folder, path=orphan.path, bytes=orphan.file.size_bytes)
        elif outcome is not Outcome.NO_ANSWER:
            await self._failed(replace(orphan, approved=False), outcome)
        return outcome

    async def _purge_due(self) -> None:
        now = self._clock.wall()
        aside = await stored.in_states(self._database, [OrphanState.ASIDE])
        due = [one for one in aside if rules.is_to_purge(one, self._policy, now)]
        if not due:
            return
        left = self._left(self._purged, await stored.purged_since(self._database, now - DAY))
        for orphan in due:
            after = left.after(orphan.file.size_bytes)
            if not await self._is_too_large(orphan) and after is not None and await self._purge(orphan):
                left = after
                self._purged.append((self._clock.monotonic(), orphan.file.size_bytes))

    async def _purge(self, orphan: Orphan) -> bool:
        ground = await self._confirmed(orphan, orphan.path, orphan.aside)
        if ground is None:
            return False
        purging = replace(orphan, state=OrphanState.PURGING)
        because = "it was aside for long enough"
        proof = self._proof(orphan, ground) | {"aside_seconds": orphan.aside_seconds}
        await stored.change(self._database, purging, self._clock.wall(), because=because, proof=proof)
        outcome = await self._on_disk(orphan, partial(files.purge, orphan))
        if outcome is Outcome.DONE:
            purged = replace(orphan, state=OrphanState.PURGED)
            await stored.change(self._database, purged, self._clock.wall(), because=because)
            _log.info("orphan was purged", folder=orphan.folder, path=orphan.path, bytes=orphan.file.size_bytes)
            return True
        if outcome is not Outcome.NO_ANSWER:
            await self._failed_aside(orphan, outcome)
        return False

    async def _confirmed(self, orphan: Orphan, *paths: str) -> Ground | None:
        """Ask all clients again; None when one is silent or does not list all, or when a torrent has a path."""
        ground, refusals, _ = await ground_of(self._context, await self._arr_folders())
        problem = ""
        if ground is None:
            problem = f"{refusals[0].subject}: {refusals[0].because}"
        elif orphan.folder not in {one.path for one in ground.folders}:
            problem = "its folder is none of a category of ours any more, or something speaks against it"
        else:
            covered = [await on_disk(None, is_covered, ground.known, orphan.folder, path) for path in paths]
            if None in covered:
                problem = PROBLEMS[Outcome.NO_ANSWER]
            elif any(covered):
                problem = "a torrent knows it now"
        if not problem:
            return ground
        await stored.change(self._database, orphan, self._clock.wall(), problem=problem)
        _log.info("orphan was left for now", folder=orphan.folder, path=orphan.path, because=problem)
        return None

    def _proof(self, orphan: Orphan, ground: Ground) -> dict[str, Any]:
        """What a file was moved or purged on."""
        return {
            "torrents": {client.instance: len(client.torrents) for client in ground.clients},
            "listings": orphan.listings,
            "seen_seconds": round(orphan.seen_seconds),
            "unchanged_seconds": round(rules.age_seconds(orphan.file, self._clock.wall())),
            "size_bytes": orphan.file.size_bytes,
            "links": orphan.file.links,
        }

    def _kept(self, ground: Ground) -> frozenset[str]:
        return frozenset(one.path.rstrip("/") for one in (*ground.folders, *ground.refused))

    async def _is_too_large(self, orphan: Orphan) -> bool:
        """Whether no day allows a file, which is noted at it."""
        if orphan.file.size_bytes <= self._policy.bytes_per_day:
            return False
        await stored.change(self._database, orphan, self._clock.wall(), problem=_TOO_LARGE)
        return True

    def _left(self, lately: deque[tuple[float, int]], by_wall: Iterable[int]) -> Allowance:
        """What the day allows yet, by the clock that allows less."""
        since = self._clock.monotonic() - DAY
        while lately and lately[0][0] <= since:
            lately.popleft()
        one = rules.allowance(self._policy, by_wall)
        other = rules.allowance(self._policy, (size for _, size in lately))
        return Allowance(min(one.files, other.files), min(one.size_bytes, other.size_bytes))

    # -- the disk -----------------------------------------------------------------------------------------------------

    async def _on_disk(self, orphan: Orphan, step: Callable[[], Outcome]) -> Outcome:
        """Run a step on the disk; what is refused is logged and counted."""
        outcome, error = await on_disk(_SILENT, files.guarded, step)
        if outcome is not Outcome.DONE:
            await stored.count_failure(self._database, outcome)
            _log.warning(
                "step with an orphan failed",
                folder=orphan.folder,
                path=orphan.path,
                state=str(orphan.state),
                because=str(outcome),
                error=error,
            )
        return outcome

    async def _failed(self, orphan: Orphan, outcome: Outcome) -> None:
        await stored.change(self._database, orphan, self._clock.wall(), problem=PROBLEMS[outcome])

    async def _failed_aside(self, orphan: Orphan, outcome: Outcome) -> None:
        """Note that what is aside could not be moved; what is not there any more was removed by someone else."""
        if outcome is Outcome.CHANGED and not await self._lies_aside(orphan):
            gone = replace(orphan, state=OrphanState.GONE)
            await stored.change(self._database, gone, self._clock.wall(), because=_SETTLED[OrphanState.GONE])
        else:
            await self._failed(orphan, outcome)

    async def _count_aside(self) -> None:
        """Count the time for which files were aside while this process ran."""
        now = self._clock.monotonic()
        await stored.count_aside(self._database, now - self._aside_counted_at)
        self._aside_counted_at = now

    async def _settle(self) -> None:
        """Settle steps that were begun and not finished, by what lies on the disk; nothing while it does not answer."""
        for orphan in await stored.in_states(self._database, UNDER_WAY):
            unknown: object = object()
            in_place = await on_disk(unknown, files.facts, orphan.folder, orphan.path)
            in_aside = await on_disk(unknown, files.facts, orphan.folder, orphan.aside)
            if in_place is unknown or in_aside is unknown:
                continue
            await self._settle_one(orphan, in_place, in_aside)  # type: ignore[arg-type]

    async def _settle_one(self, orphan: Orphan, in_place: FileFacts | None, in_aside: FileFacts | None) -> None:
        state, now = rules.settled(orphan, in_place, in_aside), self._clock.wall()
        if state is OrphanState.RESTORING and self._context.config.read_only:
            return  # to end it changes the disk
        _log.info(
            "orphan was settled", folder=orphan.folder, path=orphan.path, before=str(orphan.state), after=str(state)
        )
        if state is OrphanState.RESTORING:
            await self._restore(orphan, "you had it restored")
            return
        aside_at = now if state is OrphanState.ASIDE and orphan.aside_at is None else orphan.aside_at
        settled = replace(orphan, state=state, approved=False, aside_at=aside_at)
        await stored.change(self._database, settled, now, because=_SETTLED.get(state, "its move was interrupted"))


_SETTLED = {
    OrphanState.GONE: "someone else removed it",
    OrphanState.PURGED: "it was aside for long enough",
    OrphanState.RESTORED: "you had it restored",
}
