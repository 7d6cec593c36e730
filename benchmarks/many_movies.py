"""The services of the largest libraries, in a process of their own: `python -m benchmarks.many_movies`.

A Radarr of 100,000 movies and a Sonarr of 500 series and 30,000 episodes. Prints the configuration and a form feed once
they listen; then, for every line of input, how many requests each Arr received. When the line is the name of a section,
a movie or an episode of it is not monitored any more afterwards.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from benchmarks.ready_answers import ReadyAnswers
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.sandbox.sandbox import Sandbox, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = (
    Section("Radarr-HD", "radarr", 100_000),
    Section("Sonarr-TV", "sonarr", 500, episodes=30_000),
)
# requests that do not belong to the library: queue, searches, timers
_OTHERS = ("queue", "command", "signalr")


async def serve() -> None:
    answers = ReadyAnswers()
    async with Sandbox(SECTIONS, has_past=False, middlewares=[answers.middleware]) as sandbox:
        await answers.prepare(sandbox)
        searching = {section.name: {"EntrySearch": {"SearchMissing": False}} for section in SECTIONS}
        sys.stdout.write(f"{sandbox.config_toml(searching)}{END_OF_CONFIG}")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            counts = {name: for_library(stand_in.counts) for name, stand_in in sandbox.arrs.items()}
            sys.stdout.write(f"{json.dumps(counts)}\n")
            sys.stdout.flush()
            if changing := sandbox.arrs.get(line.strip()):
                items = changing.arr.collection.items.values()
                item = next(one for one in items if one.file is not None and one.monitored)
                item.monitored = False
                answers.forget()
                changing.arr.changed(item)


def for_library(counts: Mapping[str, int]) -> int:
    """Of requests by route, how many are for the library."""
    return sum(count for route, count in counts.items() if not any(other in route for other in _OTHERS))


if __name__ == "__main__":
    asyncio.run(serve())
