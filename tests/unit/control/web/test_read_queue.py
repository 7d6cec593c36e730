"""Queue of expensive reads: how many run at a time, and how many wait."""

import asyncio
import threading

import pytest

from control.web import read_queue
from control.web.read_queue import ReadQueue
from qbitrr.errors import OverloadedError


class Reads:
    """Reads that last until they are released."""

    def __init__(self, queue):
        self.queue = queue
        self.running = 0
        self.release = asyncio.Event()

    async def read(self, client="a"):
        async with self.queue.turn(client):
            self.running += 1
            await self.release.wait()
            self.running -= 1


async def _settled():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_few_run_at_a_time_and_the_others_wait_for_their_turn():
    reads = Reads(ReadQueue("test", at_once=2))
    tasks = [asyncio.create_task(reads.read()) for _ in range(5)]
    await _settled()
    assert reads.running == 2
    reads.release.set()
    await asyncio.gather(*tasks)
    assert reads.running == 0


async def test_a_client_that_has_its_share_waiting_is_refused_and_others_are_not(monkeypatch):
    monkeypatch.setattr(read_queue, "MOST", 5)
    monkeypatch.setattr(read_queue, "MOST_OF_A_CLIENT", 3)
    reads = Reads(ReadQueue("test", at_once=1))
    tasks = [asyncio.create_task(reads.read(client)) for client in "aaabb"]
    await _settled()
    for client in "ac":
        with pytest.raises(OverloadedError):
            await reads.read(client)
    reads.release.set()
    await asyncio.gather(*tasks)
    await reads.read("a")


async def test_a_turn_that_is_cancelled_leaves_its_place():
    reads = Reads(ReadQueue("test", at_once=1))
    tasks = [asyncio.create_task(reads.read()) for _ in range(3)]
    await _settled()
    for task in tasks[:2]:
        task.cancel()
    await _settled()
    reads.release.set()
    await tasks[2]
    await reads.read()


async def test_what_blocks_runs_in_a_thread_of_the_queue():
    queue = ReadQueue("test", at_once=1)
    async with queue.turn("a"):
        assert (await queue.in_thread(lambda: threading.current_thread().name)).startswith("test")
        with pytest.raises(FileNotFoundError):
            await queue.in_thread(open, "/nowhere/at/all", encoding="utf-8")
