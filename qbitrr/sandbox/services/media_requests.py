"""What users asked for in Overseerr or Ombi: movies and seasons of the sandbox's libraries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.media.movies import Movies
from qbitrr.sandbox.media.series import Shows
from qbitrr.sandbox.services.radarr import tmdb_id
from qbitrr.sandbox.services.sonarr import tvdb_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qbitrr.sandbox.life.arr import Arr

_OF_EACH = 3


@dataclass(slots=True)
class UserRequest:
    """One request: a movie, or seasons of a series. `approved` is None until that is decided."""

    id: int
    arr: Arr
    parent_id: int
    seasons: tuple[int, ...] = ()
    approved: bool | None = True
    is_4k: bool = False

    @property
    def is_movie(self) -> bool:
        """A movie; else a series."""
        return isinstance(self.arr.collection, Movies)

    @property
    def tmdb_id(self) -> int | None:
        """Of a movie; the series of the sandbox have none."""
        return tmdb_id(self.arr.collection.items[self.parent_id]) if self.is_movie else None

    @property
    def tvdb_id(self) -> int | None:
        """Of a series."""
        collection = self.arr.collection
        return tvdb_id(collection.series[self.parent_id]) if isinstance(collection, Shows) else None

    def items(self, season: int | None = None) -> list[Any]:
        """What was asked for, or one season of it."""
        collection = self.arr.collection
        if not isinstance(collection, Shows):
            return [collection.items[self.parent_id]]
        seasons = self.seasons if season is None else (season,)
        return [episode for episode in collection.series[self.parent_id].episodes if episode.season in seasons]

    @property
    def present(self) -> tuple[int, int]:
        """How many of its items have a file, of how many."""
        items = self.items()
        return sum(item.file is not None for item in items), len(items)


def invent_requests(arrs: Iterable[Arr], now: float) -> list[UserRequest]:
    """A few of the things that each Radarr and Sonarr misses."""
    found: list[UserRequest] = []
    for arr in arrs:
        missing: Sequence[Any] = list(islice(arr.collection.wanted(now), 50))
        if isinstance(arr.collection, Movies):
            found += [UserRequest(len(found) + n, arr, movie.id) for n, movie in enumerate(missing[:_OF_EACH], 1)]
        elif isinstance(arr.collection, Shows):
            seasons = dict.fromkeys((episode.series_id, episode.season) for episode in missing)
            parents = list(seasons)[:_OF_EACH]
            found += [
                UserRequest(len(found) + n, arr, series, (season,)) for n, (series, season) in enumerate(parents, 1)
            ]
    return found
