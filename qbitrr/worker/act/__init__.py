"""The only room that changes a torrent or an Arr's queue.

An action is a sequence of steps. It is in the ledger before the first one, every step is recorded before the next
begins, and each can be repeated: after a crash the sequence goes on where it stopped, with nothing lost and nothing
done twice. A service that does not answer leaves the action open; it is resumed later.

    hands  what every action needs      failing  blocklist, delete, verify, search      importing  scan, prove, tag
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.state import ledger
from qbitrr.torrents.facts import NOT_TRIED, TAG_STALLED, ImportFacts
from qbitrr.torrents.verdict import Action
from qbitrr.worker.act.failing import fail
from qbitrr.worker.act.hands import Hands, HeldError
from qbitrr.worker.act.importing import IMPORTED_STEP, have_imported, is_imported, path_to_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qbitrr.state.ledger import Entry
    from qbitrr.torrents.facts import QueueFacts, TorrentFacts
    from qbitrr.torrents.verdict import Verdict

    # What is to be done with a torrent as it is now, and what the Arr's queue says of it; None when it is not ours.
    Judge = Callable[[TorrentFacts], tuple[Verdict, QueueFacts | None] | None]

__all__ = ["Actor", "Hands"]

Incarnation = tuple[str, str, float]  # instance, infohash, and when it was added: it may come back as another

_REFRESH_SECONDS = 60.0


class Actor:
    """Carries out verdicts on torrents of one category. `imports` is what it knows of importing them."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._refreshed_at: float | None = None
        self.imports: dict[Incarnation, ImportFacts] = {}

    async def remember(self) -> None:
        """Read back what the ledger knows, and end what can never go on."""
        database, category = self._hands.database, self._hands.config.arr.category
        for past in await ledger.imports_of_present_torrents(database, category):
            key = (past.instance, past.infohash, past.added_at)
            if past.state == "done":
                self.imports[key] = ImportFacts(imported=True)
            elif past.state == "failed":
                self.imports[key] = ImportFacts(failures=1, failed_at=past.updated_at)
        for entry in await ledger.open_entries(database, category):
            if entry.instance not in self._hands.services.qbittorrents:
                await self._hands.close(entry, "held", f"{entry.instance} is no longer configured")

    def forget(self, torrents: Iterable[tuple[str, str]]) -> None:
        """Torrents, given as (instance, infohash), that are gone."""
        gone = set(torrents)
        self.imports = {key: facts for key, facts in self.imports.items() if key[:2] not in gone}

    async def carry_out(self, instance: str, infohash: str, judge: Judge) -> bool:
        """Do what the verdict on a torrent is once it was read again; returns whether anything was done.

        Raises a ServiceError; an action that was begun stays open in the ledger then.
        """
        torrent = await self._hands.read(instance, infohash)
        judged = judge(torrent) if torrent else None
        if torrent is None or judged is None:
            return False
        verdict, queue = judged
        match verdict.action:
            case Action.NOTHING:
                return False
            case Action.LOOK_FOR_IMPORT:
                await self._look_for_import(torrent, verdict)
            case Action.IMPORT:
                path = await path_to_scan(self._hands, torrent, queue)
                await self._begin(torrent, verdict, path=path, import_mode=self._hands.config.arr.import_mode)
            case Action.TAG_STALLED:
                await self._begin(torrent, verdict)
            case Action.FAIL:
                record_ids, item_ids = (queue.record_ids, queue.item_ids) if queue else ((), ())
                research = self._hands.config.arr.research
                await self._begin(torrent, verdict, record_ids=record_ids, item_ids=item_ids, research=research)
        return True

    async def resume(self, entry: Entry, judge: Judge) -> bool:
        """Go on with an action that was begun and broke off, unless nothing came of it and nothing should.

        Returns True: either way the action has ended. Raises a ServiceError; it stays open then.
        """
        if entry.step == ledger.FIRST_STEP:
            torrent = await self._hands.read(entry.instance, entry.infohash)
            judged = judge(torrent) if torrent else None
            if judged is None or judged[0].action != entry.action:
                await self._hands.close(entry, "held", "not needed any more when it could go on")
                return True
        await self._go_on(entry)
        return True

    async def _begin(self, torrent: TorrentFacts, verdict: Verdict, **notes: object) -> None:
        await self._go_on(await self._hands.plan(torrent, verdict, verdict.action, notes))

    async def _go_on(self, entry: Entry) -> None:
        steps = {Action.IMPORT: self._import, Action.FAIL: self._fail, Action.TAG_STALLED: self._tag_stalled}
        try:
            await steps[Action(entry.action)](entry)
        except HeldError as held:
            await self._hands.close(entry, "held", str(held))

    async def _fail(self, entry: Entry) -> None:
        await fail(self._hands, entry)

    async def _import(self, entry: Entry) -> None:
        key = (entry.instance, entry.infohash, entry.added_at)
        if await have_imported(self._hands, entry) is None:
            self.imports[key] = ImportFacts(imported=True)
        else:
            known = self.imports.get(key, NOT_TRIED)
            self.imports[key] = ImportFacts(failures=known.failures + 1, failed_at=self._hands.clock.wall())

    async def _look_for_import(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """A finished download that the Arr does not list was imported by the Arr, or is unknown to it."""
        if await is_imported(self._hands, torrent.infohash, torrent.added_at):
            await self._go_on(await self._hands.plan(torrent, verdict, Action.IMPORT, {}, IMPORTED_STEP))
            return
        key = (torrent.instance, torrent.infohash, torrent.added_at)
        known = self.imports.get(key, NOT_TRIED)
        self.imports[key] = ImportFacts(
            failures=known.failures,
            failed_at=known.failed_at,
            looks=known.looks + 1,
            looked_at=self._hands.clock.wall(),
        )
        await self._refresh_downloads()

    async def _refresh_downloads(self) -> None:
        """Have the Arr look at its download clients, at most once a minute."""
        now = self._hands.clock.monotonic()
        if self._refreshed_at is None or now >= self._refreshed_at + _REFRESH_SECONDS:
            self._refreshed_at = now
            await self._hands.services.arr.refresh_downloads()

    async def _tag_stalled(self, entry: Entry) -> None:
        await self._hands.read_for(entry)
        await self._hands.services.qbittorrents[entry.instance].add_tags([entry.infohash], TAG_STALLED)
        await self._hands.close(entry, "done", "tagged")
