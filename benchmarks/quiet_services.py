"""The services of homes in which nothing happens: `python -m benchmarks.quiet_services ARRS`.

As many Arrs with ten items each, Radarrs and Sonarrs in turn, one qBittorrent, and five seeding torrents of each Arr.
Prints the configuration and a form feed once they listen; ends when its input does.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.large_services import serve
from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section

KINDS = ("Radarr", "Sonarr")
ITEMS, EPISODES = 10, 100
TORRENTS = 5  # of each Arr


def sections(number: int) -> list[Section]:
    kinds = [KINDS[one % len(KINDS)] for one in range(number)]
    return [
        Section(f"{kind}-{one}", kind.lower(), ITEMS, episodes=EPISODES if kind == "Sonarr" else 0)
        for one, kind in enumerate(kinds)
    ]


def add_torrents(sandbox: Sandbox) -> None:
    """Torrents that are imported and seed."""
    for arr in sandbox.world.arrs.values():
        for item in list(arr.collection.items.values())[:TORRENTS]:
            torrent = arr.grab([item], arr.offer([item]), Fate())
            torrent.progress, torrent.completion_on = 1.0, sandbox.world.now
            torrent.tags.add("qBitrr-imported")
        arr.tempo = Tempo(import_download=0, import_file=0, after_import=0)
        arr.refresh_now()
    sandbox.world.advance(sandbox.world.now + 1)


if __name__ == "__main__":
    chosen = sections(int(sys.argv[1]))
    # nothing is to be grabbed, neither by a search nor by the feeds of the indexers
    nothing_new = {arr.name: {"RssSyncTimer": 0, "EntrySearch": {"SearchMissing": False}} for arr in chosen}
    asyncio.run(serve(chosen, add_torrents, nothing_new))
