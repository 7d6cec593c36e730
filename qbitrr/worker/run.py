"""The tasks of a worker, each with its own schedule on one loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import ipc, logs
from qbitrr.clock import Clock
from qbitrr.state import activity
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.jobs import every, timers
from qbitrr.worker.library.sync import FULL_SYNC_SECONDS, LibrarySync
from qbitrr.worker.push import listen
from qbitrr.worker.qbit import QbitWatch
from qbitrr.worker.report import Report
from qbitrr.worker.search.loop import SearchLoop
from qbitrr.worker.search.media_requests import MediaRequestSync
from qbitrr.worker.search.profile_switch import ProfileSwitcher
from qbitrr.worker.services import connect
from qbitrr.worker.torrents.loop import TorrentLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from qbitrr.state.database import Database
    from qbitrr.worker.channel import Channel
    from qbitrr.worker.config import WorkerConfig

_log = logs.get(__name__)

_CHANGES_SECONDS = 30.0
_RELEASE_SECONDS = 60.0
_PROFILES_SECONDS = 15.0
_CONTENT_SECONDS = 20.0
_SAVE_SECONDS = 60.0
_TRACKERS_SECONDS = 5.0


async def work(
    config: WorkerConfig, channel: Channel, messages: AsyncIterator[ipc.ToWorker], stop: asyncio.Event
) -> str:
    """Work until `stop` is set or the supervisor closes the channel; returns why it ended.

    Raises what a task did not handle itself.
    """
    clock = Clock()
    state_file = Path(config.state_file)
    async with (
        open_writer(state_file) as database,
        connect(config, _logins(database, state_file, clock), database, clock) as services,
    ):
        report = Report(channel)
        database.on_write = report.wrote
        with_arr = config.arr_section is not None
        watch = (TorrentLoop if with_arr else QbitWatch)(config, services, database, report, clock)
        await _tell_last_search(config, database, report)
        await watch.begin()
        jobs = _of_watch(watch, config.settings.loop_sleep_seconds)
        library = searching = None
        tasks = {asyncio.create_task(report.beat(), name="beat")}
        if with_arr:
            library = LibrarySync(config, services, database, report, clock)
            searching = SearchLoop(config, services, database, report, clock)
            await library.begin()
            requests = MediaRequestSync(config, services, database, report, searching.replan)
            jobs += [*_of_library(library), _of_search(searching, config.settings.search_loop_delay_seconds)]
            jobs.append(_of_profiles(ProfileSwitcher(config, services, database, report, clock, library.turn)))
            jobs.append(_of_wishes(requests, config.arr.entry_search.search_requests_every_seconds))
            tasks.add(asyncio.create_task(timers(config, services, report.failed), name="timers"))
            tasks.add(asyncio.create_task(listen(services.arr, library, watch, report.failed), name="push"))
        tasks |= {asyncio.create_task(every(name, pause, do, wake, report.failed)) for name, pause, do, wake in jobs}
        channel.send(ipc.Ready())
        _log.info("worker became ready")
        try:
            return await _until_end(tasks, messages, watch, library, searching, stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await watch.close()


def _logins(database: Database, state_file: Path, clock: Clock) -> LoginRegister:
    return LoginRegister(database, state_file.with_name("logins.lock"), clock)


class _Job(NamedTuple):
    """What is done again and again: see `every`."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[None]]
    wake: asyncio.Event


def _of_watch(watch: TorrentLoop, pause_seconds: float) -> list[_Job]:
    return [
        _Job("torrents", pause_seconds, watch.one_pass, watch.wake),
        _Job("content", _CONTENT_SECONDS, watch.look_for_content, asyncio.Event()),
        _Job("trackers", _TRACKERS_SECONDS, watch.look_at_trackers, asyncio.Event()),
        _Job("clocks", _SAVE_SECONDS, watch.save, asyncio.Event()),
    ]


def _of_search(searching: SearchLoop, pause_seconds: float) -> _Job:
    return _Job("search", pause_seconds, searching.one_round, searching.wake)


def _of_profiles(profiles: ProfileSwitcher) -> _Job:
    return _Job("profiles", _PROFILES_SECONDS, profiles.look, asyncio.Event())


def _of_wishes(requests: MediaRequestSync, pause_seconds: float) -> _Job:
    return _Job("requests", pause_seconds, requests.look, asyncio.Event())


def _of_library(library: LibrarySync) -> list[_Job]:
    return [
        _Job("library", FULL_SYNC_SECONDS, library.sync, library.wake),
        _Job("changes", _CHANGES_SECONDS, library.changes, library.look),
        _Job("told", FULL_SYNC_SECONDS, library.what_was_told, library.told),
        _Job("tracks", FULL_SYNC_SECONDS, library.tracks, library.synced),
        _Job("releases", _RELEASE_SECONDS, library.release, asyncio.Event()),
    ]


async def _tell_last_search(config: WorkerConfig, database: Database, report: Report) -> None:
    last = (await activity.last(database)).get(config.name)
    if last is not None:
        report.searched(*last)


async def _until_end(
    tasks: set[asyncio.Task[None]],
    messages: AsyncIterator[ipc.ToWorker],
    watch: TorrentLoop,
    library: LibrarySync | None,
    searching: SearchLoop | None,
    stop: asyncio.Event,
) -> str:
    async def obey() -> None:
        async for message in messages:
            match message:
                case ipc.Rebuild() if library is not None:
                    library.wake.set()
                case ipc.Approve() | ipc.Discard() | ipc.Undo():
                    watch.decide(message)
                case ipc.SearchNow(item_ids) if searching is not None:
                    searching.ask_for(item_ids)

    obeying = asyncio.create_task(obey(), name="messages")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait({*tasks, obeying, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return "it was stopped" if stop.is_set() else "the supervisor is gone"
    finally:
        for task in (obeying, stopping):
            task.cancel()
