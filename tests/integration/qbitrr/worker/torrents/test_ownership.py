"""Torrents that a person put into FailedCategory or RecheckCategory."""

import time

from tests.integration.qbitrr.worker.torrents.passing import ended, passes_until, posts, settled
from tests.integration.qbitrr.worker.torrents.scenes import only


def healthy(world):
    return next(t for t in world.client.torrents.values() if t.state == "downloading" and t.category == "radarr-hd")


def put_into(sandbox, torrent, category):
    sandbox.world.client.categories[category] = ""
    torrent.category = category


async def seen(opened, torrent):
    await opened.loop.load()
    await settled(opened, 2)
    assert opened.loop._ownership.category_of(("qBit", torrent.infohash)) == "radarr-hd"


async def test_a_failed_one_is_blocklisted_removed_and_searched_once_though_the_arr_lists_it_no_more(sandbox, bench):
    torrent = healthy(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench() as opened:
        await seen(opened, torrent)
        put_into(sandbox, torrent, "failed")
        arr.refresh_now()
        assert arr.queue == {}
        await passes_until(opened, ended(opened, "fail"), "it was not failed")
        await settled(opened)
    assert torrent.infohash not in sandbox.world.client.torrents
    assert [entry.release.infohash for entry in arr.blocklist] == [torrent.infohash]
    searches = [c for c in arr.commands.commands.values() if c.name == "MoviesSearch"]
    assert len(searches) == 1


async def test_a_failed_one_is_known_by_its_queue_record_also_to_a_new_worker(sandbox, bench):
    torrent = healthy(sandbox.world)
    arr = only(sandbox.world, torrent)
    put_into(sandbox, torrent, "failed")
    async with bench() as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail"), "it was not failed")
    assert len(arr.blocklist) == 1
    assert len(posts(sandbox.stand_ins["Radarr-HD"], "command")) == 1


async def test_what_no_arr_knows_is_left_alone(sandbox, bench):
    torrent = healthy(sandbox.world)
    arr = only(sandbox.world, torrent)
    arr.queue.clear()
    arr.history.clear()
    put_into(sandbox, torrent, "failed")
    async with bench() as opened:
        await opened.loop.load()
        await settled(opened, 4)
    assert torrent.infohash in sandbox.world.client.torrents


async def test_one_with_the_tag_is_not_failed(sandbox, bench):
    torrent = healthy(sandbox.world)
    only(sandbox.world, torrent)
    torrent.tags.add("qBitrr-ignored")
    put_into(sandbox, torrent, "failed")
    async with bench() as opened:
        await opened.loop.load()
        await settled(opened, 4)
    assert torrent.infohash in sandbox.world.client.torrents


async def test_a_young_one_can_still_be_taken_back(sandbox, bench):
    torrent = healthy(sandbox.world)
    only(sandbox.world, torrent)
    torrent.added_on = time.time()
    async with bench() as opened:
        await seen(opened, torrent)
        put_into(sandbox, torrent, "failed")
        await settled(opened, 3)
        torrent.category = "radarr-hd"
        await settled(opened, 3)
    assert torrent.infohash in sandbox.world.client.torrents


async def test_one_to_recheck_is_checked_once_and_goes_back_over_a_restart(sandbox, bench):
    torrent = healthy(sandbox.world)
    only(sandbox.world, torrent)
    async with bench() as opened:
        await seen(opened, torrent)
    put_into(sandbox, torrent, "recheck")
    async with bench() as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: torrent.checking_until is not None, "it is not checked")
    async with bench() as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "recheck"), "the check did not end", 30)
    assert torrent.category == "radarr-hd"
    assert len(posts(sandbox.stand_ins["qBit"], "torrents/recheck")) == 1
