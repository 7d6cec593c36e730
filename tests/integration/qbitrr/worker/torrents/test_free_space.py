"""The worker of a qBittorrent section: managed categories, the free space guard, the order of the queue."""

import os
from contextlib import asynccontextmanager

import pytest

from qbitrr.clock import Clock
from qbitrr.data_dir import STATE_FILE
from qbitrr.errors import RefusedError
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.rules.tags import TAG_PAUSED
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile
from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.sandbox.services.faults import EmptyLists
from qbitrr.state import free_space, room, verdicts
from qbitrr.worker.file_systems import Measured
from tests.integration.qbitrr.worker.conftest import rooms_of_qbittorrent
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, settled

MB = 1_000_000
STUCK = Fate(Destiny.STALLED, 1.0, until=0.0)
KEPT = "100M"
KEPT_BYTES = 100 * 2**20


@pytest.fixture(params=["4.5.2", "5.1.0", "5.3.0"])
async def sandbox(request):
    async with Sandbox([], qbittorrent_version=request.param) as running:
        running.world.client.tempo = Tempo(20)
        running.world.client.categories["books"] = "/downloads/books"
        yield running


@pytest.fixture
def client(sandbox):
    return sandbox.world.client


@pytest.fixture
def add(client):
    """Adds a torrent to a category, and lets it stand still unless told otherwise."""

    def added(letter, size=10 * MB, *, category="books", complete=False, **fields):
        torrent = Torrent(
            infohash=letter * 40,
            name=f"Torrent.{letter}",
            category=category,
            save_path="/nowhere",
            files=[TorrentFile("a.mkv", size)],
            fate=STUCK,
            added_on=client.now - 30 * 86400,
            tracker="http://tracker.example/announce",
            clock=client.now,
            **fields,
        )
        if complete:
            torrent.progress, torrent.completion_on = 1.0, client.now - 999
        client.add(torrent)
        return torrent

    return added


@pytest.fixture
def open_worker(sandbox, tmp_path):
    """Opens the rooms of the worker, again and again on the same state file."""
    opened = rooms_of_qbittorrent(sandbox, tmp_path)

    @asynccontextmanager
    async def loaded(settings=None, **qbit):
        async with opened(settings, **qbit) as made:
            await made.loop.load()
            yield made

    return loaded


def guarding(**more):
    return {"FreeSpace": KEPT, "FreeSpaceFolder": "/", **more}


async def test_a_stalled_download_stays_unless_it_is_asked_for_and_is_public(client, add, open_worker):
    """Before 5.0 only the row of the DHT says whether a torrent is private."""
    private = add("b")
    private.private = True
    add("a")
    async with open_worker(CategorySeeding={"IgnoreTorrentsYoungerThan": 0}) as opened:
        await settled(opened, 4)
        assert await entries(opened, "remove") == []
    asked = {"StalledDelay": "2s", "IgnoreTorrentsYoungerThan": 0}
    async with open_worker(CategorySeeding=asked) as opened:

        async def removed():
            await opened.loop.seeding.ask_trackers()
            return await ended(opened, "remove")()

        async def left_as_private():
            await opened.loop.seeding.ask_trackers()
            found = await verdicts.of_torrent(opened.database, private.infohash)
            return [verdict for verdict in found if "a private torrent is left" in verdict.because]

        await passes_until(opened, removed, "it was not removed")
        await passes_until(opened, left_as_private, "it is not known as private")
    assert set(client.torrents) == {private.infohash}


async def test_a_download_is_paused_that_does_not_fit_where_it_is_moved_to(client, add, open_worker, monkeypatch):
    """The disk is measured in place of `/incomplete` and `/full`, which do not exist."""
    moved, stays = add("a"), add("b")
    moved.save_path, stays.save_path = "/full", "/incomplete"
    monkeypatch.setattr(Torrent, "content_path", property(lambda one: f"/incomplete/{one.name}"))
    free = {"roomy": 10**12, "little": KEPT_BYTES}

    def measured(paths, _folder):
        return Measured({path: "little" if path == "/full" else "roomy" for path in paths}, free)

    monkeypatch.setattr("qbitrr.worker.torrents.free_space.measure", measured)
    async with open_worker(guarding()) as opened:
        opened.guard._local = True
        await passes_until(opened, ended(opened, "pause"), "it was not paused")
    assert TAG_PAUSED in moved.tags
    assert TAG_PAUSED not in stays.tags


async def test_a_disk_that_cannot_be_read_or_measured_concerns_the_user(add, open_worker, monkeypatch):
    add("a")
    measured = Measured({}, {"roomy": 10**12}, frozenset({"/secret"}))
    monkeypatch.setattr("qbitrr.worker.torrents.free_space.measure", lambda _paths, _folder: measured)
    found = []
    async with open_worker(guarding()) as opened:
        opened.guard._local = True
        opened.report.concerned = lambda task, concerns: found.append((task, list(concerns)))
        await settled(opened, 1)
        ((task, (unreadable,)),) = found[-1:]
        measured = Measured({}, {})
        await settled(opened, 1)
        assert found[-1] == ("space", []), "a disk may sleep for a while"
        opened.guard._measured_at -= 61.0
        await settled(opened, 1)
        ((_, (unmeasured,)),) = found[-1:]
        measured = Measured({}, {"roomy": 10**12})
        await settled(opened, 1)
        assert found[-1] == ("space", [])
    assert (task, unreadable.kind, unmeasured.kind) == ("space", "disk", "disk")
    assert "cannot be read" in unreadable.text
    assert "/secret" not in unreadable.text
    assert "not known" in unmeasured.text


async def test_rules_of_one_category_and_of_a_whole_tree(client, add, open_worker):
    client.categories["books/old"] = client.categories["films"] = "/downloads"
    kept, removed = add("a", complete=True, uploaded=20.0 * MB), add("b", complete=True, uploaded=20.0 * MB)
    stranger = add("c", complete=True, uploaded=90.0 * MB, category="films")
    removed.category = "books/old"
    rows = [{"Name": "books/old", "MaxUploadRatio": 2.0}]
    seeding = {"RemoveTorrent": 1, "MaxUploadRatio": 5.0, "Categories": rows}
    async with open_worker(
        ManagedCategories=["books", "books/old"], MatchSubcategories=True, CategorySeeding=seeding
    ) as opened:
        removed.category = "books/old"
        await passes_until(opened, ended(opened, "remove"), "it was not removed")
        await settled(opened)
    assert set(client.torrents) == {kept.infohash, stranger.infohash}


async def test_what_a_category_asks_for_keeps_a_torrent(client, add, open_worker):
    torrent = add("a", complete=True, uploaded=20.0 * MB)
    seeding = {"RemoveTorrent": 1, "MaxUploadRatio": 1.0, "HitAndRunMode": "and", "MinSeedingTimeDays": 1}
    async with open_worker(CategorySeeding=seeding) as opened:
        await settled(opened, 4)
        assert await entries(opened, "remove") == []
        torrent.seeding_seconds = 3 * 86400.0
        torrent.reported_state, torrent.tags = "", {"something-happened"}  # its counters are reported and judged now
        await passes_until(opened, ended(opened, "remove"), "it was not removed")


async def test_data_that_another_torrent_needs_stays(client, add, open_worker):
    removed = add("a", complete=True, uploaded=20.0 * MB)
    other = add("b", complete=True, category="elsewhere")
    assert removed.content_path == other.content_path
    async with open_worker(CategorySeeding={"RemoveTorrent": 1, "MaxUploadRatio": 1.0}) as opened:
        ((*_, outcome, _),) = await passes_until(opened, ended(opened, "remove"), "it was not removed")
    assert "files stay" in outcome
    assert not removed.gone_with_files


async def test_what_paused_downloads_lack_is_published_as_long_as_they_lack_it(client, add, open_worker):
    large, larger = add("b", 80 * MB), add("c", 90 * MB)
    client.disk_bytes = free = KEPT_BYTES + 10 * MB
    lacks = 70 * MB + KEPT_BYTES // 20 + 1
    async with open_worker(guarding()) as opened:

        async def are(*expected):
            async def found():
                needs = await room.needs(opened.database)
                return {(one.infohash, one.lacks_bytes, one.free_bytes) for one in needs} == set(expected)

            await passes_until(opened, found, "other needs are published")

        await are((large.infohash, lacks, free), (larger.infohash, lacks + 10 * MB, free))
        assert [(one.position, one.disk) for one in await room.needs(opened.database)] == [
            (0, "of the client"),
            (1, "of the client"),
        ]
        before = await room.needs(opened.database)
        opened.loop.poll.everything.free_bytes = None  # as of a client that has just started
        opened.guard._published_at = float("-inf")
        await opened.guard.one_pass()
        assert await room.needs(opened.database) == before, "what is not known is not gone"
        opened.loop.poll.everything.free_bytes = client.disk_bytes
        client.disk_bytes += 300 * MB
        await are()
        assert (large.stopped, larger.stopped) == (False, False)
        client.disk_bytes = free
        await are((large.infohash, lacks, free), (larger.infohash, lacks + 10 * MB, free))
    async with open_worker() as opened:
        await settled(opened)
        assert await room.needs(opened.database) == [], "what an earlier process published is gone"


async def test_what_does_not_fit_is_held_and_goes_on_when_it_fits(client, add, open_worker):
    small, large, users = add("a", 20 * MB), add("b", 80 * MB), add("c", 10 * MB, stopped=True)
    other = add("d", 10 * MB, category="elsewhere")
    client.disk_bytes = KEPT_BYTES + 60 * MB
    async with open_worker(guarding()) as opened:
        await passes_until(opened, ended(opened, "pause"), "nothing was paused")
        await settled(opened, 4)
        assert len(await entries(opened, "pause")) == 1
        assert (large.stopped, TAG_PAUSED in large.tags) == (True, True)
        assert (small.stopped, other.stopped, users.tags) == (False, False, set())
        client.disk_bytes += 80 * MB
        await passes_until(opened, ended(opened, "resume"), "nothing was resumed")
        await settled(opened, 4)
        assert (len(await entries(opened, "pause")), len(await entries(opened, "resume"))) == (1, 1)
    assert (large.stopped, TAG_PAUSED in large.tags, users.stopped) == (False, False, True)


@pytest.mark.parametrize("tagless", [False, True])
@pytest.mark.parametrize("off", [{"FreeSpace": "-1"}, {"AutoPauseResume": False}])
async def test_without_a_guard_what_it_held_goes_on_also_in_a_later_process(
    client, add, open_worker, tmp_path, off, tagless
):
    large, users = add("b", 80 * MB), add("c", 10 * MB, stopped=True)
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding(Tagless=tagless)) as opened:
        await passes_until(opened, ended(opened, "pause"), "nothing was paused")
    assert (TAG_PAUSED in large.tags) is not tagless
    assert free_space.instances_with_paused(tmp_path / STATE_FILE) == {"qBit"}
    async with open_worker(guarding(Tagless=tagless) | off) as opened:
        await passes_until(opened, ended(opened, "resume"), "nothing was resumed")
        await settled(opened)
    assert (large.stopped, large.tags, users.stopped) == (False, set(), True)
    assert free_space.instances_with_paused(tmp_path / STATE_FILE) == set()


@pytest.mark.parametrize("tagless", [False, True])
async def test_what_it_held_goes_on_although_the_client_listed_nothing_for_a_while(
    sandbox, client, add, open_worker, tagless
):
    large, users = add("b", 80 * MB), add("c", 10 * MB, stopped=True)
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding(Tagless=tagless)) as opened:
        await passes_until(opened, ended(opened, "pause"), "nothing was paused")
    await sandbox.qbittorrent.fail(EmptyLists())
    async with open_worker(guarding(Tagless=tagless)) as opened:
        await passes_until(opened, lambda: opened.loop.poll.answers("qBit"), "its empty list was not believed")
        await settled(opened)
        await sandbox.qbittorrent.heal()
        client.disk_bytes += 200 * MB
        opened.loop.poll.everything.reset()
        opened.loop.poll.mirrors["qBit"].reset()
        await passes_until(opened, ended(opened, "resume"), "it was not resumed")
    assert (large.stopped, users.stopped) == (False, True)


@pytest.mark.parametrize("tagless", [False, True])
@pytest.mark.parametrize("off", [{}, {"FreeSpace": "-1"}])
async def test_what_is_paused_goes_on_once_its_category_is_removed(client, add, open_worker, off, tagless):
    """Although it does not fit. What others stopped, protected or tagged alike stays as it is."""
    large, protected, users = add("b", 80 * MB), add("c", 80 * MB), add("d", 80 * MB, stopped=True)
    tagged = add("e", 80 * MB, stopped=True, tags={TAG_PAUSED})
    tagged.category = "films"
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding(Tagless=tagless)) as opened:
        await passes_until(opened, lambda: large.stopped and protected.stopped, "nothing was paused")
    protected.tags.add("qBitrr-ignored")
    async with open_worker(guarding(Tagless=tagless) | off, ManagedCategories=["films/new"]) as opened:
        await passes_until(opened, lambda: not large.stopped, "it was not resumed")
        await settled(opened, 3)
    assert (large.stopped, TAG_PAUSED in large.tags) == (False, False)
    assert [one.stopped for one in (protected, users, tagged)] == [True] * 3


async def test_what_has_all_of_its_space_already_is_not_paused(client, add, open_worker, monkeypatch):
    async def preallocates(_client):
        return True

    monkeypatch.setattr(QbittorrentClient, "preallocates", preallocates)
    started, new = add("b", 80 * MB, progress=0.25), add("c", 80 * MB)
    client.disk_bytes = KEPT_BYTES + 40 * MB
    async with open_worker(guarding()) as opened:
        await passes_until(opened, lambda: new.stopped, "it was not paused")
        await settled(opened)
    assert not started.stopped


async def test_a_pause_that_is_refused_is_tried_again_after_a_while_and_not_in_every_pass(
    client, add, open_worker, monkeypatch
):
    async def stop(_client, _infohashes):
        raise RefusedError("qBit", "forbidden", 403)

    monkeypatch.setattr(QbittorrentClient, "stop", stop)
    now = 0.0
    add("b", 80 * MB)
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding()) as opened:
        opened.loop.action_context.clock = Clock(monotonic=lambda: now)
        for number in (1, 2):
            await settled(opened, 4)
            assert [state for _, state, *_ in await entries(opened, "pause")] == ["failed"] * number
            now += 5.0


async def test_a_crash_while_holding_is_made_good(client, add, open_worker):
    large = add("b", 80 * MB)
    large.tags.add(TAG_PAUSED)  # tagged, and not stopped yet
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding()) as opened:
        await passes_until(opened, lambda: large.stopped, "it was not stopped")


async def test_protected_torrents_and_shadow_change_nothing(client, add, open_worker):
    large, protected = add("b", 80 * MB), add("c", 80 * MB, tags={"qBitrr-ignored"})
    client.disk_bytes = KEPT_BYTES + 10 * MB
    async with open_worker(guarding(Shadow=True)) as opened:
        await settled(opened, 3)
        assert not large.stopped
    async with open_worker(guarding()) as opened:
        await passes_until(opened, lambda: large.stopped, "it was not stopped")
        await settled(opened)
    assert not protected.stopped


async def test_the_queue_is_sorted_once_and_only_while_there_is_one(client, add, open_worker):
    torrents = {letter: add(letter) for letter in "abcd"}
    torrents["c"].set_trackers(["http://good.example/announce"])
    torrents["d"].set_trackers(["http://better.example/announce"])
    rows = [
        {"URI": "good.example", "Priority": 5, "SortTorrents": True},
        {"URI": "better.example", "Priority": 9},
    ]
    async with open_worker(Trackers=rows) as opened:
        await settled(opened)
        assert await entries(opened, "sort") == []
        client.queueing = True
        await passes_until(opened, ended(opened, "sort"), "the queue was not sorted")
        await settled(opened, 4)
        assert len(await entries(opened, "sort")) == 1
    assert [infohash[0] for infohash in client.queue()] == ["d", "c", "a", "b"]


async def test_what_a_person_puts_aside_is_removed_or_checked_and_comes_back(client, add, open_worker):
    client.categories["failed"] = client.categories["recheck"] = "/downloads"
    failed, checked = add("a"), add("b", complete=True)
    async with open_worker(CategorySeeding={"IgnoreTorrentsYoungerThan": 0}) as opened:
        await settled(opened)
        failed.category, checked.category = "failed", "recheck"
        await passes_until(opened, ended(opened, "remove"), "it was not removed")
        await passes_until(opened, ended(opened, "recheck"), "it was not checked")
    assert set(client.torrents) == {checked.infohash}
    assert checked.category == "books"


async def test_a_check_that_was_noted_by_a_clock_that_was_ahead_is_not_waited_for(client, add, open_worker):
    client.categories["recheck"] = "/downloads"
    torrent = add("a", complete=True)
    async with open_worker(CategorySeeding={"IgnoreTorrentsYoungerThan": 0}) as opened:
        await settled(opened)
        torrent.category = "recheck"
        await passes_until(opened, lambda: opened.database.rows("SELECT 1 FROM ledger WHERE step = 'checking'"), "none")
        await opened.database.write("UPDATE ledger SET updated_at = updated_at + 86400")
        await passes_until(opened, ended(opened, "recheck"), "it is still waited for")


async def test_what_another_qbittorrent_has_still_to_write_to_the_same_disk_is_left_to_it(add, open_worker, tmp_path):
    torrent = add("a", 20 * MB)
    disk = tmp_path / "disk"
    disk.mkdir()
    settings = guarding(FreeSpaceFolder=str(disk), FreeSpace="0")
    async with open_worker(settings) as opened:
        guard = opened.guard
        guard._local, guard._instances_before = True, ["qBit-first"]
        number = disk.stat().st_dev
        name = f"{os.major(number)}:{os.minor(number)}"
        await free_space.claim(opened.database, "qBit-first", {name: 2**60}, opened.context.clock.wall())
        await passes_until(opened, lambda: torrent.stopped, "it was not held")
        await free_space.claim(opened.database, "qBit-first", {}, opened.context.clock.wall())
        await passes_until(opened, lambda: not torrent.stopped, "it was not released")
