"""A rule in the mode `ask`: what it would do waits for an answer; one in `shadow` is recorded only."""

import copy

import pytest

from qbitrr import ipc
from qbitrr.state import ledger, shadow
from tests.integration.qbitrr.worker.torrents.passing import passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled

DEAD = ("unavailable", "stalled")
ASKING = {"PublicPolicy": {"default": "ask"}, "PrivatePolicy": {"default": "ask"}}


async def asked(opened):
    await opened.loop.load()
    found = await passes_until(opened, lambda: ledger.asked(opened.database, 9), "nothing was asked")
    await settled(opened)
    return found[0]


async def state_of(opened, entry):
    return (await ledger.get(opened.database, entry.id)).state


@pytest.fixture
def torrent(sandbox):
    found = stalled(sandbox.world)
    only(sandbox.world, found)
    return found


@pytest.mark.parametrize(("do", "state"), [(True, "done"), (False, "cancelled")])
async def test_what_is_asked_about_waits_for_its_answer(sandbox, bench, torrent, do, state):
    async with bench(**ASKING) as opened:
        entry = await asked(opened)
        assert (entry.action, entry.infohash) == ("fail", torrent.infohash)
        assert entry.rule in DEAD
        opened.loop.approvals.submit(ipc.Approve())  # is not about what was asked
        await settled(opened, 4)
        assert torrent.infohash in sandbox.world.client.torrents
        opened.loop.approvals.submit(ipc.Decide(entry.id, do))

        async def has_ended():
            return await state_of(opened, entry) == state

        await passes_until(opened, has_ended, "the answer was not carried out")
        await settled(opened, 4)
        assert (torrent.infohash in sandbox.world.client.torrents) is not do
        assert await ledger.asked(opened.database, 9) == []
    async with bench(**ASKING) as opened:  # what was left is not asked about again
        await opened.loop.load()
        await settled(opened, 4)
        assert await ledger.asked(opened.database, 9) == []


def alike(sandbox, torrent):
    """Another torrent of the same tracker that fares as the first one does."""
    world = sandbox.world
    other = copy.deepcopy(torrent)
    other.infohash, other.name = "b" * 40, "Another.Movie"
    world.client.add(other)
    return other


async def test_an_answer_for_good_is_about_all_torrents_of_the_tracker_and_can_be_forgotten(sandbox, bench, torrent):
    async with bench(**ASKING) as opened:
        entry = await asked(opened)
        assert entry.notes["tracker"] in torrent.tracker
        opened.loop.approvals.submit(ipc.Decide(entry.id, do=False, always=True))

        async def has_ended():
            return await state_of(opened, entry) == "cancelled"

        await passes_until(opened, has_ended, "the answer was not carried out")
    alike(sandbox, torrent)
    async with bench(**ASKING) as opened:
        await opened.loop.load()
        await settled(opened, 5)
        assert await ledger.asked(opened.database, 9) == []
        opened.loop.approvals.submit(ipc.ForgetAnswer(entry.rule, entry.notes["tracker"]))
        found = await passes_until(opened, lambda: ledger.asked(opened.database, 9), "it was not asked again")
        assert [one.name for one in found] == ["Another.Movie"], "what was left by name stays left"


async def test_what_is_always_to_be_done_is_done_without_a_question(sandbox, bench, torrent):
    async with bench(**ASKING) as opened:
        entry = await asked(opened)
        opened.loop.approvals.submit(ipc.Decide(entry.id, do=True, always=True))
        await passes_until(opened, lambda: torrent.infohash not in sandbox.world.client.torrents, "it was not removed")
    other = alike(sandbox, torrent)
    async with bench(**ASKING) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: other.infohash not in sandbox.world.client.torrents, "it was not removed")


async def test_an_answer_that_is_forgotten_carries_nothing_out_any_more(sandbox, bench, torrent):
    """A torrent in quarantine is released when what was answered for good is forgotten."""
    async with bench(**ASKING) as opened:
        entry = await asked(opened)
        await opened.loop.action_context.answers.remember(entry.rule, entry.notes["tracker"], act=True)
        await opened.loop.action_context.close(entry, "cancelled", "the worker ended")
    async with bench(settings={"Quarantine": "1d"}, **ASKING) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: torrent.stopped, "it is not in quarantine")
        await settled(opened)
        opened.loop.approvals.submit(ipc.ForgetAnswer(entry.rule, entry.notes["tracker"]))
        await passes_until(opened, lambda: not torrent.stopped, "it was not released")
    assert torrent.infohash in sandbox.world.client.torrents


async def test_a_question_expires_with_its_reason_and_is_judged_again_when_answered(sandbox, bench, torrent):
    async with bench(**ASKING) as opened:
        entry = await asked(opened)
        torrent.fate, torrent.progress, torrent.completion_on = torrent.fate.__class__(), 1.0, torrent.added_on + 5
        opened.loop.approvals.submit(ipc.Decide(entry.id, do=True))

        async def is_cancelled():
            return await state_of(opened, entry) == "cancelled"

        await passes_until(opened, is_cancelled, "it was carried out, or still waits")
        assert torrent.infohash in sandbox.world.client.torrents


async def test_a_rule_in_shadow_is_recorded_and_changes_nothing(sandbox, bench, torrent):
    in_shadow = {"PublicPolicy": {"default": "shadow"}, "PrivatePolicy": {"default": "shadow"}}
    async with bench(**in_shadow) as opened:
        await opened.loop.load()

        async def recorded():
            return await shadow.page(opened.database, 9, ledger.LedgerFilter())

        (entry,) = await passes_until(opened, recorded, "nothing was recorded")
        await settled(opened, 4)
        assert entry.action == "fail"
        assert entry.rule in DEAD
        assert torrent.infohash in sandbox.world.client.torrents
