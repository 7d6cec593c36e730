"""Own tasks: one exception never ends one."""

import asyncio

from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from supervisor.own_tasks import OwnTasks
from tests.support.polling import until

SOON = Backoff(first_seconds=0.001, limit_seconds=0.001)


async def test_a_task_that_fails_is_started_again_counted_and_named_while_others_go_on():
    tasks, rounds, beats = OwnTasks(Clock(), SOON), [], []

    async def faulty() -> None:
        rounds.append(len(tasks.failing))
        if len(rounds) < 3:
            raise OSError("the disk went away")
        await asyncio.Event().wait()

    async def steady() -> None:
        while True:
            beats.append(1)
            await asyncio.sleep(0.001)

    async with tasks.running({"backups": faulty, "events": steady}):
        await until(lambda: len(rounds) == 3, 5, "it was not started again")
        before = len(beats)
        await until(lambda: len(beats) > before, 5, "another task ended with it")
        assert tasks.states["backups"].failures == 2
        assert tasks.failing == {}
        assert tasks.states["events"].failures == 0


async def test_a_failure_is_shown_until_the_task_runs_again():
    tasks = OwnTasks(Clock(), Backoff(first_seconds=3600, limit_seconds=3600))

    async def faulty() -> None:
        raise ValueError("no such cron")

    async with tasks.running({"updates": faulty}):
        await until(lambda: bool(tasks.failing), 5, "it did not fail")
        assert tasks.failing == {"updates": "ValueError: no such cron"}


async def test_a_task_that_returns_is_done():
    tasks, rounds = OwnTasks(Clock(), SOON), []

    async def once() -> None:
        rounds.append(1)

    async with tasks.running({"probation": once}):
        await until(lambda: bool(rounds), 5, "it did not run")
        for _ in range(20):
            await asyncio.sleep(0)
    assert rounds == [1]


async def test_a_task_that_ran_long_starts_again_at_the_shortest_delay():
    now, delays, rounds = [0.0], [], []

    class Recorded(Backoff):
        def seconds(self, attempt: int) -> float:
            delays.append(attempt)
            return 0.0

    async def faulty() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            now[0] += 1000.0
        if len(rounds) == 4:
            await asyncio.Event().wait()
        raise OSError

    tasks = OwnTasks(Clock(monotonic=lambda: now[0]), Recorded())
    async with tasks.running({"events": faulty}):
        await until(lambda: len(rounds) == 4, 5, "it was not started again")
    assert delays == [1, 2, 1]
