"""A sandbox of one of the recorded programs, with a clock that a test moves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, Destiny, Fate
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.sandbox import Sandbox, Section

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Middleware

    from qbitrr.sandbox.life.records import Release
    from qbitrr.sandbox.life.torrent import Torrent

NOW = 1_790_000_000.0
PROGRAMS = {
    "radarr-6.1": Section("Radarr", "radarr", 60),
    "sonarr-4.0": Section("Sonarr", "sonarr", 10, episodes=300, version="4.0.19.1"),
    "sonarr-5": Section("Sonarr", "sonarr", 10, episodes=300, version="5.0.0.1"),
    "lidarr-2.14": Section("Lidarr", "lidarr", 12),
}
QUICK = Fate(bytes_per_second=1e12)
STUCK = Fate(Destiny.STALLED, 1e12, until=0.0)


class Stage:
    """What a test does with the Arr and how it asks it. Time stands still between the calls."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.world = sandbox.world
        (self.stand_in,) = sandbox.arrs.values()
        self.arr = self.stand_in.arr
        self.arr.odds = ALWAYS_HEALTHY
        self.kind = self.arr.kind
        self._session = session

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.advance(self.world.now + seconds)

    def refresh(self, seconds: float = 2.0) -> None:
        """Have the Arr refresh its downloads, and let it import what it can."""
        self.arr.commands.post("RefreshMonitoredDownloads", {})
        self.wait(seconds)

    @property
    def missing(self) -> list[Any]:
        """What can be grabbed, one of each parent."""
        found = {self.arr.collection.parent_of(item): item for item in self.arr.collection.wanted(self.arr.now)}
        return list(found.values())

    @property
    def pack(self) -> list[Any]:
        """A season or some albums of one artist that are missing as a whole."""
        collection = self.arr.collection
        if self.kind == "lidarr":
            artist = next(one for one in collection.artists.values() if len(self._absent(one.albums)) > 1)
            return self._absent(artist.albums)[:2]
        seasons = (season for series in collection.series.values() for season in series.seasons)
        return next(
            s.episodes for s in seasons if len(s.episodes) > 2 and len(self._absent(s.episodes)) == len(s.episodes)
        )

    def _absent(self, items: Sequence[Any]) -> list[Any]:
        return [item for item in items if item.file is None and not getattr(item, "tracks_present", 0)]

    def grab(self, items: Sequence[Any], fate: Fate = QUICK, **how: Any) -> tuple[Release, Torrent]:
        """Grab a release of some items and let a moment pass."""
        release = self.arr.offer(items)
        torrent = self.arr.grab(items, release, fate, **how)
        self.wait(0.5)
        return release, torrent

    def add_by_hand(self, items: Sequence[Any], fate: Fate = QUICK, **how: Any) -> Torrent:
        """The same without the Arr's knowledge: only the name shows what it is."""
        torrent = self.arr.add_torrent(items, self.arr.offer(items, attempt="added"), fate, **how)
        self.wait(0.5)
        return torrent

    def files_of(self, items: Sequence[Any], title: str) -> list[TorrentFile]:
        """What a release of these items holds."""
        return [TorrentFile(path, 50_000_000) for path in self.arr.collection.contents(items, title)]

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **query: Any
    ) -> tuple[int, Any]:
        """Status and body of an answer; a body that is no JSON is text."""
        url = path if path.startswith("/") else f"/{self.stand_in.api}/{path}"
        headers = {"X-Api-Key": self.stand_in.api_key if key is None else key} if key != "" else {}
        async with self._session.request(
            method, self.stand_in.url + url, json=body, params=query, headers=headers
        ) as response:
            is_json = response.content_type.endswith("json")
            return response.status, await (response.json(content_type=None) if is_json else response.text())


@asynccontextmanager
async def staged(program: str, middlewares: Sequence[Middleware] = ()) -> AsyncIterator[Stage]:
    """A stage for one program, such as `sonarr-5`."""
    async with (
        asyncio.timeout(30),
        Sandbox([PROGRAMS[program]], has_past=False, middlewares=middlewares, clock=lambda: NOW) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield Stage(sandbox, session)
