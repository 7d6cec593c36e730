import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.state import catalogue, listing, media_requests
from qbitrr.state.database import open_writer
from tests.support.state import migrated

HD = Profile("HD", upgrade_allowed=True, min_format_score=0, cutoff_format_score=100)
GOOD = FileFacts(1, cutoff_not_met=False, custom_format_score=100)
NOW = 1_700_000_000.0
ALL = listing.PageRange(0, 500)
ANY = listing.MovieFilter()


def movie(number, *, title="", year=2000, monitored=True, available=True, file=None):
    return items.movie(
        id=number,
        title=title or f"Movie {number}",
        year=year,
        tmdb_id=number,
        imdb_id=None,
        monitored=monitored,
        available=available,
        file=file,
        profile=HD,
    )


def series(number, title):
    return items.SeriesRow(number, title, items.sort_key(title), 2000, number, None, monitored=True, quality_profile="")


def episode(number, of, *, season=1, airs_at=NOW - 1, monitored=True, file=None):
    return items.episode(
        id=of * 100 + season * 10 + number,
        series_id=of,
        season_number=season,
        episode_number=number,
        title=f"Episode {number}",
        airs_at=airs_at,
        monitored=monitored,
        file=file,
        profile=HD,
        now=NOW,
    )


async def fill(database, kind, tables, category="cat"):
    generation = catalogue.Generation(database, category, kind)
    await generation.start("http://arr")
    for table, rows in tables.items():
        await generation.add(table, rows)
    await generation.commit(NOW)


def ids(found):
    return [row.id for row in found.rows]


async def test_nothing_is_found_of_an_unknown_category_or_before_the_first_sync_is_over(database):
    assert await listing.movies(database, "cat", "", ANY, ALL) == listing.ListPage(listing.Counts(), 0, [])
    await fill(database, "radarr", {"movies": [movie(1)]})
    await catalogue.Generation(database, "cat", "radarr").start("http://another")
    assert await listing.movies(database, "cat", "", ANY, ALL) == listing.ListPage(listing.Counts(), 0, [])


async def test_nothing_is_found_of_another_kind_or_another_category(database):
    await fill(database, "radarr", {"movies": [movie(1)]})
    await fill(database, "radarr", {"movies": [movie(2)]}, category="other")
    assert ids(await listing.movies(database, "cat", "", ANY, ALL)) == [1]
    assert await listing.series(database, "cat", "", ALL, missing=False) == listing.ListPage(listing.Counts(), 0, [])


async def test_rows_have_the_types_they_say(database):
    await fill(database, "radarr", {"movies": [movie(1, file=GOOD)]})
    (row,) = (await listing.movies(database, "cat", "", ANY, ALL)).rows
    assert (row.monitored, row.has_file, row.quality_met) == (True, True, True)
    assert isinstance(row.monitored, bool)
    assert row.custom_format_score == 100


async def test_equal_titles_are_ordered_by_id_and_pages_do_not_overlap(database):
    await fill(database, "radarr", {"movies": [movie(n, title="Same") for n in (5, 3, 9, 1, 7)]})
    found = [ids(await listing.movies(database, "cat", "", ANY, listing.PageRange(page, 2))) for page in range(4)]
    assert found == [[1, 3], [5, 7], [9], []]


TITLES = st.sampled_from(["Alien", "aliens", "ALIEN 3", "100%", "under_score", "Straße", "STRASSE 2", "Ärger", "[REC]"])
MOVIES = st.lists(
    st.builds(
        dict,
        title=TITLES,
        year=st.integers(1998, 2003),
        monitored=st.booleans(),
        available=st.booleans(),
        file=st.sampled_from([None, GOOD, FileFacts(2, cutoff_not_met=True, custom_format_score=-5)]),
    ),
    max_size=15,
)
FILTERS = st.builds(
    listing.MovieFilter,
    year_min=st.none() | st.integers(1997, 2004),
    year_max=st.none() | st.integers(1997, 2004),
    monitored=st.none() | st.booleans(),
    has_file=st.none() | st.booleans(),
    quality_met=st.none() | st.booleans(),
    is_request=st.none() | st.booleans(),
)
PARTS = st.sampled_from(["", "alien", "ALIEN", "%", "_", "strasse", "ä", "[", "*", "'", "\\"])


def _matches(row, part, chosen):
    return all(
        [
            part.casefold() in row.title.casefold(),
            chosen.year_min is None or row.year >= chosen.year_min,
            chosen.year_max is None or row.year <= chosen.year_max,
            chosen.monitored in (None, row.monitored),
            chosen.has_file in (None, row.has_file),
            chosen.quality_met in (None, row.quality_met),
            chosen.is_request in (None, row.is_request),
        ]
    )


@settings(max_examples=100, deadline=None)
@given(MOVIES, FILTERS, PARTS, st.integers(0, 3), st.integers(1, 5))
async def test_a_page_is_what_filtering_sorting_and_slicing_the_library_gives(
    tmp_path_factory, described, chosen, part, page, page_size
):
    library = [movie(number, **what) for number, what in enumerate(described)]
    path = tmp_path_factory.mktemp("state") / "state.db"
    migrated(path)
    async with open_writer(path) as database:
        await fill(database, "radarr", {"movies": library})
        found = await listing.movies(database, "cat", part, chosen, listing.PageRange(page, page_size))
    matching = sorted(
        (row for row in library if _matches(row, part, chosen)), key=lambda row: (row.title.casefold(), row.id)
    )
    assert found.total == len(matching)
    assert ids(found) == [row.id for row in matching[page * page_size : (page + 1) * page_size]]


async def test_a_series_has_its_episodes_in_order_and_one_without_any_is_listed(database):
    episodes = [episode(2, 1), episode(1, 1), episode(1, 1, season=0), episode(1, 2)]
    shows = [series(1, "B"), series(2, "c"), series(3, "A")]
    await fill(database, "sonarr", {"series": shows, "episodes": episodes})
    found = await listing.series(database, "cat", "", ALL, missing=False)
    assert [(show.title, [part.id for part in parts]) for show, parts in found.rows] == [
        ("A", []),
        ("B", [101, 111, 112]),
        ("c", [211]),
    ]


@pytest.mark.parametrize(
    ("what", "lacks"),
    [
        ({}, True),
        ({"file": GOOD}, False),
        ({"monitored": False}, False),
        ({"airs_at": NOW + 1}, False),
        ({"airs_at": None}, False),
    ],
)
async def test_a_series_lacks_an_episode_that_is_monitored_and_has_aired(database, what, lacks):
    await fill(database, "sonarr", {"series": [series(1, "A")], "episodes": [episode(1, 1, **what)]})
    found = await listing.series(database, "cat", "", ALL, missing=True)
    assert (found.total, len(found.rows)) == (lacks, lacks)
    assert found.counts.missing == lacks


def _artist(number, name):
    return items.ArtistRow(number, name, items.sort_key(name), None, monitored=True, quality_profile="")


def _album(number, of, released_at, files=10):
    return items.album(
        id=number,
        artist_id=of,
        title=f"Album {number}",
        released_at=released_at,
        monitored=True,
        track_count=10,
        track_file_count=files,
        below_cutoff=False,
        profile=HD,
        now=NOW,
    )


async def test_albums_come_oldest_first_and_those_without_a_date_last(database):
    albums = [_album(1, 1, None), _album(2, 1, 5.0), _album(3, 1, -5.0), _album(4, 2, 0.0, files=9)]
    await fill(database, "lidarr", {"artists": [_artist(1, "b"), _artist(2, "A")], "albums": albums})
    found = await listing.artists(database, "cat", "", ALL, missing=False)
    assert [(artist.title, [part.id for part in parts]) for artist, parts in found.rows] == [
        ("A", [4]),
        ("b", [3, 2, 1]),
    ]
    lacking = await listing.artists(database, "cat", "", ALL, missing=True)
    assert [artist.title for artist, _ in lacking.rows] == ["A"]


async def test_no_list_looks_at_rows_of_other_categories_or_sorts_all_of_its_own(database):
    asked = []

    class Listening:
        async def rows(self, sql, parameters=()):
            asked.append((sql, parameters))
            return await database.rows(sql, parameters)

    await fill(database, "radarr", {"movies": [movie(1)]}, category="m")
    await fill(database, "sonarr", {"series": [series(1, "A")], "episodes": [episode(1, 1)]}, category="s")
    await fill(database, "lidarr", {"artists": [_artist(1, "A")], "albums": [_album(1, 1, 0.0, 0)]}, category="l")
    await listing.movies(Listening(), "m", "m", listing.MovieFilter(monitored=True, year_min=1990), ALL)
    await listing.series(Listening(), "s", "a", ALL, missing=True)
    await listing.artists(Listening(), "l", "a", ALL, missing=True)
    assert len(asked) == 5
    plans = []
    for sql, parameters in asked:
        plans += [row[3] for row in await database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    scans = [step for step in plans if step.startswith("SCAN")]
    assert all("subquery" in step.lower() or step.startswith("SCAN page") for step in scans), scans
    assert any("episodes_missing" in step for step in plans)
    assert any("albums_missing" in step for step in plans)


films = st.builds(
    lambda number, year, monitored, there: items.movie(
        id=number, title=f"Movie {number}", year=year, tmdb_id=number, imdb_id=None, monitored=monitored,
        available=True, file=FileFacts(1, cutoff_not_met=there == 1, custom_format_score=0) if there else None,
    ),
    st.integers(1, 12), st.integers(2000, 2002), st.booleans(), st.integers(0, 2),
)  # fmt: skip
libraries = st.lists(films, max_size=12, unique_by=lambda film: film.id)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), libraries),
        st.tuples(st.just("one"), st.lists(films, min_size=1, max_size=1)),
        st.tuples(st.just("ask"), st.lists(st.integers(1, 12), max_size=4)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_totals_are_those_of_a_recount_whatever_was_written(steps):
    async def check(folder):
        migrated(folder / "state.db")
        async with open_writer(folder / "state.db") as database:
            for what, value in steps:
                match what:
                    case "sync":
                        generation = catalogue.Generation(database, "films", "radarr")
                        await generation.start("http://arr")
                        await generation.add("movies", value)
                        await generation.commit(1.0)
                    case "one":
                        (film,) = value
                        await catalogue.replace_parent(database, "films", "radarr", film.id, {"movies": value})
                    case "ask":
                        rows = [(number, None, None, None) for number in value]
                        await media_requests.replace(database, "films", "radarr", rows)
                columns = "category, year, monitored, has_file, quality_met, is_request"
                counted = await database.rows(f"SELECT {columns}, number FROM movie_counts WHERE number <> 0")
                found = await database.rows(f"SELECT {columns}, count(*) FROM movies GROUP BY {columns}")
                assert set(counted) == set(found)

    with TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (listing.Order("title"), [3, 1, 2]),
        (listing.Order("title", descending=True), [2, 1, 3]),
        (listing.Order("year"), [2, 3, 1]),
        (listing.Order("year", descending=True), [1, 3, 2]),
        (listing.Order("released"), [3, 2, 1]),
        (listing.Order("score", descending=True), [2, 3, 1]),
    ],
)
async def test_movies_are_sorted_by_a_column(database, order, ids):
    """What has no such value comes before all that do."""
    described = [(1, "B", 2010, None, 20.0), (2, "C", 1999, 100, 10.0), (3, "A", 2001, 50, None)]
    rows = [
        replace(movie(number, title=title, year=year), custom_format_score=score, released_at=released_at)
        for number, title, year, score, released_at in described
    ]
    await fill(database, "radarr", {"movies": rows})
    found = await listing.movies(database, "cat", "", ANY, ALL, order)
    assert [row.id for row in found.rows] == ids
    second = await listing.movies(database, "cat", "", ANY, listing.PageRange(1, 2), order)
    assert [row.id for row in second.rows] == ids[2:]


VALUED = st.lists(
    st.tuples(
        TITLES, st.integers(1998, 2001), st.sampled_from([None, -5, 0, 100]), st.sampled_from([None, -9.5, 0.0, 7.25])
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(VALUED, FILTERS, st.sampled_from(listing.ORDERS["movies"]), st.booleans(), st.integers(1, 4))
async def test_pages_that_go_on_after_each_other_are_the_pages_by_number(
    tmp_path_factory, described, chosen, column, descending, page_size
):
    rows = [
        replace(movie(number, title=title, year=year), custom_format_score=score, released_at=released_at)
        for number, (title, year, score, released_at) in enumerate(described)
    ]
    path = tmp_path_factory.mktemp("state") / "state.db"
    migrated(path)
    order = listing.Order(column, descending)
    async with open_writer(path) as database:
        await fill(database, "radarr", {"movies": rows})
        after, number = None, 0
        while True:
            page = await listing.movies(database, "cat", "", chosen, listing.PageRange(number, page_size), order)
            found = await listing.movies(database, "cat", "", chosen, listing.PageRange(0, page_size, after), order)
            assert found == page
            if found.next is None:
                break
            after, number = found.next, number + 1
    assert len(page.rows) < page_size


@pytest.mark.parametrize("column", listing.ORDERS["movies"])
async def test_a_page_after_a_place_is_found_in_the_index_of_its_order(database, column):
    """Nothing before the place is read, and nothing is sorted but the page: it costs the same anywhere."""
    plans = []

    class Listening:
        async def rows(self, sql, parameters=()):
            plans.extend(row[3] for row in await database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))
            return await database.rows(sql, parameters)

    await fill(database, "radarr", {"movies": [movie(number) for number in range(9)]})
    after = listing.Place(0.0 if column != "title" else None, "m", 5)
    for descending in (False, True):
        order = listing.Order(column, descending)
        await listing.movies(Listening(), "cat", "", ANY, listing.PageRange(0, 2, after), order)
    direct = [step for step in plans if "SEARCH movies" in step and " id=?" not in step]
    assert len(direct) == {"title": 2, "year": 4}.get(column, 5)  # ranges upwards and downwards
    assert all("COVERING INDEX" in step and " AND " in step for step in direct), direct  # the category and the place
    assert sum("TEMP B-TREE" in step for step in plans) == 2  # of the page itself


async def _lacking_library(database, numbers):
    """Series and artists by number, with titles in the reverse order, that lack so many parts."""
    shows = [replace(series(number, chr(ord("z") - number)), id=number) for number in numbers]
    episodes = [episode(part, of) for of, lacking in numbers.items() for part in range(lacking)]
    await fill(database, "sonarr", {"series": shows, "episodes": episodes}, category="tv")
    bands = [_artist(number, chr(ord("z") - number)) for number in numbers]
    albums = [_album(100 * of + part, of, 0.0, 0) for of, lacking in numbers.items() for part in range(lacking)]
    await fill(database, "lidarr", {"artists": bands, "albums": albums}, category="music")


@pytest.mark.parametrize(("lister", "category"), [(listing.series, "tv"), (listing.artists, "music")])
@pytest.mark.parametrize(("descending", "expected"), [(False, [4, 2, 1, 3]), (True, [3, 1, 2, 4])])
async def test_series_and_artists_are_sorted_by_how_much_is_missing(database, lister, category, descending, expected):
    """Equal numbers are in the order of the titles; pages that go on after each other are the same."""
    await _lacking_library(database, {1: 2, 2: 1, 3: 5, 4: 1})
    order = listing.Order("missing", descending)
    found, after = [], None
    while True:
        page = await lister(database, category, "", listing.PageRange(0, 1, after), order, missing=False)
        found += [owner.id for owner, _ in page.rows]
        if page.next is None:
            break
        after = page.next
    assert found == expected
    whole = await lister(database, category, "", ALL, order, missing=True)
    assert [(owner.id, owner.missing) for owner, _ in whole.rows] == [(n, {1: 2, 2: 1, 3: 5, 4: 1}[n]) for n in found]


@pytest.mark.parametrize(
    ("lister", "table", "column"),
    [(listing.series, "series", column) for column in listing.ORDERS["series"]]
    + [(listing.artists, "artists", column) for column in listing.ORDERS["artists"]],
)
async def test_a_page_of_owners_after_a_place_is_found_in_the_index_of_its_order(database, lister, table, column):
    plans = []

    class Listening:
        async def rows(self, sql, parameters=()):
            if f"FROM {table}" in sql:
                plans.extend(row[3] for row in await database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))
            return await database.rows(sql, parameters)

    await _lacking_library(database, {1: 2, 2: 1, 3: 5, 4: 1})
    after = listing.Place(None if column == "title" else 1.0, "m", 5)
    for descending in (False, True):
        span = listing.PageRange(0, 2, after)
        order = listing.Order(column, descending)
        await lister(Listening(), {"series": "tv", "artists": "music"}[table], "", span, order, missing=False)
    direct = [step for step in plans if f"SEARCH {table}" in step and " id=?" not in step]
    assert len(direct) == {"title": 2}.get(column, 4)  # ranges upwards and downwards
    assert all("COVERING INDEX" in step and " AND " in step for step in direct), direct
