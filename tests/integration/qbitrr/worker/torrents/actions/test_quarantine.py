"""Removals that wait in quarantine, and are taken back by a person in time or after it."""

import pytest

from qbitrr import ipc
from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.torrent import TorrentFile
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
    stem = f"{entry_id}-{torrent.infohash}"
    assert sorted(path.name for path in kept) == [f"{stem}.json", f"{stem}.torrent"]
    assert not any(path.stat().st_mode & 0o77 for path in kept)


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


def as_a_user_set_it(torrent):
    """What was set on a torrent by hand."""
    torrent.tags |= {"mine", "weekend"}
    torrent.name = "My name for it"
    torrent.files = [TorrentFile(f"Folder/{name}", 1_000_000) for name in ("film.mkv", "extra.mkv", "large.mkv")]
    torrent.files[1].priority, torrent.files[2].priority = 0, 7
    torrent.set_trackers([torrent.tracker, "http://other.example/announce"])
    torrent.download_limit, torrent.upload_limit = 5000, 6000
    torrent.ratio_limit, torrent.seeding_minutes_limit = 2.5, 300
    torrent.super_seeding = True


def what_a_user_set(torrent):
    return (
        torrent.tags - {TAG_QUARANTINE}, torrent.name, torrent.category, torrent.save_path, torrent.trackers,
        [(file.path, file.priority) for file in torrent.files], torrent.download_limit, torrent.upload_limit,
        torrent.ratio_limit, torrent.seeding_minutes_limit, torrent.super_seeding,
    )  # fmt: skip


@pytest.mark.parametrize("stopped", [False, True])
async def test_undo_after_its_time_adds_it_again_as_it_was(sandbox, bench, stopped):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    as_a_user_set_it(torrent)
    before = what_a_user_set(torrent)
    settings = SHORT
    if stopped:
        sandbox.world.client.categories["failed"] = ""
        torrent.stopped, torrent.category = True, "failed"
    async with bench(settings=settings) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        torrent.tags, torrent.name, torrent.super_seeding = set(), "another", False
        torrent.files[1].path = "original.mkv"
        assert len(arr.blocklist) == 1
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
        again = sandbox.world.client.torrents[torrent.infohash]
        assert what_a_user_set(again) == before
        assert again.stopped is stopped
        assert arr.blocklist == []
        await settled(opened, 5)
        assert len(await entries(opened, "fail")) == 1
    assert "added again" in outcome
    assert "no longer blocklisted" in outcome
    async with bench(settings=settings) as opened:
        await opened.loop.load()
        await settled(opened, 5)
        assert len(await entries(opened, "fail")) == 1, "the protection of a day was lost"


async def test_an_undo_that_broke_off_is_finished_by_the_next_process(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        await opened.database.write("UPDATE ledger SET step = 'undoing' WHERE id = ?", (entry_id,))
    async with bench(settings=SHORT) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert torrent.infohash in sandbox.world.client.torrents


async def test_undo_within_its_time_needs_no_torrent_file(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.fate = Fate(Destiny.NO_METADATA, 1.0)
    async with bench(settings=LONG) as opened:
        await opened.loop.load()
        await opened.one_pass()
        await opened.loop.observer.reach.ask()  # without metadata only its trackers say that they are in reach
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        assert not list(opened.loop.action_context.quarantine_folder.glob("*"))
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert not torrent.stopped


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


def protected(torrent, _sandbox):
    torrent.tags.add("qBitrr-ignored")


def moved(torrent, sandbox):
    sandbox.world.client.categories["elsewhere"] = ""
    torrent.category = "elsewhere"


def completed(torrent, sandbox):
    torrent.progress, torrent.completion_on = 1.0, sandbox.world.client.now


@pytest.mark.parametrize("change", [protected, moved, completed])
async def test_a_quarantine_that_ends_without_a_removal_gives_back_what_it_changed(sandbox, bench, change):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        change(torrent, sandbox)
        await passes_until(opened, ended(opened, "fail", "cancelled"), "it was not cancelled")
    assert TAG_QUARANTINE not in torrent.tags
    assert not torrent.stopped


async def test_what_was_stopped_before_its_quarantine_stays_stopped_after_it(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    sandbox.world.client.categories["failed"] = ""
    torrent.stopped, torrent.category = True, "failed"
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        torrent.tags.add("qBitrr-ignored")
        await passes_until(opened, ended(opened, "fail", "cancelled"), "it was not cancelled")
    assert TAG_QUARANTINE not in torrent.tags
    assert torrent.stopped


async def test_the_reason_is_judged_again_when_its_time_is_over(sandbox, bench):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    sandbox.world.client.categories["failed"] = ""
    torrent.category = "failed"
    async with bench(settings=LONG, StalledDelay="1d") as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        torrent.category = "radarr-hd"  # the user takes the request back
        await opened.database.write("UPDATE ledger SET notes = json_set(notes, '$.until', 1) WHERE id = ?", (entry_id,))
        await passes_until(opened, ended(opened, "fail", "cancelled"), "it was not cancelled")
    assert (torrent.stopped, TAG_QUARANTINE in torrent.tags, arr.blocklist) == (False, False, [])
    assert torrent.infohash in sandbox.world.client.torrents


async def test_without_auto_pause_resume_it_is_tagged_and_not_stopped(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings={**SHORT, "AutoPauseResume": False}) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: TAG_QUARANTINE in torrent.tags, "it was not tagged")
        assert not torrent.stopped
        await passes_until(opened, ended(opened, "fail"), "it was not removed")
    stops = [r for r in sandbox.stand_ins["qBit"].requests if r.path.endswith(("torrents/stop", "torrents/pause"))]
    assert stops == []


async def test_a_tag_without_a_removal_is_released_and_started_only_if_a_quarantine_stopped_it(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        # as by a section that is no longer configured for a while
        await opened.database.write("UPDATE ledger SET state = 'cancelled' WHERE action = 'fail'")
    async with bench(settings=LONG, StalledDelay="1d") as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "release"), "it was not released")
    assert (torrent.stopped, TAG_QUARANTINE in torrent.tags) == (False, False)
    torrent.stopped = True
    torrent.tags.add(TAG_QUARANTINE)
    async with bench(settings=LONG, StalledDelay="1d") as opened:
        await opened.database.write("DELETE FROM ledger")
        await opened.loop.load()
        await passes_until(opened, ended(opened, "release"), "it was not released")
    assert (torrent.stopped, TAG_QUARANTINE in torrent.tags) == (True, False)
