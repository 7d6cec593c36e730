"""Imported torrents whose files later imports replaced, or whose items were deleted in the Arr."""

import pytest
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.sandbox.services.faults import Status
from qbitrr.state import file_events, ledger
from qbitrr.worker.torrents import superseded
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import KINDS, imported, missing, pack, replaced, synced, worsen
from tests.integration.qbitrr.worker.torrents.passing import end_quarantines, ended, entries, passes_until, settled

ON = {"RemoveSuperseded": "replaced"}
ALL = {"RemoveSuperseded": "all"}


@pytest.fixture
def an_arr(judged, tmp_path):
    return lambda kind, **how: downloads.an_arr(kind, judged, tmp_path, **how)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_later_import_replaced_is_removed_with_written_proof(an_arr, kind):
    async with an_arr(kind) as on, on.opened(**ON) as opened:
        await opened.loop.load()
        old, new = await replaced(on, opened, missing(on))
        await opened.loop.superseded.read()
        await passes_until(opened, ended(opened, "remove"), "it was not removed", 30)
        assert old.infohash not in on.client.torrents
        assert new.infohash in on.client.torrents
        (entry,) = [one for one in await ledger.of_torrent(opened.database, old.infohash) if one.action == "remove"]
        assert (entry.rule, entry.because) == ("superseded", "later imports replaced all of its files")
        assert {one["by"] for one in entry.facts["replaced"]} == {new.infohash.upper()}
        assert await entries(opened, "fail") == []
        assert on.arr.blocklist == []


async def test_by_default_nothing_is_read_and_nothing_goes(an_arr):
    async with an_arr("radarr") as on, on.opened() as opened:
        await opened.loop.load()
        old, _ = await replaced(on, opened, missing(on))
        assert opened.loop.superseded is None
        await settled(opened)
        assert old.infohash in on.client.torrents
        assert await opened.database.rows("SELECT * FROM history_readings") == []


async def test_a_pack_of_which_one_episode_is_still_in_the_library_stays(an_arr):
    async with an_arr("sonarr") as on, on.opened(**ON) as opened:
        await opened.loop.load()
        episodes = pack(on)[:3]
        old = await imported(on, opened, episodes)
        worsen(on, episodes)
        await imported(on, opened, episodes[:1], "first")
        await opened.loop.superseded.read()
        assert opened.loop.superseded.suspects == frozenset()
        await imported(on, opened, episodes[1:2], "second")
        third = await imported(on, opened, episodes[2:], "third")
        await opened.loop.superseded.read()
        assert opened.loop.superseded.suspects == {old.infohash.upper()}
        await passes_until(opened, ended(opened, "remove"), "it was not removed", 30)
        assert old.infohash not in on.client.torrents
        assert third.infohash in on.client.torrents


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_deleted_in_the_arr_is_removed_only_as_all(an_arr, kind):
    async with an_arr(kind) as on:
        *items, other = missing(on, 2)
        async with on.opened(**ON) as opened:
            await opened.loop.load()
            torrent = await imported(on, opened, items)
            await imported(on, opened, [other])
            await synced(opened)
            await opened.loop.superseded.read()
            on.arr.delete(on.arr.collection.parent_of(items[0]))
            await synced(opened)
            await opened.loop.superseded.read()
            await settled(opened)
            assert torrent.infohash in on.client.torrents
        async with on.opened(**ALL) as opened:
            await opened.loop.load()
            await opened.loop.superseded.read()
            await passes_until(opened, ended(opened, "remove"), "it was not removed", 30)
            assert torrent.infohash not in on.client.torrents
            (entry,) = [e for e in await ledger.of_torrent(opened.database, torrent.infohash) if e.action == "remove"]
            assert entry.because == "the Arr has its items no more"
            assert entry.facts["deleted"] == [items[0].id]


@pytest.mark.parametrize("restored", [False, True])
async def test_an_arr_that_lost_its_database_proves_no_deletion(an_arr, restored):
    """It knows neither the item nor anything of what came after its backup, of which it has none or an old one."""
    async with an_arr("radarr") as on, on.opened(**ALL) as opened:
        await opened.loop.load()
        earlier, item = missing(on, 2)
        await imported(on, opened, [earlier])
        await synced(opened)
        await opened.loop.superseded.read()
        torrent = await imported(on, opened, [item])
        await opened.loop.superseded.read()
        assert len(await file_events.of_items(opened.database, opened.config.name, {item.id})) == 2
        on.arr.delete(item.id)
        if not restored:
            on.arr.delete(earlier.id)
        await synced(opened)
        await opened.loop.superseded.read()
        assert await file_events.of_items(opened.database, opened.config.name, {item.id}) == []
        await settled(opened)
        assert torrent.infohash in on.client.torrents


async def test_a_file_that_the_arr_found_by_itself_is_not_a_later_import(an_arr):
    async with an_arr("radarr") as on, on.opened(**ON) as opened:
        await opened.loop.load()
        items = missing(on)
        old, _ = await replaced(on, opened, items)
        items[0].file = replace(items[0].file, id=987_654)  # as after a scan of the disk
        await opened.loop.superseded.read()
        assert opened.loop.superseded.suspects == {old.infohash.upper()}
        await settled(opened, 4)
        assert old.infohash in on.client.torrents
        history = opened.loop.observer.context(opened.loop.poll.facts(("qBit", old.infohash))).history
        assert history.supersession.because == "where a file in the library comes from is not known"


@pytest.mark.parametrize("path", ["GET /api/v3/history", "GET /api/v3/movie/{id}"])
async def test_an_arr_that_does_not_answer_proves_nothing(an_arr, path):
    async with an_arr("radarr") as on, on.opened(**ON) as opened:
        await opened.loop.load()
        old, _ = await replaced(on, opened, missing(on))
        await opened.loop.superseded.read()
        await on.stand_in.fail(Status(503), path)
        await settled(opened, 4)
        assert old.infohash in on.client.torrents
        assert await entries(opened, "remove") == []
        await on.stand_in.heal()
        await passes_until(opened, ended(opened, "remove"), "it was not removed once the Arr answered", 30)


async def test_what_comes_back_in_its_quarantine_stays(an_arr):
    """The Arr is asked again right before the deletion."""
    async with an_arr("radarr") as on, on.opened(**ON, settings={"Quarantine": "1h"}) as opened:
        await opened.loop.load()
        items = missing(on)
        old = await imported(on, opened, items)
        file = items[0].file
        worsen(on, items)
        await imported(on, opened, items, "better")
        await opened.loop.superseded.read()

        async def is_in_quarantine():
            return TAG_QUARANTINE in old.tags

        await passes_until(opened, is_in_quarantine, "it is in no quarantine", 30)
        items[0].file = file
        await end_quarantines(opened)
        await passes_until(opened, ended(opened, "remove", "cancelled"), "its removal was not cancelled", 30)
        assert old.infohash in on.client.torrents
        assert TAG_QUARANTINE not in old.tags
        (entry,) = [one for one in await ledger.of_torrent(opened.database, old.infohash) if one.action == "remove"]
        assert "a file of it is in the library" in entry.outcome


async def test_the_mode_ask_waits_and_shadow_only_records(an_arr):
    async with an_arr("radarr") as on:
        items = missing(on)
        async with on.opened(**ON, PublicPolicy={"superseded": "shadow"}) as opened:
            await opened.loop.load()
            old, _ = await replaced(on, opened, items)
            await opened.loop.superseded.read()

            async def is_recorded():
                rows = await opened.database.rows("SELECT infohash, rule FROM shadow")
                return (old.infohash, "superseded") in [tuple(row) for row in rows]

            await passes_until(opened, is_recorded, "it was not recorded", 30)
            assert old.infohash in on.client.torrents
        async with on.opened(**ON, PublicPolicy={"superseded": "ask"}) as opened:
            await opened.loop.load()
            (entry,) = await passes_until(
                opened, lambda: ledger.asked(opened.database, 9), "it was not asked about", 30
            )
            assert (entry.action, entry.rule) == ("remove", "superseded")
            await settled(opened)
            assert old.infohash in on.client.torrents
            opened.loop.approvals.submit(ipc.Decide(entry.id, True))
            await passes_until(opened, ended(opened, "remove"), "the answer was not carried out", 30)


async def test_a_restart_finds_the_same_suspects_without_asking(an_arr):
    async with an_arr("radarr") as on:
        async with on.opened(**ON, PublicPolicy={"superseded": "off"}) as opened:
            await opened.loop.load()
            old, _ = await replaced(on, opened, missing(on))
            await opened.loop.superseded.read()
        async with on.opened(**ON, PublicPolicy={"superseded": "off"}) as opened:
            await opened.loop.load()
            assert opened.loop.superseded.suspects == {old.infohash.upper()}


async def test_an_import_of_ours_has_the_history_read_soon(an_arr, monkeypatch):
    monkeypatch.setattr(superseded, "_FOLD_SECONDS", 0.01)
    async with an_arr("radarr") as on, on.opened(**ON) as opened:
        await opened.loop.load()
        await imported(on, opened, missing(on))
        await passes_until(opened, opened.loop.superseded.wake.is_set, "it is not to be read", 10)


async def test_after_many_checks_the_next_suspect_waits(an_arr, monkeypatch):
    monkeypatch.setattr(superseded, "MOST_CHECKS", 2)
    async with an_arr("radarr") as on, on.opened(**ON, settings={"Quarantine": "1d"}) as opened:
        await opened.loop.load()
        old, _ = await replaced(on, opened, missing(on))
        facts = opened.loop.poll.facts(("qBit", old.infohash))
        for expected in (True, True, False):
            assert (opened.loop.superseded.seconds_until_check() == 0) is expected
            if expected:
                await opened.loop.superseded.check(facts)
        await opened.loop.superseded.read()
        await settled(opened, 4)
        assert await entries(opened, "remove") == []
        opened.loop.superseded._checked_at.clear()
        opened.loop.runner.retry_now()

        async def is_planned():
            return await entries(opened, "remove")

        await passes_until(opened, is_planned, "it was not checked", 30)
