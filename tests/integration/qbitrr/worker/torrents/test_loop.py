"""Passes over a living client: what is done, and above all what is not done when something is unknown."""

import dataclasses
import math
import time

import pytest

from qbitrr.clock import Clock
from qbitrr.rules import torrents as rules
from qbitrr.rules.completion import ARRIVING_SECONDS, SHORTEST_SECONDS
from qbitrr.rules.verdict import Action
from qbitrr.sandbox.services.faults import Down, EmptyLists, HalfAnswer, Hang, Status, WrongCredentials
from qbitrr.state import ledger, verdicts
from qbitrr.worker.torrents.judge import Judge
from tests.integration.qbitrr.worker.torrents.passing import judged, latest, passes_until
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled
from tests.support.polling import until


async def passes(opened, number=3):
    for _ in range(number):
        await opened.one_pass()
    await until(lambda: not opened.loop.runner.busy, 20, "an action did not end")


async def stored(opened):
    found = {}
    for infohash in await judged(opened):
        (found[infohash],) = await verdicts.of_torrent(opened.database, infohash)
    return found


def changes(sandbox):
    """Everything that was sent to change something, but for rechecks, which remove nothing and need no Arr."""
    return [
        (name, request.method, request.path, request.body)
        for name, stand_in in sandbox.stand_ins.items()
        for request in stand_in.requests
        if request.method != "GET" and not request.path.endswith(("auth/login", "recheck"))
    ]


def removals(sandbox):
    return [change for change in changes(sandbox) if change[1] == "DELETE" or change[2].endswith("torrents/delete")]


async def test_every_torrent_of_the_category_gets_a_verdict_with_its_whole_trace(sandbox, bench):
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        found = await stored(opened)
    assert found.keys() == sandbox.world.client.torrents.keys()
    for verdict in found.values():
        assert [step["rule"] for step in verdict.trace] == [rule.name for rule in rules.WITH_ARR[: len(verdict.trace)]]


@pytest.mark.parametrize("fault", [Down(), Status(500), HalfAnswer()])
async def test_nothing_is_removed_while_the_arr_is_in_trouble_and_all_is_done_when_it_is_back(sandbox, bench, fault):
    radarr = sandbox.stand_ins["Radarr-HD"]
    async with bench() as opened:
        await opened.loop.load()
        await radarr.fail(fault)
        await passes(opened)
        assert changes(sandbox) == []
        assert {entry.action for entry in await latest(opened, 9)} <= {"recheck"}
        await radarr.heal()

        async def something_was_removed():
            await passes(opened, 1)
            return removals(sandbox)

        await until(something_was_removed, 10, "nothing was removed")


async def test_nothing_is_done_while_qbittorrent_is_down_and_all_is_done_when_it_is_back(sandbox, bench):
    qbittorrent = sandbox.stand_ins["qBit"]
    async with bench() as opened:
        await opened.loop.load()
        await qbittorrent.fail(Down())
        await passes(opened)
        assert changes(sandbox) == []
        assert await stored(opened) == {}
        await qbittorrent.heal()

        async def something_was_removed():
            await passes(opened, 1)
            return removals(sandbox)

        await until(something_was_removed, 10, "nothing was removed")


async def test_a_client_that_hangs_delays_a_pass_by_two_seconds_at_most(sandbox, bench):
    async with bench() as opened:
        await opened.loop.load()
        await sandbox.stand_ins["qBit"].fail(Hang())
        before = time.monotonic()
        await opened.one_pass()
        assert time.monotonic() - before < 4
        await sandbox.stand_ins["qBit"].heal()


async def test_lists_that_become_empty_remove_nothing(sandbox, bench):
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        await until(lambda: not opened.loop.runner.busy, 20, "an action did not end")
        done_before = len(removals(sandbox))
        await sandbox.stand_ins["qBit"].fail(EmptyLists())
        await sandbox.stand_ins["Radarr-HD"].fail(EmptyLists())
        await passes(opened)
        assert len(removals(sandbox)) == done_before


async def test_a_client_without_internet_is_no_evidence(sandbox, bench):
    sandbox.world.client.connection_status = "disconnected"
    async with bench() as opened:
        await opened.loop.load()
        await passes(opened)
        rules_of_stalled = {v.rule for v in (await stored(opened)).values()}
    assert removals(sandbox) == []
    assert "client_at_standstill" in rules_of_stalled


async def test_a_download_that_the_alternative_speed_limits_slow_is_kept_until_they_are_off(sandbox, bench):
    sandbox.world.client.alternative_speed = True
    slow = {"MinimumSpeed": 10**7, "SlowDelay": "1s", "DoNotRemoveSlow": False, "StalledDelay": -1}
    async with bench(**slow) as opened:
        await opened.loop.load()
        await passes(opened, 5)
        found = [v for v in (await stored(opened)).values() if v.rule == "slow_by_speed"]
        assert found
        assert all("alternative speed limits" in verdict.because for verdict in found)
        assert removals(sandbox) == []
        sandbox.world.client.alternative_speed = False

        async def one_was_removed():
            return [entry for entry in await latest(opened, 9) if entry.rule == "slow_by_speed"]

        await passes_until(opened, one_was_removed, "a slow download was not removed")


async def test_a_torrent_tagged_as_ignored_is_not_touched(sandbox, bench):
    for torrent in sandbox.world.client.torrents.values():
        torrent.tags.add("qBitrr-ignored")
    async with bench() as opened:
        await opened.loop.load()
        await passes(opened)
        assert {v.rule for v in (await stored(opened)).values()} == {"ignored_by_user"}
    assert changes(sandbox) == []


async def test_a_torrent_that_is_tagged_between_the_verdict_and_the_action_is_not_touched(sandbox, bench):
    class TagsFirst:
        """Reads a torrent only after somebody has tagged it."""

        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return getattr(self._client, name)

        async def torrents(self, infohashes):
            for infohash in infohashes:
                sandbox.world.client.torrents[infohash].tags.add("qBitrr-ignored")
            return await self._client.torrents(infohashes)

    def wrap(services):
        tagging = {name: TagsFirst(client) for name, client in services.qbittorrents.items()}
        return dataclasses.replace(services, qbittorrents=tagging)

    async with bench(wrap) as opened:
        await opened.loop.load()
        await passes(opened)
    assert changes(sandbox) == []


async def test_data_that_another_torrent_needs_stays(sandbox, bench):
    torrents = sandbox.world.client.torrents
    dead = next(t for t in torrents.values() if t.state == "stalledDL")
    other = next(t for t in torrents.values() if t.complete)
    other.name, other.category, other.save_path, other.files = dead.name, "elsewhere", dead.save_path, dead.files
    assert other.content_path == dead.content_path
    async with bench() as opened:
        await opened.loop.load()

        async def is_gone():
            await passes(opened, 1)
            return dead.infohash not in torrents

        await until(is_gone, 10, "the dead torrent is still there")
        (entry,) = await ledger.of_torrent(opened.database, dead.infohash)
    deletions = [body for _, _, path, body in changes(sandbox) if path.endswith("torrents/delete")]
    assert {"hashes": dead.infohash, "deleteFiles": "false"} in deletions
    assert "another torrent may need them" in entry.outcome


async def test_a_wrong_password_is_tried_once_by_all_workers_together(sandbox, bench):
    await sandbox.stand_ins["qBit"].fail(WrongCredentials())
    async with bench() as one, bench() as other:
        for _ in range(3):
            await one.loop.one_pass()
            await other.loop.one_pass()
    logins = [r for r in sandbox.stand_ins["qBit"].requests if r.path.endswith("auth/login")]
    assert len(logins) == 1


async def test_a_wrong_api_key_is_tried_once(sandbox, bench):
    await sandbox.stand_ins["Radarr-HD"].fail(WrongCredentials())
    async with bench() as opened:
        await passes(opened, 5)
    assert len(sandbox.stand_ins["Radarr-HD"].requests) == 1


async def test_a_fault_in_judging_one_torrent_stops_no_other(sandbox, bench, monkeypatch):
    victim = next(iter(sandbox.world.client.torrents))
    judge = rules.judge

    def faulty(torrent, *rest):
        if torrent.infohash == victim:
            raise ValueError("a fault")
        return judge(torrent, *rest)

    monkeypatch.setattr(rules, "judge", faulty)
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        found = await stored(opened)
    assert found.keys() == sandbox.world.client.torrents.keys()
    assert (found[victim].rule, found[victim].because) == ("error", "judging it failed: ValueError")


async def test_an_idle_pass_asks_each_service_once_at_most_and_writes_nothing(sandbox, bench):
    for torrent in sandbox.world.client.torrents.values():
        torrent.tags.add("qBitrr-ignored")
    async with bench() as opened:
        await opened.loop.load()
        await passes(opened)
        before = [len(stand_in.requests) for stand_in in sandbox.stand_ins.values()]
        opened.loop.poll.wake.clear()
        written = await opened.database.rows("SELECT infohash, since FROM verdicts")
        await opened.one_pass()
        after = [len(stand_in.requests) for stand_in in sandbox.stand_ins.values()]
        assert [b - a for a, b in zip(before, after, strict=True)] in ([1, 0], [1, 1])
        assert not opened.loop.poll.wake.is_set(), "it asks for the next pass before its time"
        assert await opened.database.rows("SELECT infohash, since FROM verdicts") == written


async def test_passes_come_for_a_moment_after_a_grab_until_qbittorrent_lists_its_torrent(sandbox, bench):
    sandbox.world.client.torrents.clear()
    now = [1000.0]
    async with bench(clock=Clock(monotonic=lambda: now[0])) as opened:
        await opened.loop.load()
        await opened.one_pass()
        assert opened.loop.seconds_until_change() == math.inf
        opened.loop.observer.expect_download()
        assert opened.loop.poll.wake.is_set()
        assert opened.loop.seconds_until_change() == SHORTEST_SECONDS
        now[0] += ARRIVING_SECONDS
        assert opened.loop.seconds_until_change() == math.inf


async def test_passes_come_sooner_while_a_torrent_that_was_added_lately_waits_for_its_metadata(sandbox, bench):
    torrents = sandbox.world.client.torrents
    torrent = next(one for one in torrents.values() if one.state == "metaDL")
    torrents.clear()
    torrents[torrent.infohash] = torrent
    torrent.tags.add("qBitrr-ignored")
    for age, seconds in ((1_000, math.inf), (10, 1.5)):
        torrent.added_on = time.time() - age
        async with bench() as opened:
            await opened.loop.load()
            await opened.one_pass()
            assert opened.loop.seconds_until_change() == seconds


async def test_a_torrent_is_judged_once_after_an_action_and_then_when_something_changed(sandbox, bench, monkeypatch):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    judge, seen = Judge.judge, []

    def judging(self, one):
        verdict = judge(self, one)
        seen.append(verdict)
        return verdict

    monkeypatch.setattr(Judge, "judge", judging)
    async with bench(StalledDelay="1d", FileExtensionAllowlist=[".mkv"]) as opened:
        await opened.loop.load()
        await passes(opened, 4)
        await passes(opened, 1)  # an action that ended with the last one has its torrent judged in this one
        assert {verdict.action for verdict in seen} == {Action.CHECK_FILES, Action.NOTHING}
        seen.clear()
        await passes(opened, 3)
        assert seen == []
        torrent.tags.add("qBitrr-ignored")
        await passes(opened, 1)
        assert [verdict.last.rule for verdict in seen] == ["ignored_by_user"]


async def test_a_torrent_that_leaves_the_category_is_forgotten_and_one_that_enters_is_judged(sandbox, bench):
    torrent = next(iter(sandbox.world.client.torrents.values()))
    torrent.tags.add("qBitrr-ignored")
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        assert torrent.infohash in await stored(opened)
        torrent.category = "elsewhere"
        await until_pass(opened, lambda found: torrent.infohash not in found)
        torrent.category = "radarr-hd"
        await until_pass(opened, lambda found: torrent.infohash in found)


async def until_pass(opened, holds):
    async def one_pass():
        await opened.one_pass()
        return holds(await stored(opened))

    await until(one_pass, 5, "the verdicts are not as expected")


async def test_verdicts_on_torrents_that_went_while_nobody_looked_are_dropped(sandbox, bench):
    torrent = next(t for t in sandbox.world.client.torrents.values() if t.complete)
    async with bench() as opened:
        await opened.loop.load()
        await passes(opened)
    sandbox.world.client.delete([torrent.infohash], with_files=False)
    await until(lambda: torrent.infohash not in sandbox.world.client.torrents, 5, "it is still there")
    async with bench() as opened:
        await opened.loop.load()
        await opened.one_pass()
        assert torrent.infohash not in await stored(opened)


async def test_an_explanation_is_of_now_and_says_what_time_alone_will_change(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(StalledDelay="1d") as opened:
        await opened.loop.load()

        async def verdict():
            return next(iter(await verdicts.of_torrent(opened.database, torrent.infohash)), None)

        first = await passes_until(opened, verdict, "it was not judged")
        assert first.revisit_at > first.measured_at

        async def measured_again():
            opened.loop.explain(torrent.infohash)
            await opened.one_pass()
            found = await verdict()
            return found if found.trace[-1]["facts"]["seen_inactive_seconds"] > 0 else None

        later = await until(measured_again, 20, "what was measured did not change")
        assert (later.rule, later.forecast.action, later.forecast.rule) == ("stalled", "fail", "unavailable")
    assert later.since == first.since
    assert later.measured_at > first.measured_at


async def test_an_idle_pass_reads_nothing_from_the_state_file(sandbox, bench, monkeypatch):
    only(sandbox.world, stalled(sandbox.world))
    async with bench(StalledDelay="1d") as opened:
        await opened.loop.load()
        await passes(opened)
        await passes(opened, 1)  # an action that ended with the last one has its torrent judged in this one
        read, rows = [], opened.database.rows
        monkeypatch.setattr(opened.database, "rows", lambda sql, *some: read.append(sql) or rows(sql, *some))
        await passes(opened)
        assert read == []
        await opened.database.write("UPDATE ledger SET outcome = ''")
        await passes(opened)
    assert len(read) == 1


async def test_when_the_clock_was_set_back_all_that_waits_for_it_is_judged_by_the_new_one(bench, monkeypatch):
    def broken(_judge, _torrent):
        raise ValueError("broken")

    monkeypatch.setattr(Judge, "judge", broken)
    now = [time.time() + 86_400]
    async with bench(clock=Clock(wall=lambda: now[0])) as opened:
        await opened.loop.load()
        for seconds in (0, 86_400):
            now[0] -= seconds
            await opened.one_pass()
            assert set(opened.loop._revisit_at.values()) == {now[0] + 60}
