"""Requested items are marked in the catalogue by whichever id is known, and stay marked over syncs."""

import pytest
from msgspec.structs import replace

from qbitrr.rules.library import items
from qbitrr.state import catalogue, media_requests
from tests.unit.qbitrr.state.test_catalogue import counts, episode, movie, sync


def film(number, **ids):
    return replace(movie(number), **{"tmdb_id": 0, "imdb_id": None, **ids})


def series(number, **ids):
    return items.SeriesRow(
        number, f"Show {number}", f"show {number}", 2000, **{"tvdb_id": 0, "imdb_id": None, **ids},
        monitored=True, quality_profile="HD",
    )  # fmt: skip


async def marked(database, table="movies"):
    return {row[0] for row in await database.rows(f"SELECT id FROM {table} WHERE is_request")}


async def test_a_movie_is_found_by_any_id(database):
    await sync(
        database, "radarr", {"movies": [film(1, tmdb_id=11), film(2, imdb_id="tt2"), film(3, tmdb_id=13), film(4)]}
    )
    change = await media_requests.replace(
        database, "cat", "radarr", [(11, None, "tt9", None), (None, None, "tt2", None)]
    )
    assert change == media_requests.RequestChanges(2, 0, 2)
    assert await marked(database) == {1, 2}
    assert (await counts(database))[-1] == 2


async def test_what_is_withdrawn_is_not_marked_any_more_and_what_stays_is_not_written_again(database):
    await sync(database, "radarr", {"movies": [film(1, tmdb_id=11), film(2, tmdb_id=12)]})
    await media_requests.replace(database, "cat", "radarr", [(11, None, None, None), (12, None, None, None)])
    assert await media_requests.replace(
        database, "cat", "radarr", [(12, None, None, None)]
    ) == media_requests.RequestChanges(0, 1, 1)
    assert await marked(database) == {2}
    assert await media_requests.replace(
        database, "cat", "radarr", [(12, None, None, None)]
    ) == media_requests.RequestChanges(0, 0, 0)


@pytest.mark.parametrize("ids", [{"tvdb_id": 71}, {"tmdb_id": 71}, {"imdb_id": "tt71"}])
async def test_of_a_series_only_the_seasons_that_were_asked_for(database, ids):
    episodes = [episode(1, season=1), episode(2, season=2), episode(3, series=2, season=1), episode(4, season=0)]
    await sync(database, "sonarr", {"series": [series(1, **ids), series(2, tvdb_id=9)], "episodes": episodes})
    request = (ids.get("tmdb_id"), ids.get("tvdb_id"), ids.get("imdb_id"))
    assert await media_requests.replace(database, "cat", "sonarr", [(*request, 2)]) == media_requests.RequestChanges(
        1, 0, 1
    )
    assert await marked(database, "episodes") == {2}
    await media_requests.replace(database, "cat", "sonarr", [(*request, -1)])
    assert await marked(database, "episodes") == {1, 2, 4}
    assert (await counts(database))[-1] == 3


async def test_marks_stay_over_a_full_sync_and_come_with_what_is_new(database):
    await sync(database, "radarr", {"movies": [film(1, tmdb_id=11)]})
    await media_requests.replace(database, "cat", "radarr", [(11, None, None, None), (12, None, None, None)])
    again = await sync(database, "radarr", {"movies": [film(1, tmdb_id=11), film(2, tmdb_id=12)]})
    assert again.changed == 1, "what is marked already is no difference"
    assert await marked(database) == {1, 2}
    assert (await counts(database))[-1] == 2


async def test_marks_stay_when_one_series_is_read_anew(database):
    rows = {"series": [series(1, tvdb_id=71)], "episodes": [episode(1), episode(2)]}
    await sync(database, "sonarr", rows)
    await media_requests.replace(database, "cat", "sonarr", [(None, 71, None, 1)])
    await catalogue.replace_parent(database, "cat", "sonarr", 1, {**rows, "episodes": [episode(1), episode(5)]})
    assert await marked(database, "episodes") == {1, 5}
    assert (await counts(database))[-1] == 2


async def test_another_category_is_left_alone(database):
    await sync(database, "radarr", {"movies": [film(1, tmdb_id=11)]})
    await sync(database, "radarr", {"movies": [film(1, tmdb_id=11)]}, category="other")
    await media_requests.replace(database, "other", "radarr", [(11, None, None, None)])
    assert await database.rows("SELECT category FROM movies WHERE is_request") == [("other",)]
