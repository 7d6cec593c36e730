"""The living world: one download client and the Arrs that use it, moved forward over explicit time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.arr import Arr
from qbitrr.sandbox.life.download_client import DownloadClient
from qbitrr.sandbox.life.tempo import Tempo

if TYPE_CHECKING:
    from qbitrr.sandbox.media.collection import Collection


class World:
    """Begins at `now` (epoch seconds). `downloads` is the folder that the torrents' paths are in."""

    def __init__(self, seed: int, now: float, *, downloads: str = "/downloads", tempo: Tempo | None = None) -> None:
        self.seed = seed
        self.now = now
        self.tempo = tempo or Tempo()
        self.client = DownloadClient(now, downloads, self.tempo)
        self.arrs: dict[str, Arr] = {}

    def add_arr(self, name: str, collection: Collection[Any], category: str, *, has_client: bool = True) -> Arr:
        """A Radarr, Sonarr or Lidarr; without the client its downloads are told to it by hand."""
        arr = Arr(
            name,
            collection,
            category=category,
            seed=self.seed,
            now=self.now,
            client=self.client if has_client else None,
            tempo=self.tempo,
        )
        if has_client:
            self.client.categories.setdefault(category, self.client.save_path(category))
        self.arrs[name] = arr
        return arr

    def advance(self, now: float) -> None:
        """Let time pass until `now`; a clock that is set back stands still here."""
        self.now = max(now, self.now)
        self.client.advance(self.now)
        for arr in self.arrs.values():
            arr.advance(self.now)
