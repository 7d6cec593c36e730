"""Radarr's library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.collection import Collection, singly
from qbitrr.sandbox.media.quality import File  # noqa: TC001  # msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.sandbox.media.quality import Profile

DAY = 86_400


class Movie(Struct, gc=False):
    """A movie. Times are epoch seconds; `minimum_availability` is announced, inCinemas or released."""

    id: int
    year: int
    monitored: bool
    profile_id: int
    minimum_availability: str
    in_cinemas: int
    digital: int | None
    physical: int | None
    added: int
    file: File | None = None
    last_search: int | None = None
    tags: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Its title."""
        return names.movie_title(self.id)

    def status(self, now: float) -> str:
        """How far it has come: announced, inCinemas, released."""
        if any(date is not None and date <= now for date in (self.digital, self.physical)):
            return "released"
        return "inCinemas" if self.in_cinemas <= now else "announced"

    @property
    def release_date(self) -> int:
        """Radarr's `releaseDate`: the earlier of disc and stream, cinemas when that is enough; 90 days later else."""
        if self.minimum_availability == "inCinemas":
            return self.in_cinemas
        dates = [date for date in (self.digital, self.physical) if date is not None]
        return min(dates) if dates else self.in_cinemas + 90 * DAY

    def is_available(self, now: float) -> bool:
        """Radarr's `isAvailable`."""
        steps = ("announced", "inCinemas", "released")
        return steps.index(self.status(now)) >= steps.index(self.minimum_availability)


class Movies(Collection[Movie]):
    """The movies of one Radarr."""

    kind = "radarr"

    def profile_of(self, item: Movie) -> Profile:
        """Each movie has its own."""
        return self.profiles[item.profile_id]

    def parent_of(self, item: Movie) -> int:
        """The movie itself."""
        return item.id

    def is_monitored(self, item: Movie) -> bool:
        """A movie belongs to nothing."""
        return item.monitored

    def is_out(self, item: Movie, now: float) -> bool:
        """Available as Radarr sees it, and in cinemas at least."""
        return item.is_available(now) and item.in_cinemas <= now

    def name(self, items: Sequence[Movie]) -> str:
        """`Title.2019`."""
        return f"{names.dotted(items[0].title)}.{items[0].year}"

    def contents(self, items: Sequence[Movie], release: str) -> list[str]:
        """Every other release comes as a folder with a text file, the others as one file."""
        return [f"{release}/{release}.mkv", f"{release}/{release}.nfo"] if items[0].id % 2 else [f"{release}.mkv"]

    def named_groups(self) -> Iterable[Sequence[Movie]]:
        """Each movie."""
        return ([movie] for movie in self.items.values())

    def search_again(self, item_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
        """The movies."""
        return "MoviesSearch", {"movieIds": list(item_ids)}

    def searched_by(self, command: str, body: Mapping[str, Any], now: float) -> list[list[Movie]]:
        """What a search command of Radarr searches."""
        match command:
            case "MoviesSearch":
                return singly(self.existing(body.get("movieIds"), now))
            case "MissingMoviesSearch":
                return singly(self.wanted(now))
            case "CutoffUnmetMoviesSearch":
                return singly(movie for movie in self.below_cutoff() if movie.monitored)
            case _:
                return []
