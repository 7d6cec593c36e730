"""Import of a complete torrent: the Arr is asked to poll its download clients, and imports by itself.

It is scanned only for what it will not do alone; `qbitrr.rules.imports` decides each step. The steps in the ledger:

    planned    nothing was sent
    watching   the Arr was asked, perhaps: asking again does no harm
    scanning   a scan is about to be sent, or was sent: the Arr's commands tell which
    scanned    a scan was sent
    imported   its history proves that it is imported
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from qbitrr.config.address import host_name
from qbitrr.errors import GoneError, ServiceError
from qbitrr.rules.imports import (
    ImportStep,
    ImportView,
    QueueState,
    next_step,
    read_queue,
    scan_path,
)
from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.rules.torrents.protected import protection
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import files, import_proof
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.guards import admit
from qbitrr.worker.torrents.actions.watch import Watch
from qbitrr.worker.torrents.arr_downloads import SETTINGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.arr.models import Command, HistoryRecord
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.imports import ImportProof, QueueReading
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.arr_downloads import ArrSettings

WATCHING, SCANNING, SCANNED, IMPORTED_STEP = "watching", "scanning", "scanned", "imported"

_IN_ONE_RUN_SECONDS = 10.0  # after this time an import that goes on is taken up again later
_PAUSES = (0.05, 0.1, 0.1, 0.1, 0.2, 0.2, 0.5, 1.0)
_LONGEST_PAUSE_SECONDS = 30.0
_COMMAND_SECONDS = 3600.0  # an Arr may have many commands queued before
_FRESH_SETTINGS_SECONDS = 60.0
_HARMLESS = frozenset({ImportStep.ASK, ImportStep.WAIT})
"""Steps that need not wait for the whole history of the download: the events of the last minutes do."""
_MODE_OF_SCAN: dict[str, str] = {"Auto": "Copy"}
"""What is sent instead of an `importMode`. Auto moves the files of a download that the Arr does not track."""


def scan_mode(context: ActionContext) -> str:
    """The `importMode` that the Arr is sent."""
    configured = context.config.arr.import_mode
    return _MODE_OF_SCAN.get(configured, configured)


async def import_download(context: ActionContext, entry: Entry) -> None:
    """Go on from the step that was reached, until it is imported and tagged, or has failed.

    Raises a ServiceError, ActionCancelledError when it must not go on, RetryLaterError while the Arr is importing it.
    """
    if entry.step == ledger.FIRST_STEP:
        fault = await _fault(context, entry)
        if fault:
            await context.close(entry, "failed", f"ffprobe: {fault}")
            context.history.note(entry, unplayable=fault)
            return
        entry = await context.advance(entry, WATCHING)
    if entry.step != IMPORTED_STEP:
        proven = await _until_proven(context, entry)
        if proven is None:
            return
        entry = proven
    await _finish(context, entry)


async def _fault(context: ActionContext, entry: Entry) -> str:
    torrent = await _read(context, entry)
    return await files.unplayable(context, torrent) if torrent is not None else ""


async def _until_proven(context: ActionContext, entry: Entry) -> Entry | None:
    """Follow an import until it is proven; None when it was closed."""
    watch = context.watches.setdefault(entry.id, Watch(item_ids=tuple(entry.notes.get("item_ids", ()))))
    try:
        proven = await _Import(context, entry, watch).until_proven()
    except ServiceError:
        context.watches[entry.id] = Watch(item_ids=watch.item_ids)  # the Arr may have been restarted
        raise
    except ActionCancelledError:
        context.watches.pop(entry.id, None)
        raise
    context.watches.pop(entry.id, None)
    return proven


class _Import:
    """One import, as far as one run of its action goes."""

    def __init__(self, context: ActionContext, entry: Entry, watch: Watch) -> None:
        self._context = context
        self._downloads = context.downloads
        self._clock = context.clock
        self._entry = entry
        self._watch = watch
        self._records: dict[int, HistoryRecord] = {}
        self._albums: set[int] = set()
        self._has_history = False
        self._was_imported_before = False
        self._known_records = 0
        self._queue: QueueFacts | None = None
        self._searched_again = False

    async def until_proven(self) -> Entry | None:
        """Do one step after the other; returns the entry at its next step, None when it was closed.

        Raises RetryLaterError when nothing is to be done for a while.
        """
        torrent = await _read(self._context, self._entry)
        if torrent is None or not self._context.ownership.is_mine(torrent):
            return await self._without_torrent(torrent)
        if not torrent.complete:
            raise ActionCancelledError("it is not complete any more")
        await self._catch_up(torrent)
        attempt = 0
        while True:
            if self._proof().whole:
                return await self._context.advance(self._entry, IMPORTED_STEP)
            view = self._view(await self._settings())
            step = next_step(view, self._clock.monotonic())
            if step not in _HARMLESS and not self._has_history:
                await self._read_history()
                continue
            problem = await self._do(step, torrent, view, attempt)
            if problem or step in (ImportStep.STOP, ImportStep.LATER):
                return await self._fail(torrent, view, problem)
            attempt = attempt + 1 if step is ImportStep.WAIT else 0
            await self._read_again()

    async def _catch_up(self, torrent: TorrentFacts) -> None:
        """Find out how far it got in an earlier run."""
        self._searched_again = self._context.history.of(torrent).searched_again
        if not self._watch.item_ids:
            await self._read_history()
        if self._entry.step == SCANNING:
            await self._find_scan()
        if self._entry.step == SCANNED and not self._watch.scan_ended:
            await self._wait_for_scan()
        if self._watch.polled_at is not None:
            await self._read_again()

    async def _settings(self) -> ArrSettings:
        """The Arr's settings, read again when it does not list what it should."""
        unlisted = self._queue is None and self._watch.polled_at is not None
        return await self._downloads.settings(_FRESH_SETTINGS_SECONDS if unlisted else SETTINGS_SECONDS)

    async def _do(self, step: ImportStep, torrent: TorrentFacts, view: ImportView, attempt: int) -> str:
        """Do one step; returns what makes the import fail, if anything."""
        match step:
            case ImportStep.ASK:
                await self._ask()
            case ImportStep.SCAN:
                return await self._scan(torrent, view)
            case ImportStep.WAIT:
                await self._wait(attempt)
            case _:
                pass
        return ""

    # -- what is known ------------------------------------------------------------------------------------------------

    def _view(self, settings: ArrSettings) -> ImportView:
        watch = self._watch
        reading = read_queue(self._queue, polled=watch.polled_at is not None)
        watch.see(reading, self._clock.monotonic())
        return ImportView(
            reading=reading,
            proof=self._proof(),
            handles_completed=settings.downloads.enable_completed_download_handling and not self._searched_again,
            was_imported_before=self._was_imported_before,
            polled_at=watch.polled_at,
            polls=watch.polls,
            seen_since=watch.seen_since,
            scan_ended=watch.scan_ended,
            scan_failed=bool(watch.scan_problem),
        )

    def _proof(self) -> ImportProof:
        return import_proof.proof(self._context, self._records.values(), self._watch.item_ids, self._albums)

    async def _read_history(self) -> None:
        """Read all that the history says of the download."""
        history = await self._downloads.whole_history(self._entry.infohash, self._entry.added_at)
        self._has_history = True
        self._was_imported_before = import_proof.was_imported(self._context, history.before)
        await self._add(history.since)

    async def _add(self, records: Iterable[HistoryRecord]) -> None:
        self._records |= {record.id: record for record in records}
        if len(self._records) > self._known_records:
            self._known_records = len(self._records)
            self._albums = await import_proof.complete_albums(self._context, self._records.values())

    async def _read_again(self) -> None:
        """Read queue and history, with all other imports."""
        reading = await self._downloads.read()
        download_id = self._entry.infohash.upper()
        self._queue = reading.queue.get(download_id)
        if self._queue is not None:
            self._watch.item_ids = self._queue.item_ids or self._watch.item_ids
        await self._add(one for one in reading.recent if (one.download_id or "").upper() == download_id)

    # -- steps --------------------------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        """Have the Arr poll its clients, once for all imports of a pass."""
        first = self._watch.polls == 0
        polled_at = await self._downloads.poll_clients.since(self._context.submitted_at if first else math.inf)
        if polled_at is None:
            raise RetryLaterError(_LONGEST_PAUSE_SECONDS)
        self._watch.polled_at = polled_at
        self._watch.polls += 1

    async def _wait(self, attempt: int) -> None:
        """Sleep a moment. Raises RetryLaterError when it has taken long already."""
        since_poll = self._clock.monotonic() - (self._watch.polled_at or 0.0)
        if since_poll >= _IN_ONE_RUN_SECONDS:
            raise RetryLaterError(min(_LONGEST_PAUSE_SECONDS, since_poll / 4))
        await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    async def _scan(self, torrent: TorrentFacts, view: ImportView) -> str:
        """Send the Arr to the data; returns what speaks against it, if anything."""
        settings = await self._downloads.settings(_FRESH_SETTINGS_SECONDS)
        if settings.downloads.enable_completed_download_handling != view.handles_completed and not self._searched_again:
            return ""  # the setting was changed; judged by the new one in a moment
        if await self._downloads.backs_off():  # it does not know the download then, and would take it for another
            return "the Arr does not poll its download client for now"
        client = self._context.client(self._entry.instance)
        found = scan_path(
            torrent,
            self._queue,
            view.proof,
            host=self._host(settings),
            mappings=settings.mappings,
            folders=await client.category_folders(),
            failed_by_qbitrr=self._searched_again,
        )
        if found.obstacle:
            return f"it cannot be scanned: {found.obstacle}"
        mode = scan_mode(self._context)
        self._entry = await self._context.advance(self._entry, SCANNING, path=found.path, import_mode=mode)
        writer = await admit(self._context, self._entry)
        command = await writer.scan(found.path, mode)
        self._entry = await self._context.advance(self._entry, SCANNED, command_id=command.id)
        await self._wait_for_scan()
        return ""

    def _host(self, settings: ArrSettings) -> str:
        """Find the host of this qBittorrent in the Arr's settings, by which its path mappings are chosen."""
        qbit = next(qbit for qbit in self._context.config.qbits if qbit.section == self._entry.instance)
        clients = [one for one in settings.clients if one.enable and one.host]
        by_port = [one for one in clients if one.port == qbit.port]
        chosen = next(iter(by_port or clients), None)
        return chosen.host if chosen else host_name(qbit.url)

    async def _find_scan(self) -> None:
        """Find out whether the scan that was about to be sent before a crash reached the Arr."""
        for command in await self._context.commands_since(self._entry.updated_at):
            body = command.body
            if body and (body.download_client_id or "").upper() == self._entry.infohash.upper():
                self._entry = await self._context.advance(self._entry, SCANNED, command_id=command.id)
                return
        self._entry = await self._context.advance(self._entry, WATCHING)

    async def _wait_for_scan(self) -> None:
        """Wait for the end of the scan. Raises RetryLaterError while the Arr has not come to it."""
        command: Command | None = None
        try:
            command = await self._downloads.ended(self._entry.notes["command_id"], _IN_ONE_RUN_SECONDS)
        except GoneError:  # dropped by the Arr, as after its restart: its history decides
            pass
        else:
            waited = self._clock.wall() - self._entry.updated_at
            if command is None and await self._downloads.is_cancelled(self._entry.notes["command_id"]):
                self._watch.scan_problem = "the user cancelled the scan in the Arr"
            elif command is None and waited < _COMMAND_SECONDS:
                raise RetryLaterError(min(_LONGEST_PAUSE_SECONDS, max(1.0, waited / 4)))
        if command is not None and not command.succeeded:
            self._watch.scan_problem = f"the Arr's command ended as {command.status}, {command.result}"
        self._watch.scan_ended, self._watch.polled_at = True, self._clock.monotonic()

    # -- ends ---------------------------------------------------------------------------------------------------------

    async def _without_torrent(self, torrent: TorrentFacts | None) -> Entry | None:
        """End for a torrent that is gone or was moved: the Arr does both after an import."""
        await self._read_history()
        if self._proof().whole:
            return await self._context.advance(self._entry, IMPORTED_STEP)
        if torrent is None:
            raise ActionCancelledError("it is gone")
        raise ActionCancelledError(f"it was put into another category meanwhile: {torrent.category or 'none'}")

    async def _fail(self, torrent: TorrentFacts, view: ImportView, problem: str) -> Entry | None:
        """Close it as failed, unless the whole history says otherwise."""
        context = self._context
        await self._read_history()
        found = self._proof()
        if found.whole:
            return await context.advance(self._entry, IMPORTED_STEP)
        await import_proof.note_evidence(context, torrent, view.reading, found)
        problem = problem or self._watch.scan_problem or await self._problem(view.reading)
        if found.imported and found.grabbed:
            problem = f"the Arr imported {len(found.grabbed & found.imported)} of {len(found.grabbed)}; {problem}"
        await context.close(self._entry, "failed", problem)
        return None

    async def _problem(self, reading: QueueReading) -> str:
        words = "; ".join(reading.words)
        match reading.state:
            case QueueState.REFUSED:
                return f"the Arr refuses it: {words}"
            case QueueState.NEEDS_USER:
                return f"the Arr waits for the user: {words}"
            case QueueState.NOT_LISTED:
                trouble = await self._downloads.trouble_with_clients()
                unlisted = "the Arr does not list it, and its history does not show all of it as imported"
                return f"{unlisted}; the Arr says: {trouble}" if trouble else unlisted
            case _:
                return f"the Arr lists it as {reading.state} and does not import it"


async def _read(context: ActionContext, entry: Entry) -> TorrentFacts | None:
    """Read the torrent of an import, in whatever category it is now; None when it is gone."""
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is None or torrent.added_at != entry.added_at:
        return None
    if tag := protection(torrent, context.policy):
        raise ActionCancelledError(f"it got the tag {tag} meanwhile")
    return torrent


async def _finish(context: ActionContext, entry: Entry) -> None:
    """Tag what is imported, and say who did it."""
    who = "imported by a scan that qbitrr asked for" if "command_id" in entry.notes else "imported by the Arr itself"
    outcome = f"{who}; the Arr's history shows it"
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is None or torrent.added_at != entry.added_at:
        outcome += "; the torrent is gone"
    elif not context.ownership.is_mine(torrent):
        settings = await context.downloads.settings()
        by_arr = any(torrent.category == client.imported_category for client in settings.clients if torrent.category)
        outcome += f"; the Arr put it into {torrent.category}" if by_arr else f"; it is in {torrent.category} now"
    else:
        await tag(context, entry)
    await context.close(entry, "done", outcome)


async def tag(context: ActionContext, entry: Entry) -> None:
    """Tag an imported torrent, unless it is gone, was moved or is protected."""
    try:
        writer = await admit(context, entry)
    except ActionCancelledError:
        return
    if writer.torrent is not None and not context.policy.tagless:
        await writer.add_tags(TAG_IMPORTED)
