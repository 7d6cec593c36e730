"""A process that dies before or after any call of an action: the next one ends it, and everything is done once."""

import asyncio
import contextlib
import dataclasses
import inspect
from collections import Counter
from functools import partial

import pytest

from qbitrr.data_dir import STATE_FILE
from qbitrr.sandbox.services.faults import EmptyLists
from qbitrr.state import retention
from qbitrr.worker.torrents.actions import context
from qbitrr.worker.torrents.actions.guards import RemovalWriter
from tests.integration.qbitrr.worker.torrents.passing import latest
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support.polling import until


class CrashError(BaseException):
    """Stands for the end of the process: nothing after it runs."""


class Fuse:
    """Lets a number of calls through and then blows, before or after the last one."""

    def __init__(self, calls, moment):
        self.left, self.moment, self.blown = calls, moment, False

    def wrap(self, services):
        guarded = {name: Guarded(client, self) for name, client in services.qbittorrents.items()}
        return dataclasses.replace(services, arr_client=Guarded(services.arr, self), qbittorrents=guarded)

    async def call(self, function, *args, **kwargs):
        if self.blown:
            raise CrashError
        self.left -= 1
        if self.left <= 0 and self.moment == "before":
            self.blown = True
            raise CrashError
        answer = await function(*args, **kwargs)
        if self.left <= 0:
            self.blown = True
            raise CrashError
        return answer


class Guarded:
    def __init__(self, client, fuse):
        self._client, self._fuse = client, fuse

    def __getattr__(self, name):
        value = getattr(self._client, name)
        if not inspect.iscoroutinefunction(value):
            return value
        return lambda *args, **kwargs: self._fuse.call(value, *args, **kwargs)


async def work_until_ended(opened):
    """Passes until the ledger has no open action."""

    async def one_pass():
        await opened.one_pass()
        return await all_ended(opened)

    await until(one_pass, 20, "the actions of the category did not end")


async def work_until_crash(opened, fuse):
    """Passes until the fuse has blown, in the pass or in the task of the action."""
    tasks = {}

    async def one_pass():
        if not fuse.blown:
            await opened.one_pass()
        tasks.update(opened.loop.runner._running)
        return fuse.blown and not opened.loop.runner.busy

    with contextlib.suppress(CrashError):
        await until(one_pass, 20, "nothing crashed")
    await asyncio.gather(*tasks.values(), return_exceptions=True)


async def all_ended(opened):
    rows = await opened.database.rows("SELECT count(*), sum(state IN ('planned', 'awaiting_approval')) FROM ledger")
    return rows[0][0] > 0 and not rows[0][1] and not opened.loop.runner.busy


def sent(sandbox):
    """What reached the services and changed something."""
    stand_ins = sandbox.stand_ins
    counts = Counter()
    for request in stand_ins["Radarr-HD"].requests:
        if request.method == "DELETE":
            counts["blocklist"] += 1
        if request.method == "POST":
            counts[request.body["name"]] += 1
    for request in stand_ins["qBit"].requests:
        if request.method == "POST" and not request.path.endswith("auth/login"):
            counts[request.path.rpartition("/")[2]] += 1
    return counts


async def ends_as_failed(opened, sandbox, torrent, arr):
    """Work until what a crashed worker left is over: the torrent was removed, and its release is on the blocklist."""
    await opened.loop.load()
    await work_until_ended(opened)
    entries = [entry for entry in await latest(opened, 10) if entry.infohash == torrent.infohash]
    assert [(entry.action, entry.state) for entry in entries] == [("fail", "done")]
    assert torrent.infohash not in sandbox.world.client.torrents
    assert [one.release.title for one in arr.blocklist] == [torrent.name]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("calls", range(1, 10))
async def test_a_failed_torrent_is_removed_and_searched_once_whatever_crashes(sandbox, bench, calls, moment):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    fuse = Fuse(calls + 2, moment)  # a pass begins with two calls
    async with bench(fuse.wrap) as first:
        await first.loop.load()
        await work_until_crash(first, fuse)
    async with bench() as second:
        await ends_as_failed(second, sandbox, torrent, arr)
    counts = sent(sandbox)
    assert counts["MoviesSearch"] == 1
    assert 1 <= counts["delete"] <= 2
    assert 1 <= counts["blocklist"] <= 2


@pytest.mark.parametrize("configured", [{"radarr-hd"}, set()], ids=["switched off", "not in the file"])
@pytest.mark.parametrize("calls", range(1, 15))
async def test_a_section_that_is_away_for_days_at_any_step_ends_its_action_when_it_is_back(
    sandbox, bench, tmp_path, calls, configured
):
    """Each step is an open action: one in its quarantine goes on as those before and after it."""
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    settings = {"Quarantine": "1s"}
    fuse = Fuse(calls + 2, "after")
    async with bench(fuse.wrap, settings=settings) as first:
        await first.loop.load()
        await work_until_crash(first, fuse)
    for day in range(7):
        now = first.context.clock.wall() + day * 86400
        assert retention.drop_absent_categories(tmp_path / STATE_FILE, set(), configured, now) == 0
    async with bench(settings=settings) as second:
        await ends_as_failed(second, sandbox, torrent, arr)
    assert sent(sandbox)["MoviesSearch"] == 1


async def test_a_deletion_that_was_not_sent_is_not_taken_as_done_by_a_client_that_lists_nothing(
    sandbox, bench, monkeypatch
):
    monkeypatch.setattr(context, "_EMPTY_SECONDS", 600.0)
    monkeypatch.setattr(context, "_EMPTY_CHECK_SECONDS", 0.05)
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    fuse = Fuse(1, "before")

    async def crash(*_, **__):
        fuse.blown = True
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(RemovalWriter, "delete", crash)
        async with bench() as first:
            await first.loop.load()
            await work_until_crash(first, fuse)
    async with bench() as second:
        await second.loop.load()
        await sandbox.stand_ins["qBit"].fail(EmptyLists())
        passes = iter(range(20))
        await until(partial(_passed, second, passes), 20, "the passes did not end")
        assert not await all_ended(second)
        await sandbox.stand_ins["qBit"].heal()
        await work_until_ended(second)
        entries = [e for e in await latest(second, 10) if e.infohash == torrent.infohash]
    assert [(e.action, e.state) for e in entries] == [("fail", "done")]
    assert sent(sandbox)["delete"] == 1


@pytest.mark.parametrize("ahead_seconds", [0.0, 3600.0, 3 * 86400.0])
async def test_a_command_is_found_that_was_sent_while_the_clock_was_ahead(sandbox, bench, ahead_seconds):
    async with bench() as opened:
        noted_at = opened.context.clock.wall() + ahead_seconds
        sent_before = await opened.context.services.arr.refresh_downloads()
        found = await opened.loop.action_context.commands_since(noted_at)
    assert sent_before.id in {command.id for command in found}


async def _passed(opened, passes):
    """One of some passes; returns whether it was the last one."""
    await opened.one_pass()
    return next(passes, None) is None


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("calls", range(1, 11))
@pytest.mark.parametrize("handles_completed", [True, False])
async def test_a_finished_torrent_is_imported_once_whatever_crashes(sandbox, bench, calls, moment, handles_completed):
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    arr.settings.completed_download_handling = handles_completed
    fuse = Fuse(calls + 2, moment)
    async with bench(fuse.wrap) as first:
        await first.loop.load()
        await work_until_crash(first, fuse)
    async with bench() as second:
        await second.loop.load()
        await work_until_ended(second)
        entries = await latest(second, 10)
    assert [(e.action, e.state) for e in entries] == [("import", "done")]
    assert "qBitrr-imported" in torrent.tags
    assert sent(sandbox)["DownloadedMoviesScan"] == (0 if handles_completed else 1)
    imported = [one.event_type for one in arr.history if one.download_id == torrent.infohash.upper()]
    assert imported.count("downloadFolderImported") == 1
