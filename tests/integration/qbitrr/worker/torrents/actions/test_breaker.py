"""Too many removals at once wait for a person, over restarts too."""

import asyncio
from collections import Counter

import pytest

from qbitrr import ipc
from qbitrr.state import breakers
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, posts, settled

FEW = {"MaxDestructiveActions": 1}


async def tripped(opened):
    await opened.loop.load()
    await passes_until(opened, lambda: opened.loop.runner.breaker.tripped, "nothing tripped")
    await passes_until(opened, ended(opened, "fail"), "not even the first was removed")
    await settled(opened)


async def test_more_than_a_number_waits_and_says_so(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        rows = await entries(opened, "fail")
        assert [row[1] for row in rows].count("done") == 1
        assert {row[1] for row in rows} == {"done", "awaiting_approval"}
        assert "within ten minutes" in opened.loop.runner.breaker.tripped
        waiting = [waiting.service for waiting in opened.report._waiting.values() if waiting.needs_attention]
        assert waiting == ["approval"]
    async with bench(settings=FEW) as opened:
        await opened.loop.load()
        await settled(opened)
        assert opened.loop.runner.breaker.tripped is not None
        assert [row[1] for row in await entries(opened, "fail")].count("done") == 1


async def test_what_a_person_approves_is_done(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        waiting = [row for row in await entries(opened, "fail") if row[1] == "awaiting_approval"]
        opened.loop.approvals.submit(ipc.Approve())

        async def all_done():
            states = {row[0]: row[1] for row in await entries(opened, "fail")}
            return all(states[row[0]] == "done" for row in waiting)

        await passes_until(opened, all_done, "what was approved was not done")
        assert opened.loop.runner.breaker.tripped is None


def deletions(sandbox):
    """How often each torrent was deleted."""
    return Counter(body["hashes"] for body in posts(sandbox.stand_ins["qBit"], "torrents/delete"))


async def test_what_was_approved_is_done_once_by_another_process(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        waiting = [row[0] for row in await entries(opened, "fail") if row[1] == "awaiting_approval"]
        opened.loop.approvals.submit(ipc.Approve())
        await opened.loop.approvals.carry_out()  # and dies before it has done anything of it
        assert [row[1] for row in await entries(opened, "fail") if row[0] in waiting] == ["planned"] * len(waiting)
    async with bench(settings=FEW) as opened:
        await opened.loop.load()

        async def all_done():
            states = {row[0]: row[1] for row in await entries(opened, "fail")}
            return all(states[infohash] == "done" for infohash in waiting)

        await passes_until(opened, all_done, "what was approved was not done")
        await settled(opened)
    assert {deletions(sandbox)[infohash] for infohash in waiting} == {1}


@pytest.mark.parametrize(("decision", "state"), [(ipc.Approve(), "planned"), (ipc.Discard(), "cancelled")])
async def test_a_decision_that_broke_off_before_the_breaker_was_reset_can_be_made_again(
    sandbox, bench, monkeypatch, decision, state
):
    async def dies(*_):
        raise asyncio.CancelledError

    async with bench(settings=FEW) as opened:
        await tripped(opened)
        waiting = [row[0] for row in await entries(opened, "fail") if row[1] == "awaiting_approval"]
        opened.loop.approvals.submit(decision)
        with monkeypatch.context() as patch:
            patch.setattr(breakers, "write", dies)
            with pytest.raises(asyncio.CancelledError):
                await opened.loop.approvals.carry_out()
    async with bench(settings=FEW) as opened:
        await opened.loop.load()
        assert opened.loop.runner.breaker.tripped is not None  # so that the user is still asked about what may wait
        opened.loop.approvals.submit(decision)
        await opened.loop.approvals.carry_out()
        states = {row[0]: row[1] for row in await entries(opened, "fail")}
    assert {states[infohash] for infohash in waiting} == {state}


async def test_what_a_person_discards_stays(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        waiting = {row[0] for row in await entries(opened, "fail") if row[1] == "awaiting_approval"}
        opened.loop.approvals.submit(ipc.Discard())
        await passes_until(opened, ended(opened, "fail", "cancelled"), "nothing was discarded")
        await settled(opened, 4)
        states = {row[0]: row[1] for row in await entries(opened, "fail")}
    assert {states[infohash] for infohash in waiting} == {"cancelled"}
    assert waiting <= sandbox.world.client.torrents.keys()


@pytest.mark.parametrize("change", ["complete", "gone"])
async def test_what_no_longer_needs_it_does_not_wait_any_more(sandbox, bench, change):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        (infohash, *_), *_ = [row for row in await entries(opened, "fail") if row[1] == "awaiting_approval"]
        if change == "complete":
            torrent = sandbox.world.client.torrents[infohash]
            torrent.fate, torrent.progress, torrent.completion_on = torrent.fate.__class__(), 1.0, torrent.added_on + 5
        else:
            del sandbox.world.client.torrents[infohash]

        async def ended_so():
            return [row for row in await entries(opened, "fail") if row[0] == infohash and row[1] == "cancelled"]

        await passes_until(opened, ended_so, "it still waits")


async def test_the_count_begins_anew_when_a_person_decided(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        opened.loop.approvals.submit(ipc.Discard())
        await settled(opened)
        stored = await breakers.read(opened.database, "radarr-hd")
    assert stored.because is None
    assert stored.counted_since > 0
