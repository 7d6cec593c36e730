"""The measured part of the benchmark of decisions: a process with the memory of a worker, and no more."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from benchmarks.one_worker import opened

if TYPE_CHECKING:
    from qbitrr.worker.torrents.loop import TorrentLoop

PASSES = 30


class Result(msgspec.Struct):
    """CPU seconds of a pass, and the peak memory of the process in mebibytes."""

    first: float
    judge: float
    idle: float
    memory: float


async def measure(text: str) -> Result:
    """Run a worker by the configuration in `text`."""
    async with AsyncExitStack() as stack:
        loop = await opened(stack, text)
        first = await _cpu(loop)
        await _settle(loop)
        loop._to_judge |= loop.poll.present()  # noqa: SLF001 - as when the Arr comes back
        judge = await _cpu(loop)
        await _settle(loop)
        idle = sum([await _cpu(loop) for _ in range(PASSES)]) / PASSES
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Result(first, judge, idle, kibibytes / 1024)


async def _settle(loop: TorrentLoop) -> None:
    """Some passes, and the actions that they started."""
    for _ in range(5):
        await loop.one_pass()
        await asyncio.gather(*loop.runner._running.values(), return_exceptions=True)  # noqa: SLF001


async def _cpu(loop: TorrentLoop) -> float:
    before = time.thread_time()
    await loop.one_pass()
    return time.thread_time() - before


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(measure(sys.stdin.read()))))
