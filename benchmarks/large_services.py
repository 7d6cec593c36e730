"""The services of a large household, in a process of their own: `python -m benchmarks.large_services`.

Two Radarrs of 10,000 movies, a Sonarr of 500 series and 30,000 episodes, a Lidarr of 1,000 artists, and 200 torrents.
Prints the configuration and a form feed once they listen; ends when its input does.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.ready_answers import ReadyAnswers
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SECTIONS = (
    Section("Radarr-HD", "radarr", 10_000),
    Section("Radarr-4K", "radarr", 10_000, profile_ids=(5,)),
    Section("Sonarr-TV", "sonarr", 500, episodes=30_000),
    Section("Lidarr-Music", "lidarr", 1_000),
)
TORRENTS = 200
_PREPARED_SECONDS_AGO = 3600.0  # else what was imported then would be read again as new
_SEEDING = 0.9  # of the torrents; the rest downloads, slowly enough to outlast the measurement


def add_torrents(sandbox: Sandbox) -> None:
    """Torrents of every Arr, most of them imported and seeding."""
    share = TORRENTS // len(sandbox.arrs)
    for arr in sandbox.world.arrs.values():
        for number, item in enumerate(list(arr.collection.items.values())[:share]):
            fate = Fate(Destiny.SLOW, bytes_per_second=1000.0)
            torrent = arr.grab([item], arr.offer([item]), fate)
            if number < share * _SEEDING:
                torrent.progress, torrent.completion_on = 1.0, sandbox.world.now
                torrent.tags.add("qBitrr-imported")
        arr.tempo = Tempo(import_download=0, import_file=0, after_import=0)
        arr.refresh_now()
    sandbox.world.advance(sandbox.world.now + 1)
    for arr in sandbox.world.arrs.values():
        arr.tempo = Tempo()


async def serve(
    sections: Sequence[Section], prepare: Callable[[Sandbox], None], overrides: Mapping[str, Any] | None = None
) -> None:
    """Serve until the input ends, with the default pause between two passes."""
    answers, behind_seconds = ReadyAnswers(), _PREPARED_SECONDS_AGO
    async with Sandbox(
        sections, has_past=False, middlewares=[answers.middleware], clock=lambda: time.time() - behind_seconds
    ) as sandbox:
        prepare(sandbox)
        behind_seconds = 0.0
        sandbox.world.advance(time.time())
        await answers.prepare(sandbox)
        overrides = {"Settings": {"LoopSleepTimer": 5}, **(overrides or {})}
        sys.stdout.write(f"{sandbox.config_toml(overrides)}{END_OF_CONFIG}")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        end = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), end.set)
        await end.wait()


if __name__ == "__main__":
    # nothing is to be grabbed, neither by a search nor by the feeds of the indexers
    nothing_new = {one.name: {"RssSyncTimer": 0, "EntrySearch": {"SearchMissing": False}} for one in SECTIONS}
    asyncio.run(serve(SECTIONS, add_torrents, nothing_new))
