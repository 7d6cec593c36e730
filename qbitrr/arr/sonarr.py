"""Sonarr's library: one request for the series, one for the episodes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.models import Episode, Series

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qbitrr.arr.client import ArrClient


def series(client: ArrClient) -> AsyncIterator[list[Series]]:
    """All series with their seasons."""
    return client.items("series", Series, includeSeasonImages=False)


async def episodes(client: ArrClient, series_id: int) -> list[Episode]:
    """The episodes of one series, each with its file, cutoff and custom format score."""
    return await client.get("episode", list[Episode], seriesId=series_id, includeEpisodeFile=True)
