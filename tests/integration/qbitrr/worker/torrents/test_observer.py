"""What is known around a torrent when it is judged: its trackers, its data on the disk, and the time that counts."""

import time

import pytest

from qbitrr.clock import Clock
from qbitrr.rules.facts import TorrentKey
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.state import verdicts
from qbitrr.worker.run import jobs_of
from tests.integration.qbitrr.worker.torrents.downloads import on_disk
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support.polling import until


async def rule_of(opened, torrent):
    (found,) = await verdicts.of_torrent(opened.database, torrent.infohash)
    return found.rule


def context_of(opened, torrent):
    facts = opened.loop.poll.facts(TorrentKey("qBit", torrent.infohash))
    return opened.loop.observer.context(facts)


async def test_a_download_waits_for_trackers_that_do_not_answer_and_its_time_stands(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.private, torrent.tracker_complaint = True, "Connection timed out"
    async with bench(PrivatePolicy={"default": "act"}) as opened:
        await opened.loop.load()
        await opened.one_pass()
        await opened.loop.observer.reach.ask()
        await settled(opened, 5)
        assert await rule_of(opened, torrent) == "trackers_out_of_reach"
        assert context_of(opened, torrent).stalled.seconds == 0
        torrent.tracker_complaint = ""
        await passes_until(opened, ended(opened, "fail"), "it still waits")


async def test_a_tracker_that_refuses_a_download_ends_its_wait(sandbox, bench):
    """The jobs of the worker ask it; until then it is not known whether it can be reached."""
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.tracker_complaint = "Unregistered torrent"
    async with bench() as opened:
        await opened.loop.load()
        jobs = jobs_of(opened.context, opened.loop, None)

        async def has_failed():
            for job in jobs:
                await job.work()
            return await ended(opened, "fail")()

        await until(has_failed, 20, "it still waits")


@pytest.mark.parametrize("trouble", ["data_lost", "errored"])
async def test_a_rest_of_a_folder_is_not_rechecked_before_all_files_are_there_in_full(
    sandbox, bench, tmp_path, trouble
):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    names = ["film.mkv", "info.txt"]  # which are in them
    torrent.files = [TorrentFile(f"Film/{name}", len(name)) for name in names]
    on_disk(torrent, tmp_path)
    (tmp_path / "Film" / "film.mkv").unlink()
    setattr(torrent, trouble, True)
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        await opened.loop.observer.check_content()
        await settled(opened)
        assert await entries(opened, "recheck") == []
        on_disk(torrent, tmp_path)
        await opened.loop.observer.check_content()
        await passes_until(opened, ended(opened, "recheck"), "it was not rechecked")


async def test_a_download_in_error_is_not_rechecked_before_something_of_it_is_there(sandbox, bench, tmp_path):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.files, torrent.progress, torrent.errored = [TorrentFile("Film/film.mkv", 9_000)], 0.4, True
    torrent.save_path = str(tmp_path)
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        await opened.loop.observer.check_content()
        await settled(opened)
        assert await rule_of(opened, torrent) == "in_error"
        assert await entries(opened, "recheck") == []
        on_disk(torrent, tmp_path)
        await opened.loop.observer.check_content()
        await passes_until(opened, ended(opened, "recheck"), "it was not rechecked")


@pytest.mark.parametrize("scene", [stalled, finished])
async def test_time_counts_however_long_the_pause_between_passes_is(sandbox, bench, scene):
    torrent = scene(sandbox.world)
    only(sandbox.world, torrent)
    now = 0.0
    started_at = time.time()
    clock = Clock(wall=lambda: started_at + now, monotonic=lambda: now)
    async with bench(clock=clock, settings={"LoopSleepTimer": "10m"}, StalledDelay="1d") as opened:
        await opened.loop.load()
        await opened.one_pass()
        before = seconds_of(opened, torrent)
        for _ in range(3):
            now += 600.0
            await opened.one_pass()
        assert seconds_of(opened, torrent) - before == pytest.approx(1800.0, abs=60.0)


def seconds_of(opened, torrent):
    context = context_of(opened, torrent)
    return context.seeding_seconds if torrent.complete else context.stalled.seconds
