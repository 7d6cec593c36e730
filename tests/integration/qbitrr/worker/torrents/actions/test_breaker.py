"""Too many removals at once wait for a person, over restarts too."""

import pytest

from qbitrr import ipc
from qbitrr.state import breakers
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, settled

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
        assert {row[2] for row in rows if row[1] == "planned"} == {"awaiting approval"}
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
        waiting = [row for row in await entries(opened, "fail") if row[1] == "planned"]
        opened.loop.approvals.submit(ipc.Approve())

        async def all_done():
            states = {row[0]: row[1] for row in await entries(opened, "fail")}
            return all(states[row[0]] == "done" for row in waiting)

        await passes_until(opened, all_done, "what was approved was not done")
        assert opened.loop.runner.breaker.tripped is None


async def test_what_a_person_discards_stays(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        waiting = {row[0] for row in await entries(opened, "fail") if row[1] == "planned"}
        opened.loop.approvals.submit(ipc.Discard())
        await passes_until(opened, ended(opened, "fail", "held"), "nothing was discarded")
        await settled(opened, 4)
        states = {row[0]: row[1] for row in await entries(opened, "fail")}
    assert {states[infohash] for infohash in waiting} == {"held"}
    assert waiting <= sandbox.world.client.torrents.keys()


@pytest.mark.parametrize(("change", "state"), [("complete", "held"), ("gone", "held")])
async def test_what_no_longer_needs_it_does_not_wait_any_more(sandbox, bench, change, state):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        (infohash, *_), *_ = [row for row in await entries(opened, "fail") if row[1] == "planned"]
        if change == "complete":
            torrent = sandbox.world.client.torrents[infohash]
            torrent.fate, torrent.progress, torrent.completion_on = torrent.fate.__class__(), 1.0, torrent.added_on + 5
        else:
            del sandbox.world.client.torrents[infohash]

        async def ended_so():
            return [row for row in await entries(opened, "fail") if row[0] == infohash and row[1] == state]

        await passes_until(opened, ended_so, "it still waits")


async def test_the_count_begins_anew_when_a_person_decided(sandbox, bench):
    async with bench(settings=FEW) as opened:
        await tripped(opened)
        opened.loop.approvals.submit(ipc.Discard())
        await settled(opened)
        stored = await breakers.read(opened.database, "radarr-hd")
    assert stored.because is None
    assert stored.counted_since > 0
