"""Removals that wait in quarantine, and are taken back by a person in time or after it."""

import asyncio
import time

import pytest

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.services.faults import EmptyLists, Status
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import context, undo
from tests.integration.qbitrr.worker.conftest import QUICK
from tests.integration.qbitrr.worker.torrents.passing import (
    end_quarantines,
    ended,
    entries,
    passes_until,
    posts,
    settled,
)
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled, without_metadata
from tests.support.polling import until

HOUR, DAY = 3600.0, 86400.0
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


@pytest.mark.parametrize("starts_again", [False, True])
@pytest.mark.parametrize("complaint", ["", "unregistered torrent"])
async def test_one_without_a_working_tracker_is_removed_although_none_is_asked_while_it_is_stopped(
    sandbox, bench, complaint, starts_again
):
    torrent = stalled(sandbox.world) if complaint else without_metadata(sandbox.world)
    torrent.tracker_complaint = complaint
    arr = only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:

        async def is_inside():
            await opened.loop.observer.reach.ask()
            return TAG_QUARANTINE in torrent.tags and torrent.stopped

        await opened.loop.load()
        await passes_until(opened, is_inside, "it was not put aside")
        await settled(opened)
        if not starts_again:
            await passes_until(opened, ended(opened, "fail"), "it was not removed")
    if starts_again:
        async with bench(settings=SHORT) as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not removed")
    assert torrent.infohash not in sandbox.world.client.torrents
    assert len(arr.blocklist) == 1


async def test_a_client_that_lists_nothing_for_a_moment_ends_no_quarantine(sandbox, bench, monkeypatch):
    monkeypatch.setattr(context, "_EMPTY_SECONDS", 600.0)
    monkeypatch.setattr(context, "_EMPTY_CHECK_SECONDS", 0.05)
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
        for stand_in in sandbox.stand_ins.values():
            await stand_in.fail(EmptyLists())
        until_over = asyncio.get_running_loop().time() + 1.5
        while asyncio.get_running_loop().time() < until_over:
            await opened.one_pass()
            ((_, state, _, _, _),) = await entries(opened, "fail")
            assert state == "planned"
        for stand_in in sandbox.stand_ins.values():
            await stand_in.heal()
        await passes_until(opened, ended(opened, "fail"), "it was not removed")
    assert torrent.infohash not in sandbox.world.client.torrents
    assert len(arr.blocklist) == 1


async def test_a_client_that_lists_its_torrents_a_moment_later_ends_no_quarantine(sandbox, bench, monkeypatch):
    monkeypatch.setattr(context, "_EMPTY_SECONDS", 600.0)
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        entry = await ledger.get(opened.database, entry_id)
        client = opened.context.services.qbittorrents[entry.instance]
        torrents, answers = client.torrents, [{}]

        async def late(infohashes):
            return answers.pop() if answers else await torrents(infohashes)

        monkeypatch.setattr(client, "torrents", late)
        found = await opened.loop.action_context.read_for(entry)
    assert answers == []
    assert found is not None
    assert arr.blocklist == []


def is_over_for(opened, seconds):
    """Whether every quarantine is over for so long, by the monotonic clock."""
    context = opened.loop.action_context
    ends = context.quarantine_ends.values()
    return bool(ends) and all(context.clock.monotonic() > end + seconds for end in ends)


class WrongClock:
    """A wall clock that is ahead by some time, with the monotonic one of a quick worker; both leap over some time."""

    def __init__(self, ahead_seconds=0.0):
        self.ahead_seconds = ahead_seconds
        self.leapt_seconds = 0.0
        self.clock = Clock(
            wall=lambda: time.time() + self.leapt_seconds + self.ahead_seconds,
            monotonic=lambda: QUICK.monotonic() + self.leapt_seconds,
        )


@pytest.mark.parametrize("starts_again", [False, True])
async def test_a_clock_that_is_set_ahead_ends_no_quarantine(sandbox, bench, starts_again):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    wrong = WrongClock()
    async with bench(settings=LONG, clock=wrong.clock) as opened:
        await quarantined(opened, torrent)
        if not starts_again:
            await settled(opened)
            wrong.ahead_seconds = 3 * DAY
            await settled(opened, 5)
    if starts_again:
        wrong.ahead_seconds = 3 * DAY
        async with bench(settings=LONG, clock=wrong.clock) as opened:
            await opened.loop.load()
            await settled(opened, 5)
            wrong.ahead_seconds = 0.0  # corrected
            await settled(opened, 5)
    async with bench(settings=LONG) as opened:
        ((_, state, step, _, _),) = await entries(opened, "fail")
    assert (state, step) == ("planned", "quarantined")
    assert arr.blocklist == []
    assert torrent.infohash in sandbox.world.client.torrents


@pytest.mark.parametrize("starts_again", [False, True])
async def test_a_quarantine_that_began_by_a_clock_that_was_ahead_ends_in_time(sandbox, bench, starts_again):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    wrong = WrongClock(3 * DAY)
    async with bench(settings=SHORT, clock=wrong.clock) as opened:
        await quarantined(opened, torrent)
        wrong.ahead_seconds = 0.0
        if not starts_again:
            await passes_until(opened, ended(opened, "fail"), "it was not removed")
    if starts_again:
        async with bench(settings=SHORT, clock=wrong.clock) as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not removed")
    assert len(arr.blocklist) == 1


async def test_a_quarantine_that_ends_by_a_clock_that_is_behind_goes_on_when_it_is_right(sandbox, bench):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    wrong = WrongClock()
    async with bench(settings=LONG, clock=wrong.clock) as opened:
        await quarantined(opened, torrent)
        wrong.ahead_seconds = -3 * DAY  # it is not added yet
        wrong.leapt_seconds = 2 * HOUR
        await settled(opened)
        assert is_over_for(opened, 1.0)
        ((_, state, _, _, _),) = await entries(opened, "fail")
        assert state == "planned"
        wrong.ahead_seconds = 0.0
        await passes_until(opened, ended(opened, "fail"), "it was not removed")
        assert len(await entries(opened, "fail")) == 1
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


async def test_undo_takes_it_out_of_the_failed_category_and_says_how_long_it_stays(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    sandbox.world.client.categories["failed"] = ""
    before = torrent.category
    async with bench(settings=LONG, StalledDelay="1d") as opened:
        await opened.loop.load()
        await settled(opened)
        torrent.category = "failed"
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert (torrent.category, torrent.stopped) == (before, False)
    assert "for a day" in outcome


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
        torrent.category = "radarr-hd"  # the user takes the request back
        await end_quarantines(opened)
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


async def test_what_ran_past_the_queue_does_so_again_after_its_quarantine(sandbox, bench):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    torrent.upload_limit, torrent.uploaded = 1, 2.0 * torrent.selected_size
    limits = {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}
    async with bench(settings=LONG, SeedingMode=limits) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "import"), "it was not imported")
        await passes_until(opened, lambda: TAG_QUARANTINE in torrent.tags and torrent.stopped, "it was not put aside")
        await settled(opened)
        ((_, _, _, _, entry_id),) = await entries(opened, "remove")
        sql = "UPDATE ledger SET notes = json_set(notes, '$.running.state', 'forcedUP') WHERE id = ?"
        await opened.database.write(sql, (entry_id,))
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await passes_until(opened, ended(opened, "remove", "undone"), "it was not undone")
    assert posts(sandbox.stand_ins["qBit"], "torrents/setForceStart") == [{"hashes": torrent.infohash, "value": "true"}]
    assert posts(sandbox.stand_ins["qBit"], "torrents/start") == []


async def deleted(sandbox, opened, torrent):
    """Delete a torrent as a user does."""
    await opened.services.qbittorrents["qBit"].delete([torrent.infohash], with_files=False)
    await until(lambda: torrent.infohash not in sandbox.world.client.torrents, 10, "it is still there")


async def test_undo_of_what_was_deleted_in_its_quarantine_adds_it_again(sandbox, bench):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        await deleted(sandbox, opened, torrent)
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert "added again" in outcome
    assert not sandbox.world.client.torrents[torrent.infohash].stopped
    assert arr.blocklist == []


async def test_what_the_user_deleted_in_its_quarantine_is_blocklisted_and_the_ledger_says_that_it_was_gone(
    sandbox, bench
):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=LONG) as opened:
        await quarantined(opened, torrent)
        await deleted(sandbox, opened, torrent)
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail"), "it did not end")
    assert "it was gone already" in outcome
    assert len(arr.blocklist) == 1


@pytest.mark.parametrize("lets", [True, False])
async def test_undo_says_what_became_of_the_release_on_the_blocklist(sandbox, bench, lets):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        if not lets:
            await sandbox.stand_ins["Radarr-HD"].fail(Status(503), "GET /api/v3/blocklist")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        ((_, _, _, outcome, _),) = await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert ("no longer blocklisted" in outcome, "stays blocklisted in the Arr" in outcome) == (lets, not lets)
    assert len(arr.blocklist) == (not lets)


async def undoable(opened, torrent):
    """The ids of a removal that is done."""
    await quarantined(opened, torrent)
    ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
    return entry_id


async def test_an_undo_that_has_to_wait_does_not_keep_other_decisions_waiting(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        entry_id = await undoable(opened, torrent)
        await sandbox.stand_ins["qBit"].fail(Status(500))
        opened.loop.runner.breaker.tripped = "too many removals"
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        opened.loop.approvals.submit(ipc.Approve())
        assert await opened.loop.approvals.carry_out()
        assert opened.loop.runner.breaker.tripped is None
        await sandbox.stand_ins["qBit"].heal()
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")


def unreadable(folder):
    for path in folder.glob("*.json"):
        path.write_text("{")


def refused(folder):
    for path in folder.glob("*.torrent"):
        path.write_bytes(b"no torrent")


def missing(folder):
    for path in folder.glob("*.torrent"):
        path.unlink()


@pytest.mark.parametrize("damage", [unreadable, refused, missing])
async def test_an_undo_that_can_come_to_nothing_ends_and_the_passes_go_on(sandbox, bench, damage):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        entry_id = await undoable(opened, torrent)
        damage(opened.loop.action_context.quarantine_folder)
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await settled(opened)
        assert not await opened.loop.approvals.carry_out(), "it is still waiting"
        assert [(row[1], row[2]) for row in await entries(opened, "fail")] != [("done", "undoing")]
    assert torrent.infohash not in sandbox.world.client.torrents


@pytest.mark.parametrize("kept", ["*.torrent", "*.json"])
async def test_an_undo_waits_for_a_disk_that_does_not_answer(sandbox, bench, monkeypatch, kept):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.more_trackers.append("udp://added.example:1")
    async with bench(settings=SHORT) as opened:
        entry_id = await undoable(opened, torrent)
        (path,) = opened.loop.action_context.quarantine_folder.glob(kept)

        def read(asked_for):
            if asked_for == path:
                raise OSError("Stale file handle")
            return asked_for.read_bytes()

        monkeypatch.setattr(undo, "_read", read)
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await settled(opened)
        assert torrent.infohash not in sandbox.world.client.torrents
        monkeypatch.undo()
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
    assert "udp://added.example:1" in sandbox.world.client.torrents[torrent.infohash].trackers


async def test_an_undo_waits_while_shadow_is_on(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings=SHORT) as opened:
        entry_id = await undoable(opened, torrent)
        await opened.database.write("UPDATE ledger SET step = 'undoing' WHERE id = ?", (entry_id,))
    async with bench(settings={**SHORT, "Shadow": True}) as opened:
        await opened.loop.load()
        await settled(opened)
        assert torrent.infohash not in sandbox.world.client.torrents
    async with bench(settings=SHORT) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")


def moved_aside(torrent, sandbox):
    sandbox.world.client.categories["elsewhere"] = ""
    torrent.category = "elsewhere"


def unlisted(torrent, sandbox):
    """Not in a full answer of the client, as of one that has just started."""
    del sandbox.world.client.torrents[torrent.infohash]


@pytest.mark.parametrize("leave", [moved_aside, unlisted])
@pytest.mark.parametrize("restarted", [False, True])
async def test_what_the_user_rescued_keeps_its_day_when_it_goes_and_comes_back(sandbox, bench, leave, restarted):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    keys = {"settings": LONG, "IgnoreTorrentsYoungerThan": 0}

    async def leaves(opened):
        leave(torrent, sandbox)
        await passes_until(opened, lambda: not opened.loop._identities, "it is still there")

    async with bench(**keys) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await entries(opened, "fail")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
        await settled(opened)
        await leaves(opened)
        if not restarted:
            await comes_back(sandbox, opened, torrent)
    if restarted:
        async with bench(**keys) as opened:
            await opened.loop.load()
            await settled(opened)
            await comes_back(sandbox, opened, torrent)


async def test_what_was_added_again_keeps_its_day_although_it_is_another_for_its_client(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    added_on = torrent.added_on
    keys = {"settings": SHORT, "IgnoreTorrentsYoungerThan": 0}
    async with bench(**keys) as opened:
        await quarantined(opened, torrent)
        ((_, _, _, _, entry_id),) = await passes_until(opened, ended(opened, "fail"), "it was not removed")
        opened.loop.approvals.submit(ipc.Undo(entry_id))
        await passes_until(opened, ended(opened, "fail", "undone"), "it was not undone")
        again = sandbox.world.client.torrents[torrent.infohash]
        again.fate = Fate(Destiny.STALLED, 1.0, until=0.0)
        assert again.added_on > added_on
        await is_kept(opened)
    async with bench(**keys) as opened:
        await opened.database.write("DELETE FROM verdicts")
        await opened.loop.load()
        await is_kept(opened)


async def comes_back(sandbox, opened, torrent):
    torrent.category = "radarr-hd"
    sandbox.world.client.torrents[torrent.infohash] = torrent
    await is_kept(opened)


async def is_kept(opened):
    async def names_the_decision():
        rows = await opened.database.rows("SELECT because FROM verdicts")
        return any("the user decided against its removal" in because for (because,) in rows)

    await passes_until(opened, names_the_decision, "no verdict names the decision of the user")
    assert len(await entries(opened, "fail")) == 1
