"""Requests to change: a storm of them costs two runs."""

import asyncio

import pytest

from supervisor.coalesced import Coalesced


class Work:
    def __init__(self) -> None:
        self.begun = 0
        self.running = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        self.running += 1
        assert self.running == 1
        number = self.begun
        await self.go_on.wait()
        self.running -= 1
        return number


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_runs_one_waits_and_all_get_a_run_that_began_after_they_asked():
    work = Work()
    coalesced = Coalesced(work)
    first = asyncio.create_task(coalesced.run())
    await settled()
    others = [asyncio.create_task(coalesced.run()) for _ in range(100)]
    await settled()
    assert work.begun == 1
    work.go_on.set()
    assert await first == 1
    assert set(await asyncio.gather(*others)) == {2}
    assert work.begun == 2
    assert await coalesced.run() == 3


async def test_who_gives_up_does_not_end_the_run_of_the_others():
    work = Work()
    coalesced = Coalesced(work)
    impatient, patient = asyncio.create_task(coalesced.run()), asyncio.create_task(coalesced.run())
    await settled()
    impatient.cancel()
    work.go_on.set()
    assert await patient == 1


async def test_an_error_is_that_of_all_who_waited_for_the_run_and_of_no_other():
    runs = []

    async def faulty() -> int:
        runs.append(1)
        if len(runs) == 1:
            raise OSError("no")
        return len(runs)

    coalesced = Coalesced(faulty)
    results = await asyncio.gather(coalesced.run(), coalesced.run(), return_exceptions=True)
    assert [str(result) for result in results] == ["no", "no"]
    assert await coalesced.run() == 2
    runs.clear()
    with pytest.raises(OSError, match="no"):
        await coalesced.run()
