"""Seeding in the worker of an Arr: what is written, what is removed, and what keeps a torrent from being removed."""

import json
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from qbitrr.errors import UnreachableError
from qbitrr.qbittorrent.models import Tracker
from qbitrr.rules.tags import TAG_IMPORTED
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredRefusals
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support.ports import free_port

SECRET = "0123456789abcdef"
ONE = f"https://tracker.private.org/{SECRET}/announce"
AT_RATIO = {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}
OWED = {"URI": "private.org", "HitAndRunMode": "and", "MinSeedRatio": 3.0}


@pytest.fixture
def torrent(sandbox):
    """A finished download of one tracker, uploaded twice."""
    found = finished(sandbox.world)
    only(sandbox.world, found)
    found.set_trackers([ONE])
    found.upload_limit = 1  # its ratio stays as it is
    found.added_on -= 30 * 86400  # it may have seeded for long
    uploaded(found, 2.0)
    return found


def uploaded(torrent, ratio):
    torrent.uploaded = ratio * torrent.selected_size


async def verdict(opened):
    rows = await opened.database.rows("SELECT rule, because, trace FROM verdicts")
    return SimpleNamespace(rule=rows[0][0], because=rows[0][1], trace=rows[0][2]) if rows else None


async def verdict_is(opened, rule, part):
    found = await verdict(opened)
    return found is not None and found.rule == rule and part in found.because


async def test_what_has_seeded_enough_is_removed_after_its_import(sandbox, bench, torrent):
    async with bench(SeedingMode=AT_RATIO) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "remove"), "it was not removed")
        actions = await opened.database.rows("SELECT action, state FROM ledger ORDER BY id")
    assert actions == [("import", "done"), ("remove", "done")]
    assert torrent.infohash not in sandbox.world.client.torrents
    assert torrent.gone_with_files
    assert sandbox.world.arrs["Radarr-HD"].blocklist == []


async def test_what_its_trackers_said_before_it_had_its_metadata_is_not_known_after(bench):
    """That a torrent is private stands in its metadata."""
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        seeding = opened.loop.seeding
        whole = replace(opened.loop.poll.facts(min(opened.loop.poll.present())), private=None, size_bytes=1000)
        magnet = replace(whole, size_bytes=0)
        await seeding.record(magnet, [Tracker("** [DHT] **")])
        assert seeding.is_private(magnet) is False
        assert seeding.is_private(whole) is None
        await seeding.record(whole, [Tracker("** [DHT] **", msg="This torrent is private")])
        assert seeding.is_private(whole) is True


async def test_a_tag_is_no_proof_of_an_import(sandbox, bench, torrent):
    sandbox.world.arrs["Radarr-HD"].queue.clear()
    torrent.tags.add(TAG_IMPORTED)
    async with bench(SeedingMode=AT_RATIO) as opened:
        await opened.loop.load()
        await settled(opened, 5)
        assert await verdict_is(opened, "imported", "it has been imported")
        assert "history shows no import" in (await verdict(opened)).trace
        assert await entries(opened, "remove") == []
    assert torrent.infohash in sandbox.world.client.torrents


async def test_nothing_is_removed_below_a_limit(sandbox, bench, torrent):
    uploaded(torrent, 0.9)
    async with bench(SeedingMode=AT_RATIO) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: verdict_is(opened, "seeding_is_over", "not reached"), "no such verdict")
        uploaded(torrent, 1.0)
        await passes_until(opened, ended(opened, "remove"), "it was not removed")


async def test_a_seeding_time_is_noticed_although_no_delta_tells_of_it(sandbox, bench, torrent):
    """The real program is silent about a torrent to which nothing happens but time."""
    limits = {"MaxSeedingTime": 3600, "RemoveTorrent": 2}
    torrent.seeding_seconds = 3598.0

    class Silent:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def maindata(self, rid):
            data = await self._client.maindata(rid)
            if rid:
                data.torrents.clear()
            return data

    def wrap(services):
        services.qbittorrents["qBit"] = Silent(services.qbittorrents["qBit"])
        return services

    torrent.tags.add(TAG_IMPORTED)
    async with bench(SeedingMode=AT_RATIO) as opened:  # an earlier process has seen the import
        await opened.loop.load()
        uploaded(torrent, 0.0)
        torrent.tags.discard(TAG_IMPORTED)
        await passes_until(opened, ended(opened, "import"), "it was not imported")
        torrent.seeding_seconds = 3598.0
    async with bench(wrap, SeedingMode=limits) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "remove"), "it was not removed")


async def test_what_is_owed_to_a_tracker_keeps_it(sandbox, bench, torrent):
    async with bench(SeedingMode=AT_RATIO, Trackers=[OWED]) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: verdict_is(opened, "seeding_is_over", "hit-and-run"), "no such verdict")
        assert await entries(opened, "remove") == []
        uploaded(torrent, 3.0)
        await passes_until(opened, ended(opened, "remove"), "it was not removed")


async def test_a_tracker_that_shows_up_right_before_the_removal_counts(sandbox, bench, torrent):
    """What the deltas told is old by then: its trackers are asked for once more."""
    torrent.set_trackers(["http://open.example/announce"])

    class Late:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def trackers(self, infohash):
            torrent.set_trackers([ONE])
            return await self._client.trackers(infohash)

    def wrap(services):
        services.qbittorrents["qBit"] = Late(services.qbittorrents["qBit"])
        return services

    async with bench(wrap, SeedingMode=AT_RATIO, Trackers=[OWED]) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "remove", "cancelled"), "it was not cancelled")
        await settled(opened, 4)
        assert len(await entries(opened, "remove")) == 1
    assert torrent.infohash in sandbox.world.client.torrents


async def test_trackers_that_cannot_be_asked_for_are_no_permission(sandbox, bench, torrent):
    torrent.set_trackers(["http://open.example/announce"])

    class Mute:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def trackers(self, _):
            raise UnreachableError("qBit", "no answer")

    def wrap(services):
        services.qbittorrents["qBit"] = Mute(services.qbittorrents["qBit"])
        return services

    async with bench(wrap, SeedingMode=AT_RATIO, Trackers=[OWED]) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: entries(opened, "remove"), "the removal was not begun")
        await settled(opened, 4)
        assert [row[1] for row in await entries(opened, "remove")] == ["planned"]
    assert torrent.infohash in sandbox.world.client.torrents


async def test_nothing_is_owed_to_a_tracker_that_has_forgotten_it_for_hours(sandbox, bench, torrent):
    torrent.tracker_complaint = "Unregistered torrent"
    async with bench(SeedingMode=AT_RATIO, Trackers=[OWED]) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: verdict_is(opened, "seeding_is_over", "hit-and-run"), "no such verdict")
        await opened.loop.seeding.ask_trackers()
        ((_, host, times),) = await opened.database.rows(
            "SELECT kind, host, times FROM tracker_refusals WHERE kind = 'unregistered'"
        )
        assert (host, times) == ("tracker.private.org", 1)
        now = opened.context.clock.wall()
        past = StoredRefusals(
            "qBit", torrent.infohash, host, "unregistered", int(torrent.added_on), 3, now - 9000, now - 1300
        )
        await torrents.save(opened.database, "radarr-hd", StoredRefusals, [past])
    async with bench(SeedingMode=AT_RATIO, Trackers=[OWED]) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "remove"), "it was not removed")


async def test_limits_tags_and_trackers_are_written_once_and_without_secrets(sandbox, bench, torrent):
    uploaded(torrent, 0.0)
    rows = [
        {"URI": "private.org", "AddTags": ["private"], "UploadRateLimit": 100, "SuperSeedMode": True},
        {"URI": f"udp://more.example:6969/{SECRET}", "AddTrackerIfMissing": True},
        {"URI": "gone.example", "RemoveIfExists": True},
    ]
    torrent.set_trackers([ONE, f"http://gone.example/{SECRET}"])
    torrent.tags.add("mine")
    mode = {"DownloadRateLimitPerTorrent": 50, "UploadRateLimitPerTorrent": 10}
    async with bench(SeedingMode=mode, Trackers=rows) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "adjust"), "nothing was written")
        await settled(opened, 4)
        assert len(await entries(opened, "adjust")) == 1
        ((facts, notes),) = await opened.database.rows("SELECT facts, notes FROM ledger WHERE action = 'adjust'")
        traces = await opened.database.rows("SELECT trace FROM verdicts")
    assert (torrent.download_limit, torrent.upload_limit, torrent.super_seeding) == (51_200, 102_400, True)
    assert {"private", "mine"} <= torrent.tags
    assert set(torrent.trackers) == {ONE, f"udp://more.example:6969/{SECRET}"}
    assert json.loads(facts)["add_trackers"] == ["more.example"]
    assert SECRET not in f"{facts} {notes} {traces}"


async def test_minus_one_leaves_alone_what_somebody_set(sandbox, bench, torrent):
    torrent.download_limit = torrent.upload_limit = 7_000
    async with bench(Trackers=[{"URI": "private.org", "AddTags": ["t"]}]) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "adjust"), "nothing was written")
        await settled(opened)
    assert (torrent.download_limit, torrent.upload_limit) == (7_000, 7_000)


async def test_what_somebody_changes_back_is_not_written_again_and_again(sandbox, bench, torrent):
    async with bench(SeedingMode={"UploadRateLimitPerTorrent": 10}) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "adjust"), "nothing was written")
        torrent.upload_limit = 5
        await settled(opened, 6)
        assert len(await entries(opened, "adjust")) == 1
    assert torrent.upload_limit == 5


async def test_without_internet_no_clock_of_a_download_runs(sandbox, bench):
    """Nothing flows, and none of PingURLS is there."""
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    nobody = {"PingURLS": ["127.0.0.1"]}
    async with bench(settings=nobody) as opened:
        opened.loop.observer._internet._ports = (free_port(),)
        await opened.loop.load()
        await passes_until(opened, lambda: verdict_is(opened, "client_at_standstill", "no internet"), "no such verdict")
        await settled(opened)
        assert await entries(opened, "fail") == []
        assert torrent.infohash in sandbox.world.client.torrents
