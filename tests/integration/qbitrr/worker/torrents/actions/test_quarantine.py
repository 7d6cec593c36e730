"""Removals that wait in quarantine, and are taken back by a person in time or after it."""

import pytest

from qbitrr import ipc
from qbitrr.rules.tags import TAG_QUARANTINE
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, posts, settled
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled

LONG, SHORT = {"Quarantine": "1h"}, {"Quarantine": "1s"}


async def quarantined(opened, torrent):
    await opened.loop.load()
    await passes_until(opened, lambda: TAG_QUARANTINE in torrent.tags and torrent.stopped, "it was not put aside")
    await settled(opened)


async def test_a_removal_first_stops_and_tags_the_torrent_and_keeps_its_file(sandbox, bench):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        ((_, state, step, _, entry_id),) = await entries(opened, "fail")
        kept = list(opened.loop.action_context.quarantine_folder.iterdir())
    assert (state, step) == ("planned", "quarantined")
    assert arr.blocklist == []
    assert [path.name for path in kept] == [f"{entry_id}-{torrent.infohash}.torrent"]
    assert kept[0].stat().st_mode & 0o77 == 0


async def test_it_is_carried_out_when_its_time_is_over_also_by_another_process(sandbox, bench):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
    async with bench(settings=SHORT) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail"), "it was not removed")
    assert torrent.infohash not in sandbox.world.client.torrents
    assert len(arr.blocklist) == 1


@pytest.mark.parametrize("rescue", ["untag", "start"])
async def test_whoever_takes_the_tag_off_or_starts_it_has_rescued_it(sandbox, bench, rescue):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        if rescue == "untag":
            torrent.tags.discard(TAG_QUARANTINE)
        else:
            torrent.stopped = False
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "cancelled"), "it was not rescued")
        assert "a person" in outcome
        await settled(opened)
    assert TAG_QUARANTINE not in torrent.tags
    assert arr.blocklist == []
    assert torrent.infohash in sandbox.world.client.torrents


async def test_undo_within_its_time_starts_it_again_and_it_stays_for_the_day(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
        assert not torrent.stopped
        assert TAG_QUARANTINE not in torrent.tags
        await settled(opened, 5)
        assert len(await entries(opened, "fail")) == 1


async def test_undo_after_its_time_adds_it_again_where_it_was(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    save_path = torrent.save_path
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    again = sandbox.world.client.torrents[torrent.infohash]
    assert (again.save_path, again.category) == (save_path, "radarr-hd")
    assert "added again" in outcome


async def test_what_cannot_be_undone_stays_as_it_is(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench() as opened:
        await opened.loop.load()
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        opened.loop.approvals.submit(ipc.Undo(99))
        await settled(opened)
        ((_, state, _, _, _),) = await entries(opened, "fail")
    assert state == "done"
    assert posts(sandbox.stand_ins["qBit"], "torrents/add") == []
