"""Sonarr's library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.collection import Collection, singly
from qbitrr.sandbox.media.quality import File  # noqa: TC001  # msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.sandbox.media.quality import Profile


class Episode(Struct, gc=False):
    """An episode. Season 0 holds specials; `aired` in epoch seconds, None when not announced yet."""

    id: int
    series_id: int
    season: int
    number: int
    monitored: bool
    aired: int | None
    file: File | None = None
    last_search: int | None = None

    @property
    def title(self) -> str:
        """Its title."""
        return names.episode_title(self.id)


class Season(Struct, gc=False):
    """A season and its episodes in order."""

    number: int
    monitored: bool
    episodes: list[Episode]


class Series(Struct, gc=False):
    """A series with its seasons in order. `added` in epoch seconds."""

    id: int
    year: int
    monitored: bool
    profile_id: int
    ended: bool
    added: int
    seasons: list[Season]
    tags: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Its title."""
        return names.series_title(self.id)

    @property
    def episodes(self) -> list[Episode]:
        """All episodes, specials included."""
        return [episode for season in self.seasons for episode in season.episodes]


class Shows(Collection[Episode]):
    """The series of one Sonarr; its items are the episodes."""

    kind = "sonarr"

    def __init__(self, series: Iterable[Series]) -> None:
        self.series = {one.id: one for one in series}
        super().__init__(episode for one in self.series.values() for episode in one.episodes)

    def profile_of(self, item: Episode) -> Profile:
        """Episodes have that of their series."""
        return self.profiles[self.series[item.series_id].profile_id]

    def parent_of(self, item: Episode) -> int:
        """Its series."""
        return item.series_id

    def drop(self, parent_id: int) -> None:
        """A series is gone with its episodes."""
        super().drop(parent_id)
        del self.series[parent_id]

    def is_monitored(self, item: Episode) -> bool:
        """The episode itself and its series."""
        return item.monitored and self.series[item.series_id].monitored

    def is_out(self, item: Episode, now: float) -> bool:
        """Aired."""
        return item.aired is not None and item.aired <= now

    def name(self, items: Sequence[Episode]) -> str:
        """`Title.S01E03` for one episode, `Title.S01` for several."""
        first = items[0]
        title = names.dotted(self.series[first.series_id].title)
        number = f"E{first.number:02}" if len(items) == 1 else ""
        return f"{title}.S{first.season:02}{number}"

    def contents(self, items: Sequence[Episode], release: str) -> list[str]:
        """One file, or a folder with a file for each episode."""
        if len(items) == 1:
            return [f"{release}.mkv"]
        season = f"S{items[0].season:02}"
        return [f"{release}/{release.replace(season, f'{season}E{one.number:02}', 1)}.mkv" for one in items]

    def named_groups(self) -> Iterable[Sequence[Episode]]:
        """Each season and each episode."""
        for series in self.series.values():
            for season in series.seasons:
                yield season.episodes
                for episode in season.episodes:
                    yield [episode]

    def search_again(self, item_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
        """A whole season by one search, else the episodes."""
        first = self.items[item_ids[0]]
        season = next(one for one in self.series[first.series_id].seasons if one.number == first.season)
        if len(item_ids) > 1 and {one.id for one in season.episodes} == set(item_ids):
            return "SeasonSearch", {"seriesId": first.series_id, "seasonNumber": first.season}
        return "EpisodeSearch", {"episodeIds": list(item_ids)}

    def searched_by(self, command: str, body: Mapping[str, Any], now: float) -> list[list[Episode]]:
        """What a search command of Sonarr searches; seasons that are missing as a whole as a pack."""
        series = self.series.get(body.get("seriesId", 0))
        match command:
            case "EpisodeSearch":
                return singly(self.existing(body.get("episodeIds"), now))
            case "SeasonSearch" if series:
                chosen = [one for one in series.seasons if one.number == body.get("seasonNumber")]
                return [group for season in chosen for group in self._season(season, now)]
            case "SeriesSearch" if series:
                return [group for season in series.seasons for group in self._season(season, now)]
            case "MissingEpisodeSearch":
                missing = self.wanted(now)
                return singly(one for one in missing if series is None or one.series_id == series.id)
            case "CutoffUnmetEpisodeSearch":
                return singly(one for one in self.below_cutoff() if self.is_monitored(one))
            case _:
                return []

    def _season(self, season: Season, now: float) -> list[list[Episode]]:
        aired = [one for one in season.episodes if one.monitored and self.is_out(one, now)]
        whole = len(aired) > 1 and len(aired) == len(season.episodes) and not any(one.file for one in aired)
        return [aired] if whole else singly(aired)
