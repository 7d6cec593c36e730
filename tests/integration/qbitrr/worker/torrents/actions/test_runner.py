"""What must not be lost, done to the wrong torrent, or believed too soon."""

import asyncio
import dataclasses
import sqlite3
import time

import msgspec
import pytest

from qbitrr.clock import Clock
from qbitrr.errors import UnreachableError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import Action, Decision
from qbitrr.sandbox.services.faults import Status, WrongCredentials
from qbitrr.state import ledger, verdicts
from tests.integration.qbitrr.worker.torrents.passing import judged, latest
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support.polling import until


async def passes(opened, number=3):
    for _ in range(number):
        opened.loop.poll._poll_at["qBit"] = 0
        await opened.one_pass()
    await until(lambda: not opened.loop.runner.busy, 20, "an action did not end")


async def passes_until(opened, holds, what, seconds=15):
    async def one_pass():
        await passes(opened, 1)
        answer = holds()
        return await answer if asyncio.iscoroutine(answer) else answer

    return await until(one_pass, seconds, what)


class Meddling:
    """A client that does something to the world before it reads a torrent."""

    def __init__(self, client, meddle):
        self._client, self._meddle = client, meddle

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def torrents(self, infohashes):
        for infohash in infohashes:
            self._meddle(infohash)
        return await self._client.torrents(infohashes)


def meddling(meddle):
    def wrap(services):
        clients = {name: Meddling(client, meddle) for name, client in services.qbittorrents.items()}
        return dataclasses.replace(services, qbittorrents=clients)

    return wrap


async def plan(opened, torrent, *, category="radarr-hd", action="fail", record_ids=(), step=ledger.FIRST_STEP):
    decision = Decision(
        category=category,
        key=TorrentKey("qBit", torrent.infohash),
        name=torrent.name,
        added_at=float(int(torrent.added_on)),
        action=action,
        rule="stalled",
        because="a test",
        facts={},
    )
    notes = {"record_ids": record_ids, "item_ids": [], "research": False}
    return await ledger.plan(opened.database, decision, notes, time.time(), step=step)


async def test_a_torrent_that_was_just_started_is_given_its_time(sandbox, bench):
    """Whatever its client says of its last activity: it was stopped for a day."""
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        assert torrent.infohash in sandbox.world.client.torrents
        (verdict,) = await verdicts.of_torrent(opened.database, torrent.infohash)
        assert (verdict.action, verdict.rule) == (Action.NOTHING, "stalled")


@pytest.mark.parametrize("change", [{"category": "private-stuff"}, {"added_on": 5.0}])
async def test_a_resumed_action_leaves_alone_what_is_another_torrent_now(sandbox, bench, change):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench() as opened:
        await ledger.advance(opened.database, await plan(opened, torrent), "blocklisted", time.time())
    for name, value in change.items():
        setattr(torrent, name, value)
    async with bench(StalledDelay="1d") as opened:
        await opened.loop.load()
        await passes(opened)
        (entry,) = await latest(opened, 1)
    assert (entry.state, "meanwhile" in entry.outcome) == ("cancelled", True)
    assert torrent.infohash in sandbox.world.client.torrents


@pytest.mark.parametrize("step", [ledger.FIRST_STEP, "blocklisting", "blocklisted"])
async def test_a_torrent_that_became_complete_meanwhile_is_not_deleted(sandbox, bench, step):
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)
    record = next(iter(arr.queue.values()))
    async with bench() as opened:
        assert await plan(opened, torrent, record_ids=[record.id], step=step) is not None
    torrent.progress, torrent.completion_on = 1.0, time.time()
    arr.queue.clear()  # the Arr has imported it
    async with bench() as opened:
        await opened.loop.load()
        await passes(opened)
        told = [e for e in await ledger.of_torrent(opened.database, torrent.infohash) if e.action == "fail"]
    assert [entry.state for entry in told] == ["cancelled"]
    assert torrent.infohash in sandbox.world.client.torrents


async def test_a_torrent_that_changes_category_before_the_action_is_left_alone(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)

    def move(infohash):
        sandbox.world.client.torrents[infohash].category = "private-stuff"

    async with bench(meddling(move)) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: torrent.category == "private-stuff", "nobody wanted to act")
        await passes(opened)
        assert await latest(opened, 1) == []
    assert torrent.infohash in sandbox.world.client.torrents


async def test_what_changed_while_both_services_were_down_is_judged_when_both_are_back(sandbox, bench):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    torrent.stopped = True
    radarr, qbittorrent = sandbox.stand_ins["Radarr-HD"], sandbox.stand_ins["qBit"]
    async with bench() as opened:
        await radarr.fail(Status(503))
        await opened.loop.load()
        await passes(opened)
        await qbittorrent.fail(Status(500))
        await passes(opened)
        await radarr.heal()
        await passes(opened)
        await qbittorrent.heal()
        await passes_until(opened, lambda: "qBitrr-imported" in torrent.tags, "it was not imported")


async def test_a_full_disk_loses_no_verdict(sandbox, bench, monkeypatch):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    torrent.stopped = True
    torrent.tags.add("qBitrr-ignored")
    store, full = verdicts.store, [True]

    async def stores(*arguments):
        if full[0]:
            raise sqlite3.OperationalError("database or disk is full")
        await store(*arguments)

    monkeypatch.setattr(verdicts, "store", stores)
    async with bench() as opened:
        await opened.loop.load()
        with pytest.raises(sqlite3.OperationalError):
            await opened.one_pass()
        full[0] = False
        await passes(opened)
        assert await judged(opened)


async def test_a_half_answer_loses_no_removal(sandbox, bench):
    gone = stalled(sandbox.world)
    for torrent in sandbox.world.client.torrents.values():
        torrent.tags.add("qBitrr-ignored")
    stranger = finished(sandbox.world)
    stranger.category = "elsewhere"
    failing = [False]

    def fail(_infohash):
        if failing[0]:
            raise UnreachableError("qBit", "no answer")

    async with bench(meddling(fail)) as opened:
        await opened.loop.load()
        await passes(opened)
        failing[0] = True
        stranger.category = "radarr-hd"  # a delta tells too little of it, so it is asked for
        del sandbox.world.client.torrents[gone.infohash]
        await opened.one_pass()
        failing[0] = False
        await passes(opened)
        known = await judged(opened)
    assert gone.infohash not in known
    assert stranger.infohash in known


async def test_an_error_of_the_database_between_two_steps_loses_no_search(sandbox, bench, monkeypatch):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    radarr = sandbox.stand_ins["Radarr-HD"]
    advance, broken = ledger.advance, [True]

    async def advances(database, entry, step, *rest, **notes):
        if broken[0] and step == "searching":
            broken[0] = False
            raise sqlite3.OperationalError("disk I/O error")
        return await advance(database, entry, step, *rest, **notes)

    monkeypatch.setattr(ledger, "advance", advances)

    async def is_done():
        newest = await latest(opened, 1)
        return bool(newest) and newest[0].state == "done"

    async with bench() as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: not broken[0], "the database did not fail")
        await passes_until(opened, is_done, "the search was lost")
    assert [r.body["name"] for r in radarr.requests if r.method == "POST"] == ["MoviesSearch"]


async def test_a_torrent_with_an_action_of_another_category_is_tried_ever_more_seldom(sandbox, bench):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    now = [1000.0]
    async with bench(clock=Clock(monotonic=lambda: now[0])) as opened:
        failures = opened.loop.runner._failures

        async def attempts_after(seconds):
            """How often it was tried until then."""
            now[0] += seconds
            await passes(opened, 1)
            return failures["qBit", torrent.infohash]

        await plan(opened, torrent, category="radarr-old", action="import")
        await opened.loop.load()
        await passes_until(opened, lambda: failures, "it was not tried")
        attempts = [await attempts_after(seconds) for seconds in (0.0, 0.0, 0.0, *[1.0] * 20)]
    assert attempts[:3] == [1, 1, 1]
    assert 4 <= attempts[-1] <= 6  # after 1, 2, 4 and 8 seconds


async def test_an_import_that_was_found_done_is_one_step_in_the_ledger(sandbox, bench):
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    arr.imports_by_itself = True
    arr.refresh_now()
    await until(lambda: not arr.queue, 5, "the Arr does not import it")
    async with bench() as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: "qBitrr-imported" in torrent.tags, "it was not tagged")
        (entry,) = await ledger.of_torrent(opened.database, torrent.infohash)
    assert (entry.state, entry.step, entry.notes) == ("done", "imported", {})


async def test_a_refused_password_is_not_tried_again_even_when_that_cannot_be_written_down(sandbox, bench):
    await sandbox.stand_ins["qBit"].fail(WrongCredentials())
    async with bench() as opened:
        await opened.database.rows("PRAGMA query_only = ON")
        for _ in range(5):
            opened.loop.poll._poll_at["qBit"] = 0
            await opened.one_pass()
    assert len([r for r in sandbox.stand_ins["qBit"].requests if r.path.endswith("auth/login")]) == 1


async def test_the_same_torrent_on_two_clients_is_not_taken_for_one(sandbox, bench):
    """It stalls on one and goes well on the other: the Arr's record may be about the other."""
    torrent = stalled(sandbox.world)
    arr = only(sandbox.world, torrent)

    class Other:
        """The second client, which has the same data under another path."""

        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def maindata(self, _rid):
            data = await self._client.maindata(0)
            for row in data.torrents.values():
                row.state, row.last_activity = "downloading", int(time.time())
            return data

        async def torrents(self, infohashes):
            found = await self._client.torrents(infohashes)
            return {h: msgspec.structs.replace(row, state="downloading") for h, row in found.items()}

    def wrap(services):
        ((name, client),) = services.qbittorrents.items()
        return dataclasses.replace(services, qbittorrents={name: client, "qBit-b": Other(client)})

    async with bench(wrap) as opened:
        await opened.loop.load()

        async def is_held_back():
            rows = await opened.database.rows("SELECT because FROM verdicts WHERE instance = 'qBit'")
            return "another qBittorrent" in rows[0][0]

        await passes_until(opened, is_held_back, "the verdict is another")
    assert arr.blocklist == []
    assert torrent.infohash in sandbox.world.client.torrents


async def test_nothing_is_remembered_of_torrents_that_are_gone(sandbox, bench):
    async with bench() as opened:
        await opened.loop.load()

        async def all_dead_ones_are_gone():
            await opened.loop.observer.reach.ask()
            dead = [t for t in sandbox.world.client.torrents.values() if t.state in ("stalledDL", "metaDL")]
            return all(t.tracker_complaint for t in dead)  # those wait for their trackers

        await passes_until(opened, all_dead_ones_are_gone, "dead torrents are left")
        await passes(opened, 5)
        present = set(sandbox.world.client.torrents)
        for known in (
            opened.loop._identities,
            opened.loop.runner._again_at,
            opened.loop._revisit_at,
            opened.loop.runner._failures,
        ):
            assert {infohash for _, infohash in known} <= present


async def test_an_action_that_ends_while_the_ledger_is_read_is_not_resumed(sandbox, bench, monkeypatch):
    """What was read then is as it was before its last steps."""
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    go_on = asyncio.Event()

    class Slow:
        """A client that deletes nothing before it is let."""

        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def delete(self, *arguments, **keywords):
            await go_on.wait()
            await self._client.delete(*arguments, **keywords)

    def wrap(services):
        clients = {name: Slow(client) for name, client in services.qbittorrents.items()}
        return dataclasses.replace(services, qbittorrents=clients)

    read = ledger.open_entries

    async def reads(*arguments):
        entries = await read(*arguments)
        if [entry.step for entry in entries] == ["blocklisted"]:
            go_on.set()
            await until(lambda: not opened.loop.runner.busy, 20, "the action did not end")
        return entries

    async with bench(wrap) as opened:
        await opened.loop.load()
        monkeypatch.setattr(ledger, "open_entries", reads)

        async def one_pass():
            opened.loop.poll._poll_at["qBit"] = 0
            await opened.one_pass()
            return go_on.is_set()

        await until(one_pass, 20, "no action was open")
        await passes(opened)
        assert [entry.state for entry in await ledger.of_torrent(opened.database, torrent.infohash)] == ["done"]
    posted = [r.body["name"] for r in sandbox.stand_ins["Radarr-HD"].requests if r.method == "POST"]
    assert posted == ["MoviesSearch"]
