"""The only module that changes a torrent or an Arr's queue.

An action is a sequence of steps. It is in the ledger before the first one, every step is recorded before the next
begins, and each can be repeated: after a crash the sequence goes on where it stopped, with nothing lost and nothing
done twice. A service that does not answer leaves the action open; it is resumed later.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError, ServiceError, UnreachableError
from qbitrr.state import activity, ledger
from qbitrr.torrents.facts import NOT_TRIED, TAG_IGNORED, TAG_IMPORTED, TAG_STALLED, ImportFacts
from qbitrr.torrents.verdict import Action
from qbitrr.worker.services import queue_facts, torrent_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qbitrr.arr.models import Command
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.state.ledger import End, Entry
    from qbitrr.torrents.facts import QueueFacts, TorrentFacts
    from qbitrr.torrents.verdict import Verdict
    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)

Incarnation = tuple[str, str, float]  # instance, infohash, and when it was added: it may come back as another

_GONE_SECONDS = 30.0  # deleting is asynchronous in qBittorrent; large data takes a while
_COMMAND_SECONDS = 3600.0  # an Arr may have many commands before ours
_PROOF_SECONDS = 10.0  # history is written a moment after a command has ended
_POLL_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
_CLOCK_SKEW_SECONDS = 300.0  # between this machine, qBittorrent's and the Arr's
_REFRESH_SECONDS = 60.0


class _HeldError(Exception):
    """The action must not go on; the text says why."""


class Actor:
    """Carries out verdicts on torrents of one category. `imports` is what it knows of importing them."""

    def __init__(
        self, config: WorkerConfig, services: Services, database: Database, report: Report, clock: Clock
    ) -> None:
        self._config = config
        self._services = services
        self._database = database
        self._report = report
        self._clock = clock
        self._category = config.arr.category
        self._refreshed_at: float | None = None
        self.imports: dict[Incarnation, ImportFacts] = {}

    async def remember(self) -> list[Entry]:
        """Read back what the ledger knows; returns the actions that were begun and can go on."""
        for past in await ledger.imports_of_present_torrents(self._database, self._category):
            key = (past.instance, past.infohash, past.added_at)
            if past.state == "done":
                self.imports[key] = ImportFacts(imported=True)
            elif past.state == "failed":
                self.imports[key] = ImportFacts(failures=1, failed_at=past.updated_at)
        resumable = []
        for entry in await ledger.open_entries(self._database, self._category):
            if entry.instance in self._services.qbittorrents:
                resumable.append(entry)
            else:
                await self._close(entry, "held", f"{entry.instance} is no longer configured")
        return resumable

    def forget(self, torrents: Iterable[tuple[str, str]]) -> None:
        """Torrents, given as (instance, infohash), that are gone."""
        gone = set(torrents)
        self.imports = {key: facts for key, facts in self.imports.items() if key[:2] not in gone}

    async def carry_out(
        self, torrent: TorrentFacts, queue: QueueFacts | None, judge: Callable[[TorrentFacts], Verdict]
    ) -> bool:
        """Do what the verdict on a torrent says, if it still does when the torrent is read again.

        Returns whether anything was done. Raises a ServiceError; an action that was begun stays open in the ledger.
        """
        fresh = await self._read(torrent.instance, torrent.infohash)
        if fresh is None:
            return False
        verdict = judge(fresh)
        if verdict.action is Action.LOOK_FOR_IMPORT:
            await self._look_for_import(fresh, verdict)
        elif verdict.action is Action.IMPORT:
            path = (queue.output_path if queue else "") or fresh.content_path
            await self._begin(fresh, verdict, path=path, import_mode=self._config.arr.import_mode)
        elif verdict.action is Action.TAG_STALLED:
            await self._begin(fresh, verdict)
        elif verdict.action is Action.FAIL:
            await self._begin(
                fresh,
                verdict,
                record_ids=list(queue.record_ids) if queue else [],
                item_ids=list(queue.item_ids) if queue else [],
                research=self._config.arr.research,
            )
        return verdict.action is not Action.NOTHING

    async def resume(self, entry: Entry) -> None:
        """Go on with an action from the step it reached. Raises a ServiceError; the action stays open then."""
        steps = {Action.IMPORT: self._import, Action.FAIL: self._fail, Action.TAG_STALLED: self._tag_stalled}
        try:
            await steps[Action(entry.action)](entry)
        except _HeldError as held:
            await self._close(entry, "held", str(held))

    async def resume_after_break(self, entry: Entry, judge: Callable[[TorrentFacts], Verdict]) -> bool:
        """Go on with an action that was begun and broke off, unless nothing came of it and nothing should.

        Returns True: either way the action has ended. Raises a ServiceError; it stays open then.
        """
        if entry.step == ledger.FIRST_STEP and not await self._begun(entry):
            fresh = await self._read(entry.instance, entry.infohash)
            if fresh is None or judge(fresh).action != entry.action:
                await self._close(entry, "held", "not needed any more when it could go on")
                return True
        await self.resume(entry)
        return True

    async def _begun(self, entry: Entry) -> bool:
        """Whether the first call of an action may have been sent before the crash."""
        if entry.action != Action.FAIL or not entry.notes["record_ids"]:
            return False
        listed = {record.id for record in await self._services.arr.queue()}
        return not listed.issuperset(entry.notes["record_ids"])

    # -- failing: blocklist, delete, verify, search -------------------------------------------------------------

    async def _fail(self, entry: Entry) -> None:
        if entry.step == ledger.FIRST_STEP:
            for record_id in entry.notes["record_ids"]:
                await self._services.arr.blocklist(record_id)
            entry = await self._advance(entry, "blocklisted")
        if entry.step == "blocklisted":
            kept_files = await self._delete(entry)
            entry = await self._advance(entry, "deleted", kept_files=kept_files)
        wanted = entry.notes["item_ids"] if entry.notes["research"] else []
        if wanted and entry.step == "deleted":
            entry = await self._advance(entry, "searching")
            await self._search(entry)
        elif wanted and not await self._search_was_sent(entry):
            await self._search(entry)
        await self._close(entry, "done", _failed_text(entry, searched=bool(wanted)))

    async def _delete(self, entry: Entry) -> bool:
        """Delete the torrent and see that it is gone; returns whether its files had to stay."""
        client = self._services.qbittorrents[entry.instance]
        torrent = await self._read(entry.instance, entry.infohash)
        if torrent is None:
            return False
        if TAG_IGNORED in torrent.tags:
            raise _HeldError("it got the tag qBitrr-ignored meanwhile")
        shared = await self._shares_data(entry.instance, entry.infohash, torrent.content_path)
        await client.delete([entry.infohash], with_files=not shared)
        deadline = self._clock.monotonic() + _GONE_SECONDS
        attempt = 0
        while entry.infohash in await client.torrents([entry.infohash]):
            if self._clock.monotonic() > deadline:
                raise UnreachableError(entry.instance, "the torrent is still there after it was deleted")
            await _pause(attempt)
            attempt += 1
        return shared

    async def _shares_data(self, instance: str, infohash: str, content_path: str) -> bool:
        """Whether another torrent of any instance has the same data, or may have: an instance that is down counts."""
        mine = content_path.rstrip("/")
        for name, client in self._services.qbittorrents.items():
            try:
                paths = await client.content_paths()
            except ServiceError as error:
                _log.warning("files were kept", torrent=infohash, because=f"another instance is silent: {error}")
                return True
            others = (path.rstrip("/") for other, path in paths.items() if (name, other) != (instance, infohash))
            if any(_overlap(mine, path) for path in others):
                return True
        return False

    async def _search(self, entry: Entry) -> None:
        await self._services.arr.search(entry.notes["item_ids"])
        now = self._clock.wall()
        summary = f"again for {entry.name}"
        await activity.record(self._database, self._category, summary, now)
        self._report.searched(summary, now)

    async def _search_was_sent(self, entry: Entry) -> bool:
        """Whether the search that was about to be sent before a crash reached the Arr."""
        wanted = set(entry.notes["item_ids"])
        kind = self._services.arr.kind
        return any(
            command.name == kind.search_command and wanted <= set(kind.searched(command.body))
            for command in await self._commands_since(entry.updated_at)
            if command.body is not None
        )

    # -- importing: scan, wait, prove, tag ----------------------------------------------------------------------

    async def _import(self, entry: Entry) -> None:
        if entry.step == ledger.FIRST_STEP:
            entry = await self._advance(entry, "sending")
            command = await self._scan(entry)
            entry = await self._advance(entry, "sent", command_id=command.id)
        elif entry.step == "sending":
            command = await self._scan_that_was_sent(entry) or await self._scan(entry)
            entry = await self._advance(entry, "sent", command_id=command.id)
        if entry.step == "sent":
            problem = await self._wait_for_command(entry)
            if problem is None and not await self._wait_for_proof(entry):
                problem = "the command ended, but the Arr's history shows no import"
            if problem is not None:
                await self._import_failed(entry, problem)
                return
            entry = await self._advance(entry, "imported")
        await self._tag_imported(entry)

    async def _scan(self, entry: Entry) -> Command:
        notes = entry.notes
        return await self._services.arr.scan(notes["path"], entry.infohash.upper(), notes["import_mode"])

    async def _scan_that_was_sent(self, entry: Entry) -> Command | None:
        for command in await self._commands_since(entry.updated_at):
            body = command.body
            if body and body.download_client_id and body.download_client_id.upper() == entry.infohash.upper():
                return command
        return None

    async def _wait_for_command(self, entry: Entry) -> str | None:
        """Wait for the scan to end; returns what went wrong, if something did."""
        deadline = self._clock.monotonic() + _COMMAND_SECONDS
        attempt = 0
        while self._clock.monotonic() < deadline:
            try:
                command = await self._services.arr.command(entry.notes["command_id"])
            except GoneError:  # forgotten by the Arr, as after its restart: the history will tell
                return None
            if command.ended:
                return None if command.succeeded else f"the Arr's command ended as {command.status}"
            await _pause(attempt)
            attempt += 1
        return "the Arr did not finish the command within an hour"

    async def _wait_for_proof(self, entry: Entry) -> bool:
        deadline = self._clock.monotonic() + _PROOF_SECONDS
        attempt = 0
        while not await self._is_imported(entry.infohash, entry.added_at):
            if self._clock.monotonic() > deadline:
                return False
            await _pause(attempt)
            attempt += 1
        return True

    async def _is_imported(self, infohash: str, added_at: float) -> bool:
        """Whether the Arr's history shows an import since the torrent was added, and its queue nothing left of it."""
        arr = self._services.arr
        since = added_at - _CLOCK_SKEW_SECONDS
        events = await arr.history(infohash.upper())
        if not any(e.event_type in arr.kind.imported_events and (from_iso(e.date) or 0) >= since for e in events):
            return False
        left = queue_facts(await arr.queue(), arr.kind).get(infohash.upper())
        return left is None or left.tracked_state == "imported"

    async def _import_failed(self, entry: Entry, problem: str) -> None:
        queue = queue_facts(await self._services.arr.queue(), self._services.arr.kind).get(entry.infohash.upper())
        said = "; ".join(queue.messages) if queue else ""
        key = (entry.instance, entry.infohash, entry.added_at)
        known = self.imports.get(key, NOT_TRIED)
        self.imports[key] = ImportFacts(failures=known.failures + 1, failed_at=self._clock.wall())
        await self._close(entry, "failed", f"{problem}; the Arr says: {said}" if said else problem)

    async def _look_for_import(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """A finished download that the Arr does not list was imported by the Arr, or is unknown to it."""
        key = (torrent.instance, torrent.infohash, torrent.added_at)
        if await self._is_imported(torrent.infohash, torrent.added_at):
            entry = await self._plan(torrent, verdict, Action.IMPORT, {})
            if entry is not None:
                await self._tag_imported(await self._advance(entry, "imported"))
            return
        known = self.imports.get(key, NOT_TRIED)
        self.imports[key] = ImportFacts(
            failures=known.failures, failed_at=known.failed_at, looked_at=self._clock.wall()
        )
        await self._refresh_downloads()

    async def _refresh_downloads(self) -> None:
        """Have the Arr look at its download clients, at most once a minute."""
        now = self._clock.monotonic()
        if self._refreshed_at is None or now >= self._refreshed_at + _REFRESH_SECONDS:
            self._refreshed_at = now
            await self._services.arr.refresh_downloads()

    async def _tag_imported(self, entry: Entry) -> None:
        if not self._config.settings.tagless:
            await self._services.qbittorrents[entry.instance].add_tags([entry.infohash], TAG_IMPORTED)
        self.imports[entry.instance, entry.infohash, entry.added_at] = ImportFacts(imported=True)
        by_whom = "imported" if "command_id" in entry.notes else "imported by the Arr itself"
        await self._close(entry, "done", f"{by_whom}; the Arr's history shows it")

    # -- tagging ------------------------------------------------------------------------------------------------

    async def _tag_stalled(self, entry: Entry) -> None:
        await self._services.qbittorrents[entry.instance].add_tags([entry.infohash], TAG_STALLED)
        await self._close(entry, "done", "tagged")

    # -- the ledger ---------------------------------------------------------------------------------------------

    async def _read(self, instance: str, infohash: str) -> TorrentFacts | None:
        torrents = await self._services.qbittorrents[instance].torrents([infohash])
        found = torrents.get(infohash)
        return torrent_facts(instance, infohash, found) if found else None

    async def _begin(self, torrent: TorrentFacts, verdict: Verdict, **notes: object) -> None:
        entry = await self._plan(torrent, verdict, verdict.action, notes)
        if entry is not None:
            await self.resume(entry)

    async def _plan(
        self, torrent: TorrentFacts, verdict: Verdict, action: Action, notes: dict[str, object]
    ) -> Entry | None:
        step = verdict.last
        _log.info(
            "action was planned", action=str(action), torrent=torrent.name, infohash=torrent.infohash, rule=step.rule
        )
        return await ledger.plan(
            self._database,
            category=self._category,
            instance=torrent.instance,
            infohash=torrent.infohash,
            name=torrent.name,
            added_at=torrent.added_at,
            action=action,
            rule=step.rule,
            because=step.finding.because,
            facts=step.finding.facts,
            notes=notes,
            now=self._clock.wall(),
        )

    async def _advance(self, entry: Entry, step: str, **notes: object) -> Entry:
        return await ledger.advance(self._database, entry, step, self._clock.wall(), **notes)

    async def _close(self, entry: Entry, state: End, outcome: str) -> None:
        await ledger.close(self._database, entry, state, outcome, self._clock.wall())
        _log.info("action ended", action=entry.action, torrent=entry.name, state=state, outcome=outcome)

    async def _commands_since(self, since: float) -> list[Command]:
        """The Arr's commands that were queued after something was about to be sent."""
        earliest = since - _CLOCK_SKEW_SECONDS
        return [c for c in await self._services.arr.commands() if (from_iso(c.queued) or 0) >= earliest]


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside of the other."""
    return bool(one and other) and (one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"))


def _failed_text(entry: Entry, *, searched: bool) -> str:
    blocklisted = "blocklisted and removed" if entry.notes["record_ids"] else "removed; the Arr did not list it"
    files = "its files stay, another torrent may need them" if entry.notes["kept_files"] else "its files are deleted"
    search = "searched again" if searched else "not searched again"
    return f"{blocklisted}; {files}; {search}"


async def _pause(attempt: int) -> None:
    await asyncio.sleep(_POLL_SECONDS[min(attempt, len(_POLL_SECONDS) - 1)])
