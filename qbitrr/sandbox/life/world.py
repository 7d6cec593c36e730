"""One download client and the Arrs that use it, moved forward over explicit time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.arr import Arr
from qbitrr.sandbox.life.download_client import DownloadClient
from qbitrr.sandbox.life.tempo import Tempo

if TYPE_CHECKING:
    from qbitrr.sandbox.media.collection import Collection


class World:
    """Starts at `now` (epoch seconds). `downloads` is the folder that the torrents' paths are in."""

    def __init__(self, seed: int, now: float, *, downloads: str = "/downloads", tempo: Tempo | None = None) -> None:
        self.seed = seed
        self.now = now
        self.tempo = tempo or Tempo()
        self.client = DownloadClient(now, downloads, self.tempo)
        self.arrs: dict[str, Arr] = {}

    def add_arr(self, name: str, collection: Collection[Any], category: str, *, has_client: bool = True) -> Arr:
        """Add a Radarr, Sonarr or Lidarr; without the client it has none until it is given one."""
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

    @property
    def next_due(self) -> float:
        """When an Arr does something next; infinite when none does."""
        return min((arr.next_due for arr in self.arrs.values()), default=math.inf)

    def advance(self, now: float) -> None:
        """Let time pass until `now`, however long that is; a clock that is set back stands still here."""
        end = max(now, self.now)
        while self.next_due <= end:
            self._advance(max(self.now, self.next_due))
        self._advance(end)

    def _advance(self, moment: float) -> None:
        self.now = moment
        self.client.advance(moment)
        for arr in self.arrs.values():
            arr.advance(moment)
