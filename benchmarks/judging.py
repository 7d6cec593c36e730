"""The measured part of the benchmark of decisions: a process with the memory of a worker, and no more."""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from benchmarks.one_worker import opened

if TYPE_CHECKING:
    from qbitrr.worker.torrents.loop import TorrentLoop

PASSES = 30
CHANGED_PASSES = 5
FEW = 0.01  # of all torrents


class Result(msgspec.Struct):
    """CPU seconds of passes, and the peak memory of the process in mebibytes.

    `first` finds all torrents, `idle` finds no change, `few` finds that one in a hundred changed, `all` that all did.
    """

    first: float
    idle: float
    few: float
    all: float
    memory: float


async def measure(text: str) -> Result:
    """Run a worker by the configuration in `text`."""
    async with AsyncExitStack() as stack:
        loop = await opened(stack, text)
        first = await _cpu(loop)
        await _settle(loop)
        idle = sum([await _cpu(loop) for _ in range(PASSES)]) / PASSES
        few, everything = [await _with_changes(loop, share) for share in (FEW, 1.0)]
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Result(first, idle, few, everything, kibibytes / 1024)


async def _with_changes(loop: TorrentLoop, share: float) -> float:
    """Median of passes before each of which a share of the torrents gets another rate limit."""
    [client] = loop.poll._clients.values()  # noqa: SLF001 - its own calls are refused while nothing may be changed
    infohashes = [key.infohash for key in loop.poll.present()]
    took = []
    for number in range(CHANGED_PASSES):
        some = "|".join(infohashes[: round(share * len(infohashes))])
        form = {"hashes": some, "limit": str(1_000_000 + number)}
        await client._session._call("POST", "torrents/setDownloadLimit", form=form)  # noqa: SLF001 - as its user does
        took.append(await _cpu(loop))
        await _settle(loop)
    return statistics.median(took)


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
