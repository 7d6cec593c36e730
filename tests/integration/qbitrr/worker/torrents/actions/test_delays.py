"""How many actions are under way at once, and how soon what failed is tried again."""

import asyncio
import copy
import dataclasses
from itertools import pairwise

import pytest

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.errors import ThrottledError, UnreachableError
from qbitrr.rules.tags import TAG_STALLED
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions import runner
from tests.integration.qbitrr.worker.torrents.passing import ended, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled
from tests.support.polling import until

MOST_AT_ONCE = 100
TAGGED = {"StalledDelay": 0}
"""Stalled torrents may stay, and are tagged."""


class Before:
    """A qBittorrent whose tags are set after something else is done."""

    def __init__(self, client, work):
        self._client, self._work = client, work

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def add_tags(self, infohashes, *tags):
        await self._work()
        await self._client.add_tags(infohashes, *tags)


def before_tagging(work):
    def wrap(services):
        clients = {name: Before(client, work) for name, client in services.qbittorrents.items()}
        return dataclasses.replace(services, qbittorrents=clients)

    return wrap


async def test_a_hundred_actions_are_under_way_at_once_and_the_others_follow_by_themselves(sandbox, bench):
    one = stalled(sandbox.world)
    only(sandbox.world, one)
    torrents = [one]
    for number in range(MOST_AT_ONCE + 5):
        another = copy.copy(one)
        another.infohash, another.tags = f"{number:040x}", set()
        sandbox.world.client.add(another)
        torrents.append(another)
    waiting, most, may_go_on = 0, 0, asyncio.Event()

    async def wait():
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await may_go_on.wait()
        waiting -= 1

    async with bench(before_tagging(wait), **TAGGED) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: waiting == MOST_AT_ONCE, lambda: f"only {waiting} started")
        for _ in range(3):
            await opened.one_pass()
        assert waiting == MOST_AT_ONCE
        may_go_on.set()
        # no pass is needed for the torrents that had to wait
        await until(lambda: all(TAG_STALLED in t.tags for t in torrents), 20, "not all were tagged")
        assert most == MOST_AT_ONCE


async def test_an_action_that_had_to_wait_and_ends_while_the_ledger_is_read_is_not_resumed(sandbox, bench, monkeypatch):
    """What was read of it is as it was before its last steps."""
    monkeypatch.setattr(runner, "MOST_AT_ONCE", 1)
    first = stalled(sandbox.world)
    only(sandbox.world, first)
    second = copy.copy(first)
    second.infohash, second.tags = f"{1:040x}", set()
    sandbox.world.client.add(second)
    tagging, may_go_on = 0, [asyncio.Event(), asyncio.Event()]

    async def wait():
        nonlocal tagging
        tagging += 1
        await may_go_on[tagging - 1].wait()

    read = ledger.open_entries

    async def reads(*arguments):
        if tagging != 1:
            return await read(*arguments)
        may_go_on[0].set()
        await until(lambda: tagging == 2, 20, "the other action did not start")
        entries = await read(*arguments)
        may_go_on[1].set()
        await until(lambda: not opened.loop.runner.busy, 20, "the other action did not end")
        monkeypatch.setattr(runner, "MOST_AT_ONCE", 2)  # there is room to resume it
        return entries

    async with bench(before_tagging(wait), **TAGGED) as opened:
        await opened.loop.load()
        monkeypatch.setattr(ledger, "open_entries", reads)
        await passes_until(opened, lambda: tagging == 2, "no action was open")
        await settled(opened)
        for torrent in (first, second):
            assert [one.state for one in await ledger.of_torrent(opened.database, torrent.infohash)] == ["done"]
    assert tagging == 2


class Trial:
    """A worker on a clock of its own, whose only action fails; counts the attempts."""

    def __init__(self, error):
        self.now, self.error, self.attempts = 1000.0, error, []
        self.clock = Clock(monotonic=lambda: self.now)

    async def fail(self):
        self.attempts.append(self.now)
        if self.error is not None:
            raise self.error

    async def seconds(self, opened, torrent, number):
        """One pass in a second; the torrent changes all the time."""
        for _ in range(number):
            self.now += 1
            torrent.upload_limit = int(self.now)
            await opened.one_pass()
            await until(lambda: not opened.loop.runner.busy, 10, "an attempt did not end")

    def gaps(self):
        return [after - before for before, after in pairwise(self.attempts)]


@pytest.fixture
def torrent(sandbox):
    found = stalled(sandbox.world)
    only(sandbox.world, found)
    return found


async def test_what_fails_is_tried_again_after_growing_delays_however_often_its_torrent_changes(bench, torrent):
    trial = Trial(UnreachableError("qBit", "it does not answer"))
    async with bench(before_tagging(trial.fail), clock=trial.clock, **TAGGED) as opened:
        await opened.loop.load()
        await trial.seconds(opened, torrent, 150)
        longest = [min(60, 2**number) for number in range(len(trial.gaps()))]
        assert longest[-1] >= 32
        # half of each delay is random, and a pass comes once in a second
        assert all(most / 2 <= gap <= most + 1 for gap, most in zip(trial.gaps(), longest, strict=True)), trial.gaps()
        trial.error = None
        await trial.seconds(opened, torrent, 61)
        assert await ended(opened, "tag_stalled")()


async def test_a_success_ends_the_delays(bench, torrent):
    trial = Trial(UnreachableError("qBit", "it does not answer"))
    async with bench(before_tagging(trial.fail), clock=trial.clock, **TAGGED) as opened:
        await opened.loop.load()
        await trial.seconds(opened, torrent, 20)
        trial.error = None
        await trial.seconds(opened, torrent, 61)
        torrent.tags.clear()
        trial.error, trial.attempts = UnreachableError("qBit", "it does not answer"), []
        await trial.seconds(opened, torrent, 5)
        assert len(trial.attempts) > 1


async def test_a_service_that_asks_for_more_time_gets_it(bench, torrent):
    trial = Trial(ThrottledError("qBit", "too many requests", 90))
    async with bench(before_tagging(trial.fail), clock=trial.clock, **TAGGED) as opened:
        await opened.loop.load()
        await trial.seconds(opened, torrent, 95)
        assert trial.gaps() == [90]


async def test_a_decision_of_the_user_ends_the_delays(bench, torrent):
    trial = Trial(ThrottledError("qBit", "too many requests", 9000))
    async with bench(before_tagging(trial.fail), clock=trial.clock, **TAGGED) as opened:
        await opened.loop.load()
        await trial.seconds(opened, torrent, 5)
        trial.error = None
        opened.loop.approvals.submit(ipc.Approve())
        await settled(opened, 2)
        assert TAG_STALLED in torrent.tags
