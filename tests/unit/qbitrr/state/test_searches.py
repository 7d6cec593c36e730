"""What may be searched, read page by page, and the search history."""

import pytest

from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.rules.search.plan import Item
from qbitrr.state import catalogue, searches

NOW = 1_790_000_000.0
ANY = Profile("Any", upgrade_allowed=False, min_format_score=0, cutoff_format_score=0)


def movie(number, **changes):
    facts = {"monitored": True, "available": True, "file": None, "released_at": NOW - number, **changes}
    return items.movie(
        id=number, title=f"Movie {number}", year=2020, tmdb_id=number, imdb_id=None, profile=ANY, **facts
    )


def episode(number, series=1, **changes):
    facts = {"monitored": True, "file": None, "airs_at": NOW - 100, "season_number": 1, **changes}
    return items.episode(
        id=100 * series + number, series_id=series, episode_number=number, title="", profile=ANY, now=NOW, **facts
    )


def series(number, tags):
    return items.SeriesRow(number, "", "", 2020, number, None, True, "Any", tags=tags)


def artist(number, tags):
    return items.ArtistRow(number, "", "", None, True, "Any", tags=tags)


def album(number, artist_id):
    return items.album(
        id=number, artist_id=artist_id, title="", released_at=NOW - 100, monitored=True, track_count=2,
        track_file_count=0, below_cutoff=False, profile=ANY, now=NOW,
    )  # fmt: skip


async def fill(database, kind, **tables):
    generation = catalogue.Generation(database, "cat", kind)
    await generation.start("http://arr")
    for table, rows in tables.items():
        await generation.add(table, rows)
    await generation.commit(NOW)


async def ids(database, kind, *, unmonitored=False):
    pages = searches.unfinished(database, "cat", kind, unmonitored=unmonitored)
    return [row[0] async for page in pages for row in page]


GOOD = FileFacts(1, cutoff_not_met=False, custom_format_score=0)
POOR = FileFacts(1, cutoff_not_met=True, custom_format_score=0)


@pytest.mark.parametrize(
    ("facts", "unmonitored", "listed"),
    [
        ({}, False, True),
        ({"available": False}, False, False),
        ({"monitored": False}, False, False),
        ({"monitored": False}, True, True),
        ({"file": GOOD}, False, False),
        ({"file": POOR}, False, True),
        ({"file": POOR, "available": False}, False, True),
    ],
)
async def test_what_is_out_monitored_and_not_finished_is_listed(database, facts, unmonitored, listed):
    await fill(database, "radarr", movies=[movie(1, **facts)])
    assert await ids(database, "radarr", unmonitored=unmonitored) == ([1] if listed else [])


async def test_a_long_list_comes_in_pages_without_gaps(database):
    await fill(database, "sonarr", episodes=[episode(n, series) for series in range(1, 51) for n in range(1, 100)])
    found = await ids(database, "sonarr")
    assert found == sorted(found)
    assert len(set(found)) == len(found) == 50 * 99


async def test_searches_are_counted_until_the_release_date_changes(database):
    await fill(database, "radarr", movies=[movie(1), movie(2)])
    for at in (NOW, NOW + 1):
        async with database.transaction() as transaction:
            await searches.record(transaction, "cat", "radarr", [1, 77], at)
    assert await searches.read(database, "cat", [1, 77]) == [("cat", 1, NOW + 1, 2, NOW - 1, None)]
    await fill(database, "radarr", movies=[movie(1, released_at=NOW + 5), movie(2)])
    async with database.transaction() as transaction:
        await searches.record(transaction, "cat", "radarr", [1], NOW + 9)
    assert await searches.read(database, "cat", [1]) == [("cat", 1, NOW + 9, 1, NOW + 5, None)]
    ((*_, searched_at, tries, release, _again),) = await searches.of_items(database, "cat", "radarr", [1])
    assert (searched_at, tries, release) == (NOW + 9, 1, NOW + 5)


async def test_a_search_that_was_refused_is_taken_back(database):
    await fill(database, "radarr", movies=[movie(1), movie(2)])
    async with database.transaction() as transaction:
        await searches.record(transaction, "cat", "radarr", [1], NOW)
    before = await searches.read(database, "cat", [1, 2])
    async with database.transaction() as transaction:
        await searches.record(transaction, "cat", "radarr", [1, 2], NOW + 60)
    await searches.restore(database, "cat", [1, 2], before)
    assert await searches.read(database, "cat", [1, 2]) == before


async def test_the_episodes_of_a_series_that_have_aired_come_in_order(database):
    rows = [episode(2), episode(1, file=GOOD), episode(3, airs_at=NOW + 9), episode(4, monitored=False), episode(1, 2)]
    series = items.SeriesRow(1, "Show", "show", 2020, 5, None, monitored=True, quality_profile="Any")
    await fill(database, "sonarr", episodes=rows, series=[series])
    title, _, found = await searches.of_series(database, "cat", 1)
    assert title == "Show"
    assert [row[0] for row in found] == [101, 102]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("radarr", {"movies": [movie(1, tags="3 11"), movie(2, tags=""), movie(3)]}),
        ("sonarr", {"series": [series(1, "3 11"), series(2, ""), series(3, None)],
                    "episodes": [episode(1, 1), episode(1, 2), episode(1, 3)]}),
        ("lidarr", {"artists": [artist(1, "3 11"), artist(2, ""), artist(3, None)],
                    "albums": [album(1, 1), album(2, 2), album(3, 3)]}),
    ],
)  # fmt: skip
async def test_an_item_has_the_tags_of_its_movie_series_or_artist(database, kind, rows):
    await fill(database, kind, **rows)
    pages = searches.unfinished(database, "cat", kind, unmonitored=False)
    assert [Item(*row).tags async for page in pages for row in page] == ["3 11", "", None]


async def search(database, kind, ids, at=NOW):
    async with database.transaction() as transaction:
        await searches.record(transaction, "cat", kind, ids, at)


async def again(database, kind="sonarr"):
    pages = searches.unfinished(database, "cat", kind, unmonitored=True)
    return {row[0]: Item(*row).again async for page in pages for row in page if Item(*row).again}


async def seasons(database):
    """Two seasons of one series: the second one has a file already."""
    rows = [episode(1), episode(2), episode(3, file=GOOD), items.episode(
        id=999, series_id=1, season_number=2, episode_number=1, title="", airs_at=NOW - 100, monitored=True,
        file=None, profile=ANY, now=NOW,
    )]  # fmt: skip
    await fill(database, "sonarr", episodes=rows, series=[series(1, "")])
    await search(database, "sonarr", [101, 102, 999])
    await searches.expect_seasons(database, "cat", [101, 102], 5, "2026-01-01T00:00:00Z")


async def test_the_missing_episodes_of_a_season_that_was_searched_in_vain_are_searched_again_once(database):
    await seasons(database)
    (pending,) = await searches.pending_seasons(database, "cat")
    assert pending == (5, "2026-01-01T00:00:00Z", 1, 1)
    await searches.settle_season(database, "cat", pending, NOW)
    assert await searches.pending_seasons(database, "cat") == []
    assert await again(database) == {101: "season", 102: "season"}
    assert await searches.to_repeat(database) == {"cat": 2}
    await search(database, "sonarr", [101])
    assert await again(database) == {102: "season"}


async def test_of_a_season_that_was_not_searched_in_vain_nothing_is_searched_again(database):
    await seasons(database)
    (pending,) = await searches.pending_seasons(database, "cat")
    await searches.settle_season(database, "cat", pending, None)
    assert await searches.pending_seasons(database, "cat") == []
    assert await again(database) == {}
    assert await searches.empty_since(database, "cat", 1) == {}


async def test_seasons_that_were_searched_in_vain_are_listed_while_something_of_them_is_missing(database):
    await seasons(database)
    (pending,) = await searches.pending_seasons(database, "cat")
    await searches.settle_season(database, "cat", pending, NOW)
    assert await searches.empty_since(database, "cat", 1) == {1: NOW}
    assert [one[1:] for one in await searches.empty_seasons(database, "cat", NOW - 1)] == [(1, NOW)]
    assert await searches.empty_seasons(database, "cat", NOW) == []
    await fill(database, "sonarr", episodes=[episode(1, file=GOOD), episode(2, file=GOOD)], series=[series(1, "")])
    assert await searches.empty_seasons(database, "cat", NOW - 1) == []


async def test_another_search_of_a_season_is_not_settled_by_the_one_before(database):
    await seasons(database)
    (pending,) = await searches.pending_seasons(database, "cat")
    await searches.expect_seasons(database, "cat", [101, 102], 6, "2026-01-02T00:00:00Z")
    await searches.settle_season(database, "cat", pending, NOW)
    assert [one.command for one in await searches.pending_seasons(database, "cat")] == [6]


async def test_seasons_of_series_that_are_gone_are_dropped(database):
    await seasons(database)
    await searches.drop_gone_seasons(database, "cat")
    assert len(await searches.pending_seasons(database, "cat")) == 1
    await fill(database, "sonarr", series=[])  # as of a Sonarr that has lost its database
    await searches.drop_gone_seasons(database, "cat")
    assert len(await searches.pending_seasons(database, "cat")) == 1
    await fill(database, "sonarr", series=[series(2, "")])
    await searches.drop_gone_seasons(database, "cat")
    assert await searches.pending_seasons(database, "cat") == []


async def test_searches_of_an_outage_are_repeated_but_those_before_and_those_with_a_grab(database):
    await fill(database, "radarr", movies=[movie(number) for number in range(1, 6)])
    assert await searches.outage(database, "cat") is None
    for number, at in ((1, NOW - 1), (2, NOW), (3, NOW + 5), (4, NOW + 9), (5, NOW + 10)):
        await search(database, "radarr", [number], at)
    await searches.note_outage(database, "cat", NOW)
    await searches.note_outage(database, "cat", NOW + 3)  # it is known already
    assert await searches.outage(database, "cat") == NOW
    assert await searches.end_outage(database, "cat", NOW, NOW + 9, {3}, 500) == 2
    assert await again(database, "radarr") == {2: "indexers", 4: "indexers"}
    assert await searches.outage(database, "cat") is None
    await search(database, "radarr", [2])
    assert await again(database, "radarr") == {4: "indexers"}


async def test_of_too_many_searches_of_an_outage_the_newest_are_repeated(database):
    await fill(database, "radarr", movies=[movie(number) for number in range(1, 6)])
    for number in range(1, 6):
        await search(database, "radarr", [number], NOW + number)
    assert await searches.end_outage(database, "cat", NOW, NOW + 9, {5}, 2) == 2
    assert await again(database, "radarr") == {3: "indexers", 4: "indexers"}


async def test_a_search_that_was_refused_is_still_to_be_repeated(database):
    await fill(database, "radarr", movies=[movie(1)])
    await search(database, "radarr", [1])
    await searches.end_outage(database, "cat", NOW, NOW, set(), 9)
    before = await searches.read(database, "cat", [1])
    await search(database, "radarr", [1], NOW + 9)
    await searches.restore(database, "cat", [1], before)
    assert await again(database, "radarr") == {1: "indexers"}
