"""The jobs of a worker, made from the objects that do the work."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from qbitrr.errors import ServiceError
from qbitrr.state import searches as stored_searches
from qbitrr.state import watch_periods
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker import arr_folders, other_tools
from qbitrr.worker.arr_settings import READ_SECONDS, ArrSettingsWatch
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.jobs import Job, every
from qbitrr.worker.library.sync import FULL_SYNC_SECONDS, LibrarySync
from qbitrr.worker.orphans.watch import LIST_SECONDS as LIST_ORPHANS_SECONDS
from qbitrr.worker.orphans.watch import OrphanWatch
from qbitrr.worker.other_tools import OtherToolsWatch
from qbitrr.worker.push import PushListener
from qbitrr.worker.report import Report
from qbitrr.worker.search.loop import SearchLoop
from qbitrr.worker.search.media_requests import MediaRequestSync
from qbitrr.worker.search.pause import STORE_SECONDS
from qbitrr.worker.search.profile_switch import ProfileSwitcher
from qbitrr.worker.services import connect
from qbitrr.worker.torrents.free_space import FreeSpaceGuard
from qbitrr.worker.torrents.loop import TorrentLoop
from qbitrr.worker.torrents.questions import Questions
from qbitrr.worker.torrents.queue_order import QueueOrder
from qbitrr.worker.torrents.room import CHOICE_SECONDS, RoomMaker
from qbitrr.worker.torrents.superseded import READ_SECONDS as READ_HISTORY_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import Self

    from qbitrr.state.database import Database
    from qbitrr.worker.channel import Channel
    from qbitrr.worker.config import WorkerConfig

_log = logs.get(__name__)

_CHANGES_SECONDS = 30.0
_RELEASE_SECONDS = 60.0
_PROFILES_SECONDS = 15.0
_CONTENT_SECONDS = 20.0
_SAVE_SECONDS = 300.0  # what a crash forgets of strikes and seeding times: decisions come later, none sooner
_TRACKERS_SECONDS = 5.0


class ArrParts(NamedTuple):
    """What a worker with an Arr has besides its torrents."""

    library: LibrarySync
    searches: SearchLoop
    settings: ArrSettingsWatch
    others: OtherToolsWatch
    room: RoomMaker

    @classmethod
    def of(cls, context: WorkerContext, torrents: TorrentLoop) -> Self:
        """Build all of them."""
        return cls(
            LibrarySync(context),
            SearchLoop(context),
            ArrSettingsWatch(context),
            OtherToolsWatch(context),
            RoomMaker(torrents.action_context, torrents.poll, torrents.judge),
        )


async def work(
    config: WorkerConfig, channel: Channel, messages: AsyncIterator[ipc.ToWorker], stop: asyncio.Event
) -> str:
    """Work until `stop` is set or the supervisor closes the channel; returns why it ended.

    Raises what a job did not handle itself.
    """
    clock, state_file = Clock(), Path(config.state_file)
    async with (
        open_writer(state_file) as database,
        connect(config, _logins(database, state_file, clock), database, clock) as services,
    ):
        report = Report(channel)
        database.on_write = report.wrote
        context = WorkerContext(config, services, database, report, clock)
        torrents = TorrentLoop(context)
        arr = ArrParts.of(context, torrents) if config.arr_section is not None else None
        questions = Questions(context, torrents.poll, torrents.judge, None if arr is None else arr.room)
        orphans = OrphanWatch(context) if config.orphans is not None else None
        await _report_last_search(context)
        await torrents.load()
        if arr is not None:
            await arr.library.load()
            await arr.searches.load()
            await arr.room.load()
        endless = {job.name: every(job, report.failed) for job in jobs_of(context, torrents, arr, orphans)}
        endless |= {
            "heartbeat": report.beat(),
            "messages": _obey(messages, torrents, questions, arr, orphans, report),
        }
        if arr is not None:
            endless["push"] = PushListener(context, arr.library, torrents.observer, arr.settings).run()
        channel.send(ipc.Ready())
        _log.info("worker became ready")
        try:
            return await _until_one_ends(endless, stop)
        finally:
            try:
                await questions.close()
            finally:
                await torrents.close()


def _logins(database: Database, state_file: Path, clock: Clock) -> LoginRegister:
    return LoginRegister(database, state_file.with_name("logins.lock"), clock)


async def pass_with_space(
    context: WorkerContext, torrents: TorrentLoop, guard: FreeSpaceGuard, order: QueueOrder
) -> None:
    """A pass over the torrents of a qBittorrent section, then over its disks and its queue after the same poll."""
    await torrents.one_pass()
    section, report = context.config.section, context.report
    if not torrents.poll.answers(section):
        return
    with report.operation("space", "health"):
        try:
            await guard.one_pass()
            await order.one_pass()
        except ServiceError as error:
            report.waits("space", section, str(error), needs_attention=False)
        else:
            report.goes_on("space", section)


async def sync_library(library: LibrarySync, searches: SearchLoop) -> None:
    """A full sync; a round of searches that came before the first one is repeated at its end."""
    await library.sync()
    searches.library_was_read()


def jobs_of(
    context: WorkerContext, torrents: TorrentLoop, arr: ArrParts | None, orphans: OrphanWatch | None = None
) -> list[Job]:
    """Make all jobs of a worker."""
    jobs = _torrent_jobs(context, torrents)
    if orphans is not None:
        early = orphans.seconds_until_next
        jobs.append(Job("orphans", LIST_ORPHANS_SECONDS, orphans.one_pass, orphans.wake, early=early))
    if arr is not None:
        jobs += _library_jobs(arr.library, arr.searches)
        jobs += _search_jobs(context, arr.searches, arr.library.reading)
        jobs += arr_timers(context)
        jobs.append(Job("arr settings", READ_SECONDS, arr.settings.read, arr.settings.wake))
        if context.config.settings.orphans.mode != "off":
            jobs.append(Job("arr folders", arr_folders.READ_SECONDS, partial(arr_folders.read, context)))
        jobs.append(Job("other tools", other_tools.READ_SECONDS, arr.others.read))
        jobs.append(Job("room", CHOICE_SECONDS, arr.room.one_pass))
    return jobs


def _torrent_jobs(context: WorkerContext, torrents: TorrentLoop) -> list[Job]:
    one_pass, everything = torrents.one_pass, torrents.poll.everything
    if everything is not None:
        guard = FreeSpaceGuard(torrents.action_context, everything)
        order = QueueOrder(torrents.action_context, everything)
        one_pass = partial(pass_with_space, context, torrents, guard, order)
    jobs = [
        Job(
            "torrents",
            context.config.settings.loop_sleep_seconds,
            one_pass,
            torrents.poll.wake,
            early=torrents.seconds_until_change,
        ),
        Job("content", _CONTENT_SECONDS, torrents.observer.check_content),
        Job("trackers", _TRACKERS_SECONDS, torrents.seeding.ask_trackers),
        Job("tracker reach", _TRACKERS_SECONDS, torrents.observer.reach.ask),
        Job("strikes", _SAVE_SECONDS, torrents.observer.save),
        Job("seeding times", _SAVE_SECONDS, torrents.seeding.save),
        Job(
            "watch times",
            watch_periods.SAVE_SECONDS,
            torrents.save_watch_times,
            early=torrents.seconds_until_watched,
        ),
    ]
    if (superseded := torrents.superseded) is not None:
        early = superseded.seconds_until_next
        jobs.append(Job("superseded", READ_HISTORY_SECONDS, superseded.read, superseded.wake, early=early))
    return jobs


def _library_jobs(library: LibrarySync, searches: SearchLoop) -> list[Job]:
    return [
        Job("library", FULL_SYNC_SECONDS, partial(sync_library, library, searches), library.wake),
        Job("changes", _CHANGES_SECONDS, library.read_changes, library.poll),
        Job("pushed", FULL_SYNC_SECONDS, library.read_pushed, library.pushed),
        Job("files", FULL_SYNC_SECONDS, library.read_files, library.synced),
        Job("releases", _RELEASE_SECONDS, library.release),
    ]


def arr_timers(context: WorkerContext) -> list[Job]:
    """`RssSyncTimer` and `RefreshDownloadsTimer`; none under Shadow or on probation, when nothing is sent.

    The first time only after the pause: a worker that is restarted again and again must not ask each time.
    """
    arr, client = context.config.arr, context.services.arr
    timers = [
        Job("rss", arr.rss_sync_seconds, client.sync_rss, at_once=False),
        Job("refresh", arr.refresh_downloads_seconds, client.refresh_downloads, at_once=False),
    ]
    return [] if context.config.read_only else [timer for timer in timers if timer.seconds > 0]


def _search_jobs(context: WorkerContext, searches: SearchLoop, reading: asyncio.Lock) -> list[Job]:
    profiles, requests = ProfileSwitcher(context, reading), MediaRequestSync(context, searches.replan)
    every_seconds = context.config.arr.entry_search.search_requests_every_seconds
    return [
        Job("search", context.config.settings.search_loop_delay_seconds, searches.one_round, searches.wake),
        Job("search pause", STORE_SECONDS, searches.pause.store, searches.pause.wake),
        Job("profiles", _PROFILES_SECONDS, profiles.one_round),
        Job("requests", every_seconds, requests.sync),
    ]


async def _report_last_search(context: WorkerContext) -> None:
    last = await stored_searches.last(context.database, context.config.name)
    if last is not None:
        context.report.searched(*last)


async def _obey(
    messages: AsyncIterator[ipc.ToWorker],
    torrents: TorrentLoop,
    questions: Questions,
    arr: ArrParts | None,
    orphans: OrphanWatch | None,
    report: Report,
) -> None:
    """Pass on what the supervisor asks for, until it closes the channel."""
    async for message in messages:
        match message:
            case ipc.Approve() | ipc.Discard() | ipc.Decide() | ipc.AnswerImport() | ipc.ForgetAnswer() | ipc.Undo():
                torrents.approvals.submit(message)
                torrents.poll.wake.set()
            case ipc.Explain(infohash):
                torrents.explain(infohash)
            case ipc.ReadTorrents(request, keys):
                report.answer(ipc.TorrentRows(request, torrents.rows(keys)))
            case ipc.ReadFiles() | ipc.ReadEvents() | ipc.ReadItemEvents() | ipc.Compare() | ipc.PlanRoom():
                questions.ask(message)
            case ipc.AnswerOrphans() if orphans is not None:
                orphans.answer(message)
            case ipc.Rebuild() | ipc.SearchNow() | ipc.PauseSearches() | ipc.ReadSettings() if arr is not None:
                _obey_for_arr(message, arr)


def _obey_for_arr(message: ipc.Rebuild | ipc.SearchNow | ipc.PauseSearches | ipc.ReadSettings, arr: ArrParts) -> None:
    match message:
        case ipc.Rebuild():
            arr.library.wake.set()
        case ipc.SearchNow(item_ids):
            arr.searches.request(item_ids)
        case ipc.PauseSearches():
            arr.searches.pause_or_resume(message)
        case ipc.ReadSettings():
            arr.settings.wake.set()


async def _until_one_ends(endless: dict[str, Coroutine[None, None, None]], stop: asyncio.Event) -> str:
    """Run all until one of them ends or `stop` is set; returns why, or raises the error that ended it."""
    tasks: set[asyncio.Task[object]] = {asyncio.create_task(part, name=name) for name, part in endless.items()}
    tasks.add(asyncio.create_task(stop.wait(), name="stop"))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return "it was stopped" if stop.is_set() else "the supervisor is gone"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
