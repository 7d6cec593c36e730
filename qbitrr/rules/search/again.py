"""Searches after a failed download, as the Arr does them: for the item, for its season, or for the series.

A search for several episodes asks every indexer once for each of them; one for their season asks once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class SearchAgain(Struct, frozen=True):
    """One search command: for items, for a season, or (without `season`) for a series."""

    item_ids: tuple[int, ...] = ()
    series_id: int | None = None
    season: int | None = None

    @property
    def command(self) -> str:
        """Name of the command for Sonarr; empty when it is for items."""
        if self.series_id is None:
            return ""
        return "SeriesSearch" if self.season is None else "SeasonSearch"


def for_episodes(
    failed: Collection[int], series_id: int, seasons: Mapping[int, int], unmonitored: Collection[int]
) -> tuple[SearchAgain, ...]:
    """Choose the searches for the episodes of a failed download.

    `seasons` are those of all episodes of the series; a search of the series leaves out `unmonitored` ones, so that
    the seasons are searched one by one when an episode is in such a one.
    """
    concerned = sorted({seasons[episode] for episode in failed if episode in seasons})
    if len(failed) == 1 or not concerned:
        return (SearchAgain(tuple(failed)),)
    if len(concerned) == 1 or set(concerned) & set(unmonitored):
        return tuple(SearchAgain(series_id=series_id, season=season) for season in concerned)
    return (SearchAgain(series_id=series_id),)


def for_missing_episodes(
    missing: Collection[int], series_id: int, seasons: Mapping[int, int]
) -> tuple[SearchAgain, ...]:
    """Choose the searches for what is missing of a download that was imported in part.

    What was imported is not searched: a season is searched only when all of it is missing.
    """
    by_season: dict[int | None, list[int]] = {}
    for episode in missing:
        by_season.setdefault(seasons.get(episode), []).append(episode)
    whole, single = [], []
    for season, some in by_season.items():
        size = sum(one == season for one in seasons.values())
        if season is not None and len(some) == size > 1:
            whole.append(SearchAgain(series_id=series_id, season=season))
        else:
            single += some
    return (*whole, *([SearchAgain(tuple(sorted(single)))] if single else []))
