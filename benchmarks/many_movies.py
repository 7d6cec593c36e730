"""The services of the largest libraries, in a process of their own: `python -m benchmarks.many_movies`.

A Radarr of 100,000 movies and a Sonarr of 500 series and 30,000 episodes. Prints the configuration and a form feed once
they listen; then, for every line of input, how many requests each Arr received, and changes one episode afterwards.
"""

from __future__ import annotations

import asyncio
import json
import sys

from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.sandbox.sandbox import Sandbox, Section

SECTIONS = (
    Section("Radarr-HD", "radarr", 100_000),
    Section("Sonarr-TV", "sonarr", 500, episodes=30_000),
)
# requests that do not belong to the library: queue, searches, timers
_OTHERS = ("queue", "command", "signalr")


async def serve() -> None:
    async with Sandbox(SECTIONS, has_past=False) as sandbox:
        searching = {section.name: {"EntrySearch": {"SearchMissing": False}} for section in SECTIONS}
        sys.stdout.write(f"{sandbox.config_toml(searching)}{END_OF_CONFIG}")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            counts = {name: _for_library(stand_in.counts) for name, stand_in in sandbox.arrs.items()}
            sys.stdout.write(f"{json.dumps(counts)}\n")
            sys.stdout.flush()
            arr = sandbox.arrs["Sonarr-TV"].arr
            episode = next(one for one in arr.collection.items.values() if one.file is None and one.monitored)
            episode.monitored = False
            arr.changed(episode)


def _for_library(counts: dict[str, int]) -> int:
    return sum(count for route, count in counts.items() if not any(other in route for other in _OTHERS))


if __name__ == "__main__":
    asyncio.run(serve())
