"""Seeds that go for the space of a download that waits: one after the other, and nothing in vain."""

import copy
import os
from contextlib import asynccontextmanager

import msgspec
import pytest

from qbitrr import ipc
from qbitrr.rules.seed_value import ELSEWHERE, MAY_GO, NOT_ENOUGH, NOT_NEEDED, NOTHING_FREED
from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE
from qbitrr.sandbox.services.faults import Status
from qbitrr.state import ledger, room
from qbitrr.state.room import SpaceNeed
from qbitrr.worker.file_systems import disks_of
from qbitrr.worker.torrents import room as room_module
from qbitrr.worker.torrents.room import RoomMaker
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import grab, imported, missing, replaced
from tests.integration.qbitrr.worker.torrents.passing import end_quarantines, ended, entries, passes_until, settled

DISK = "8:1"
FREE = 10**9
RULES = {"Enabled": True, "KeepSeeds": 0, "MinSeedingTime": 0, "MinSeedRatio": 0}
ON = {"MakeRoom": RULES}


@pytest.fixture
def an_arr(judged, tmp_path):
    return lambda kind="radarr", **how: downloads.an_arr(kind, judged, tmp_path, **how)


@asynccontextmanager
async def opened_room(on, **how):
    """The rooms of the worker, in which each pass is followed by a choice."""
    async with on.opened(**how) as opened:
        loop = opened.loop
        opened.room = RoomMaker(loop.action_context, loop.poll, loop.judge)
        one_pass = opened.one_pass

        async def with_choice():
            await one_pass()
            await opened.room.one_pass()

        opened.one_pass = with_choice
        await loop.load()
        await opened.room.load()
        yield opened


async def seeds(on, opened, number):
    """Imported seeds, of which the first has uploaded least."""
    items = missing(on, number + 1)
    found = []
    for place, item in enumerate(items[:number]):
        torrent = await imported(on, opened, [item], f"attempt {place}")
        torrent.uploaded = torrent.total_size * 4.0**place
        found.append(torrent)
    return found, items[number]


def waiting(on, item):
    """A download that the guard paused."""
    torrent = grab(on, [item])
    torrent.stopped = True
    torrent.tags.add(TAG_PAUSED)
    return torrent


async def lacks(opened, download, size, free=FREE, age=0.0):
    """Have the guard publish what a download lacks; nothing when it lacks nothing."""
    now = opened.clock.wall() - age
    need = SpaceNeed("qBit", download.infohash, int(download.added_on), DISK, 0, int(size), int(free), now)
    await room.publish(opened.database, "qBit", [need] if size else [])


def cross_seed_of(seed):
    """Another torrent with the same data, of no Arr."""
    other = copy.copy(seed)
    other.infohash, other.category, other.tags = "c" * 40, "elsewhere", set()
    return other


def is_there(on, torrent):
    return torrent.infohash in on.client.torrents


async def test_the_least_valuable_goes_and_the_next_one_only_once_its_space_shows(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (first, second, third), item = await seeds(on, opened, 3)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, first.total_size + second.total_size)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        assert not is_there(on, first)
        await settled(opened, 4)
        assert is_there(on, second), "the space of the first does not show yet"
        await lacks(opened, download, second.total_size, FREE + first.total_size)

        async def both_went():
            return len(await entries(opened, "remove")) == 2 and not is_there(on, second)

        await passes_until(opened, both_went, "the second was not removed", 30)
        await lacks(opened, download, 0)
        await settled(opened, 4)
        assert is_there(on, third)
        (entry,) = [one for one in await ledger.of_torrent(opened.database, first.infohash) if one.action == "remove"]
        assert (entry.rule, entry.facts["for_hash"]) == ("room_needed", download.infohash)
        assert entry.facts["lacks_bytes"] == first.total_size + second.total_size
        assert (entry.facts["frees_bytes"], entry.facts["go_together"]) == (first.total_size, 2)
        assert entry.facts["other_seeders"] == 11
        assert await entries(opened, "fail") == []


async def test_by_default_nothing_goes(an_arr):
    async with an_arr() as on, opened_room(on, MakeRoom={**RULES, "Enabled": False}) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await settled(opened, 4)
        assert is_there(on, seed)


@pytest.mark.parametrize(("kept", "goes"), [(1, True), (2, False)])
async def test_the_floor_never_goes(an_arr, kept, goes):
    async with an_arr() as on, opened_room(on, MakeRoom={**RULES, "KeepSeeds": kept}) as opened:
        (first, second), item = await seeds(on, opened, 2)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        if goes:
            await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        await settled(opened, 4)
        assert (is_there(on, first), is_there(on, second)) == (not goes, True)


async def test_nothing_goes_when_all_of_it_is_not_enough(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (first, second), item = await seeds(on, opened, 2)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, first.total_size + second.total_size + 1)
        await settled(opened, 4)
        assert is_there(on, first)
        assert is_there(on, second)


async def test_a_removal_that_frees_nothing_is_the_last_one_until_it_is_switched_off_and_on(an_arr, monkeypatch):
    monkeypatch.setattr(room_module, "SHOWN_SECONDS", 5.0)
    async with an_arr() as on:
        async with opened_room(on, **ON) as opened:
            (first, second), item = await seeds(on, opened, 2)
            download = waiting(on, item)
            found = []
            opened.report.concerned = lambda task, concerns: found.append((task, list(concerns)))
            await opened.one_pass()
            await lacks(opened, download, first.total_size + second.total_size)
            await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)

            async def is_stopped():
                await lacks(opened, download, first.total_size + second.total_size)
                return await room.stopped(opened.database, opened.config.name)

            because = await passes_until(opened, is_stopped, "it goes on", 30)
            assert because.endswith("freed too little: 0 bytes")
            await settled(opened, 4)
            ((_, (concern,)),) = [one for one in found if one[0] == "room"][-1:]
            assert concern.text.startswith(because)
        async with opened_room(on, **ON) as opened:
            await lacks(opened, download, second.total_size)
            await settled(opened, 4)
            assert is_there(on, second), "a restart does not end it"
        async with opened_room(on) as opened:
            assert await room.stopped(opened.database, opened.config.name) is None
        async with opened_room(on, **ON) as opened:
            await opened.one_pass()
            await lacks(opened, download, second.total_size)
            await passes_until(opened, lambda: not is_there(on, second), "it did not go on", 30)


async def test_a_restart_right_after_a_removal_waits_for_its_space_too(an_arr):
    async with an_arr() as on:
        async with opened_room(on, **ON) as opened:
            (first, second), item = await seeds(on, opened, 2)
            download = waiting(on, item)
            await opened.one_pass()
            await lacks(opened, download, first.total_size + second.total_size)
            await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        async with opened_room(on, **ON) as opened:
            await lacks(opened, download, first.total_size + second.total_size)
            await settled(opened, 4)
            assert is_there(on, second)
            await lacks(opened, download, second.total_size, FREE + first.total_size)
            await passes_until(opened, lambda: not is_there(on, second), "it did not go on", 30)


@pytest.mark.parametrize("age", [61.0, -6.0])
async def test_a_need_that_is_not_known_any_more_removes_nothing(an_arr, age):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1, age=age)
        await settled(opened, 4)
        assert is_there(on, seed)


async def test_a_download_that_lacks_on_two_disks_is_left(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        (need,) = await room.needs(opened.database)
        await room.publish(opened.database, "qBit", [need, msgspec.structs.replace(need, disk="8:2")])
        await settled(opened, 4)
        assert is_there(on, seed)


async def test_data_that_another_torrent_has_too_frees_nothing(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (first, second), item = await seeds(on, opened, 2)
        on.client.add(cross_seed_of(first))
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        assert is_there(on, first)
        assert not is_there(on, second)


async def test_what_is_saved_elsewhere_stays_where_this_machine_sees_neither(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (elsewhere, beside), item = await seeds(on, opened, 2)
        elsewhere.save_path = "/another/folder"
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        assert is_there(on, elsewhere)
        assert not is_there(on, beside)


async def test_what_this_machine_sees_on_another_disk_stays(an_arr, tmp_path):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (seed,), item = await seeds(on, opened, 1)
        downloads.on_disk(seed, tmp_path / "seeds")
        download = waiting(on, item)
        download.save_path = seed.save_path
        await opened.one_pass()
        await lacks(opened, download, 1)  # on a disk of another name
        await settled(opened, 4)
        assert is_there(on, seed)
        plan = await opened.room.preview(1, 0)
        assert {row.because for row in plan.rows} == {ELSEWHERE}


@pytest.mark.parametrize("linked", [True, False])
async def test_files_that_the_library_has_too_free_nothing(an_arr, tmp_path, linked):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (seed,), item = await seeds(on, opened, 1)
        for file in seed.files:
            file.size = 8192
        downloads.on_disk(seed, tmp_path / "seeds")
        for file in seed.files:
            path = tmp_path / "seeds" / file.path
            path.write_bytes(b"x" * 8192)
            if linked:
                os.link(path, tmp_path / path.name)
        download = waiting(on, item)
        download.save_path = seed.save_path
        await opened.one_pass()
        (disk,) = set(disks_of([seed.content_path]).values())
        await lacks(opened, download, 1)
        (need,) = await room.needs(opened.database)
        await room.publish(opened.database, "qBit", [msgspec.structs.replace(need, disk=disk)])
        if not linked:
            await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        await settled(opened, 4)
        assert is_there(on, seed) is linked
        if linked:
            plan = await opened.room.preview(1, 0)
            assert {row.because for row in plan.rows} == {NOTHING_FREED}


async def test_what_is_not_needed_any_more_comes_out_of_its_quarantine(an_arr):
    async with an_arr() as on, opened_room(on, **ON, settings={"Quarantine": "1h"}) as opened:
        (first, second), item = await seeds(on, opened, 2)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, lambda: TAG_QUARANTINE in first.tags, "it is in no quarantine", 30)
        await lacks(opened, download, 0)
        await settled(opened, 4)
        await end_quarantines(opened)
        await passes_until(opened, ended(opened, "remove", "cancelled"), "its removal was not cancelled", 30)
        assert TAG_QUARANTINE not in first.tags
        assert is_there(on, second)


async def test_a_quarantine_outlasts_a_restart_and_ends_in_the_removal(an_arr):
    async with an_arr() as on:
        async with opened_room(on, **ON, settings={"Quarantine": "1h"}) as opened:
            (first, second), item = await seeds(on, opened, 2)
            download = waiting(on, item)
            await opened.one_pass()
            await lacks(opened, download, 1)
            await passes_until(opened, lambda: TAG_QUARANTINE in first.tags, "it is in no quarantine", 30)
        async with opened_room(on, **ON, settings={"Quarantine": "1h"}) as opened:
            await end_quarantines(opened)
            await lacks(opened, download, 1)
            await passes_until(opened, ended(opened, "remove"), "it was not removed", 30)
            assert not is_there(on, first)
            assert is_there(on, second)


async def test_a_torrent_that_comes_to_share_the_data_in_a_quarantine_ends_it(an_arr):
    async with an_arr() as on, opened_room(on, **ON, settings={"Quarantine": "1h"}) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, lambda: TAG_QUARANTINE in seed.tags, "it is in no quarantine", 30)
        await settled(opened)
        on.client.add(cross_seed_of(seed))
        await end_quarantines(opened)
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove", "cancelled"), "its removal was not cancelled", 30)
        await lacks(opened, download, 1)
        await settled(opened, 4)
        assert is_there(on, seed)
        (entry,) = [one for one in await ledger.of_torrent(opened.database, seed.infohash) if one.action == "remove"]
        assert entry.outcome == NOTHING_FREED


async def test_while_the_need_is_not_known_a_removal_that_was_begun_waits(an_arr):
    async with an_arr() as on, opened_room(on, **ON, settings={"Quarantine": "1h"}) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, lambda: TAG_QUARANTINE in seed.tags, "it is in no quarantine", 30)
        await settled(opened)
        await lacks(opened, download, 1, age=61.0)
        await opened.one_pass()
        chosen = opened.loop.action_context.chosen_seed
        chosen._chosen = chosen._chosen._replace(at=chosen.chosen_at - 61.0)
        await end_quarantines(opened)
        await settled(opened, 4)
        assert is_there(on, seed)
        assert await ended(opened, "remove", "cancelled")() == []
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "it was not removed", 30)


async def test_the_modes_of_the_rule_count(an_arr):
    async with an_arr() as on:
        async with opened_room(on, **ON, PublicPolicy={"room_needed": "shadow"}) as opened:
            (seed,), item = await seeds(on, opened, 1)
            download = waiting(on, item)
            await opened.one_pass()
            await lacks(opened, download, 1)

            async def is_recorded():
                rows = await opened.database.rows("SELECT infohash, rule FROM shadow")
                return (seed.infohash, "room_needed") in [tuple(row) for row in rows]

            await passes_until(opened, is_recorded, "it was not recorded", 30)
            assert is_there(on, seed)
        async with opened_room(on, **ON, PublicPolicy={"room_needed": "ask"}) as opened:
            await lacks(opened, download, 1)
            (entry,) = await passes_until(
                opened, lambda: ledger.asked(opened.database, 9), "it was not asked about", 30
            )
            assert (entry.action, entry.rule) == ("remove", "room_needed")
            await settled(opened)
            assert is_there(on, seed)
            opened.loop.approvals.submit(ipc.Decide(entry.id, True))
            await passes_until(opened, ended(opened, "remove"), "the answer was not carried out", 30)
            assert not is_there(on, seed)


async def test_what_is_superseded_goes_before_what_is_worth_less_by_its_numbers(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (idle, other), item = await seeds(on, opened, 2)
        old, _ = await replaced(on, opened, missing(on, 2)[1:])
        old.uploaded = old.total_size * 50.0
        download = waiting(on, item)
        await opened.loop.superseded.read()
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        assert not is_there(on, old)
        assert is_there(on, idle)
        assert is_there(on, other)
        (entry,) = [one for one in await ledger.of_torrent(opened.database, old.infohash) if one.action == "remove"]
        assert (entry.rule, entry.facts["superseded"]) == ("room_needed", True)


async def test_a_private_torrent_stays_by_default(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (first, second), item = await seeds(on, opened, 2)
        first.private = True
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)
        assert is_there(on, first)
        assert not is_there(on, second)


async def test_a_qbittorrent_that_does_not_list_its_torrents_removes_nothing(an_arr):
    async with an_arr() as on, opened_room(on, **ON) as opened:
        (seed,), item = await seeds(on, opened, 1)
        download = waiting(on, item)
        await opened.one_pass()
        await lacks(opened, download, 1)
        await on.qbittorrent.fail(Status(500), "GET /api/v2/torrents/info")
        await settled(opened, 4)
        assert is_there(on, seed)
        await on.qbittorrent.heal()
        await lacks(opened, download, 1)
        await passes_until(opened, ended(opened, "remove"), "nothing was removed", 30)


async def test_the_dry_run_says_row_by_row_what_would_go_and_why(an_arr):
    async with an_arr() as on:
        async with opened_room(on) as opened:
            (first, second, third), item = await seeds(on, opened, 3)
            download = waiting(on, item)
            third.tags.add("qBitrr-ignored")
            await opened.one_pass()
            plan = await opened.room.preview(7, 0)
            assert (plan.request, plan.enabled, plan.seeds, plan.error) == (7, False, 3, "")
            assert {row.because for row in plan.rows} == {
                "a download needs space, but it has not seeded for MinSeedingTime",
                "it has the tag qBitrr-ignored",
            }
        async with opened_room(on, MakeRoom={**RULES, "Enabled": False}) as opened:
            await opened.one_pass()
            everything = await opened.room.preview(1, 0)
            assert [(row.infohash, row.goes, row.because) for row in everything.rows[:2]] == [
                (first.infohash, True, MAY_GO),
                (second.infohash, True, MAY_GO),
            ]
            assert not everything.rows[2].goes
            some = await opened.room.preview(2, 1)
            assert [row.because for row in some.rows[:2]] == [MAY_GO, NOT_NEEDED]
            assert (some.lacks_bytes, some.frees_bytes) == (1, first.total_size)
            much = await opened.room.preview(3, 10**15)
            assert [row.because for row in much.rows[:2]] == [NOT_ENOUGH, NOT_ENOUGH]
            await lacks(opened, download, second.total_size)
            needed = await opened.room.preview(4, 0)
            assert (needed.download, needed.lacks_bytes) == (download.name, second.total_size)
            assert await entries(opened, "remove") == []
