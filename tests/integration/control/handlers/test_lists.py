"""Movies, series and artists: every field and every parameter."""

from urllib.parse import urlencode

import pytest

from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG

NO_COUNTS = {"available": 0, "monitored": 0, "missing": 0, "quality_met": 0, "requests": 0}


async def movies(client, query="", category="movies"):
    return await get(client, f"/web/radarr/{category}/movies?{query}")


async def titles(client, query):
    return [movie["title"] for movie in (await movies(client, query))["movies"]]


async def test_a_page_of_movies(client):
    page = await movies(client)
    assert {key: value for key, value in page.items() if key != "movies"} == {
        "category": "movies",
        "counts": {"available": 2, "monitored": 4, "missing": 2, "quality_met": 2, "requests": 1},
        "total": 7,
        "page": 0,
        "page_size": 50,
        "next": None,
    }
    assert page["movies"][1] == {
        "id": 2,
        "title": "alien",
        "year": 1979,
        "tmdbId": 2,
        "monitored": True,
        "hasFile": True,
        "qualityMet": False,
        "isRequest": False,
        "upgrade": True,
        "customFormatScore": 0,
        "minCustomFormatScore": 10,
        "customFormatMet": False,
        "reason": "Quality",
        "reasonCode": "Quality",
        "released": True,
        "link": "http://radarr/movie/2",
    }


async def test_movies_are_ordered_by_title_without_case(client):
    assert await titles(client, "") == [
        "100% Wolf_",
        "alien",
        "Brazil",
        "Dune: Part Three",
        "The Matrix",
        "Zardoz",
        "Ärger im Paradies",
    ]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("q=MATRIX", {1}),
        ("q=%C3%84RGER", {7}),
        ("q=%25", {6}),
        ("q=_", {6}),
        ("q=' OR 1=1 --", set()),
        ("q=", {1, 2, 3, 4, 5, 6, 7}),
        ("year_min=2001", {4, 6, 7}),
        ("year_max=1979", {2, 3}),
        ("year_min=1979&year_max=1985", {2, 5}),
        ("year_min=1999&year_max=1999", {1}),
        ("monitored=true", {1, 2, 3, 4, 7}),
        ("monitored=False", {5, 6}),
        ("has_file=1", {1, 2, 6}),
        ("has_file=no", {3, 4, 5, 7}),
        ("quality_met=on", {1, 6}),
        ("quality_met=false&has_file=true", {2}),
        ("is_request=yes", {7}),
        ("monitored=", {1, 2, 3, 4, 5, 6, 7}),
        ("monitored=true&has_file=false&year_max=2000", {3}),
        ("unknown=1", {1, 2, 3, 4, 5, 6, 7}),
    ],
)
async def test_movies_are_filtered_and_counts_are_not(client, query, ids):
    page = await movies(client, query)
    assert {movie["id"] for movie in page["movies"]} == ids
    assert page["total"] == len(ids)
    assert page["counts"]["monitored"] == 4


@pytest.mark.parametrize(
    ("query", "page", "page_size", "ids"),
    [
        ("page_size=2", 0, 2, [6, 2]),
        ("page_size=2&page=1", 1, 2, [5, 4]),
        ("page_size=2&page=3", 3, 2, [7]),
        ("page=9", 9, 50, []),
        ("page=-5&page_size=0", 0, 1, [6]),
        ("page_size=99999999999999999999", 0, 500, [6, 2, 5, 4, 1, 3, 7]),
        ("page=99999999999999999999&page_size=500", 2**53 - 1, 500, []),
        ("page_size=1&page=1&has_file=true", 1, 1, [2]),
    ],
)
async def test_pages_are_clamped_and_echoed(client, query, page, page_size, ids):
    answer = await movies(client, query)
    assert (answer["page"], answer["page_size"]) == (page, page_size)
    assert [movie["id"] for movie in answer["movies"]] == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("sort=title&descending=true", [7, 3, 1, 4, 5, 2, 6]),
        ("sort=year", [3, 2, 5, 1, 7, 6, 4]),
        ("sort=year&descending=1", [4, 6, 7, 1, 5, 2, 3]),
        ("sort=score&descending=yes&has_file=true", [1, 6, 2]),
    ],
)
async def test_movies_are_sorted_by_a_column_and_pages_go_on_after_each_other(client, query, ids):
    found, after = [], ""
    while after is not None:
        page = await movies(client, urlencode({"page_size": 2, "after": after}) + f"&{query}")
        found += [movie["id"] for movie in page["movies"]]
        after = page["next"]
    assert found == ids


async def test_series_and_artists_are_sorted_and_go_on(client):
    first = await get(client, "/web/sonarr/Sonarr-TV/series?sort=year&page_size=1")
    second = await get(client, "/web/sonarr/Sonarr-TV/series?" + urlencode({"sort": "year", "after": first["next"]}))
    assert [one["series"]["year"] for one in first["series"] + second["series"]] == [1998, 2013]
    last = await get(client, "/web/lidarr/music/artists?descending=true&page_size=1")
    rest = await get(client, "/web/lidarr/music/artists?" + urlencode({"descending": "true", "after": last["next"]}))
    assert [one["artist"]["name"] for one in last["artists"] + rest["artists"]] == ["Pink Floyd", "Björk"]


@pytest.mark.parametrize(
    "query",
    [
        "sort=newest",
        "sort=id;--",
        "after=1",
        "after=[]",
        'after=["a","b",1]',
        'after=[1,"b",1.5]',
        'after=[1,"b",99999999999999999]',
        'after=[1e999,"b",1]',
        "after=%ff",
    ],
)
async def test_an_order_or_a_place_that_is_none_is_refused(client, query):
    assert (await get(client, f"/web/radarr/movies/movies?{query}", 400))["code"] == "VALIDATION_ERROR"
    assert (await get(client, "/web/sonarr/tv%2Fanime/series?sort=released", 400))["code"] == "VALIDATION_ERROR"
    assert (await get(client, "/web/lidarr/music/artists?sort=year", 400))["code"] == "VALIDATION_ERROR"


async def test_a_catalogue_is_empty_until_its_first_sync_is_done(client):
    answer = await movies(client, category="new")
    assert answer == {
        "category": "new",
        "counts": NO_COUNTS,
        "total": 0,
        "page": 0,
        "page_size": 50,
        "movies": [],
        "next": None,
    }


async def test_a_series_with_its_seasons(client):
    page = await get(client, "/web/sonarr/tv%2Fanime/series")
    assert page["category"] == "tv/anime"
    assert page["counts"] == {"available": 3, "monitored": 4, "missing": 1}
    assert (page["total"], page["page"], page["page_size"]) == (2, 0, 25)
    titan, bebop = page["series"]
    assert bebop["series"] == {
        "id": 1,
        "title": "Cowboy Bebop",
        "year": 1998,
        "tvdbId": 76885,
        "imdbId": "tt0213338",
        "link": "http://sonarr/series/cowboy-bebop",
    }
    assert (bebop["monitored"], bebop["available"], list(bebop["seasons"])) == (2, 2, ["0", "1"])
    assert (titan["monitored"], titan["available"]) == (2, 1)
    first, second = titan["seasons"]["1"], titan["seasons"]["2"]
    assert (first["seasonNumber"], first["monitored"], first["available"]) == (1, 2, 1)
    assert first["episodes"][1] == {
        "id": 202,
        "episodeNumber": 2,
        "seasonNumber": 1,
        "title": "Episode 2",
        "monitored": True,
        "hasFile": False,
        "airDateUtc": "2023-11-14T22:12:20Z",
        "qualityMet": False,
        "customFormatScore": None,
        "minCustomFormatScore": 10,
        "customFormatMet": False,
        "upgrade": False,
        "isRequest": False,
        "reason": "Missing",
        "reasonCode": "Missing",
        "released": True,
    }
    assert (second["monitored"], second["available"]) == (0, 0)
    assert [(e["airDateUtc"], e["released"], e["reason"]) for e in second["episodes"]] == [
        ("2023-11-14T23:13:20Z", False, "Unreleased"),
        (None, False, "Unreleased"),
    ]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [2, 1]),
        ("q=BEBOP", [1]),
        ("missing=true", [2]),
        ("only_missing=1", [2]),
        ("missing=false", [2, 1]),
        ("missing=false&only_missing=true", [2]),
        ("missing=true&q=cowboy", []),
        ("page_size=1&page=1", [1]),
        ("page=7", []),
    ],
)
async def test_series_are_filtered(client, query, ids):
    page = await get(client, f"/web/sonarr/tv/anime/series?{query}")
    assert [entry["series"]["id"] for entry in page["series"]] == ids
    if "page" not in query:
        assert page["total"] == len(ids)
    assert page["counts"]["monitored"] == 4


async def test_a_series_that_lacks_an_episode_is_shown_whole(client):
    page = await get(client, "/web/sonarr/tv/anime/series?missing=true")
    assert sum(len(season["episodes"]) for season in page["series"][0]["seasons"].values()) == 4


async def test_an_artist_with_albums(client):
    page = await get(client, "/web/lidarr/music/artists")
    assert page["counts"] == {"available": 2, "monitored": 3, "missing": 1}
    assert (page["category"], page["total"], page["page"], page["page_size"]) == ("music", 2, 0, 25)
    bjork, floyd = page["artists"]
    assert bjork["artist"] == {"id": 2, "name": "Björk", "disambiguation": None, "link": None}
    assert (bjork["monitored"], bjork["available"]) == (1, 1)
    assert floyd["artist"]["disambiguation"] == "UK progressive rock band"
    assert floyd["artist"]["link"] == "http://lidarr/artist/83d91898-7763"
    assert (floyd["monitored"], floyd["available"]) == (2, 1)
    assert [entry["title"] for entry in floyd["albums"]] == ["The Dark Side of the Moon", "The Wall"]
    assert floyd["albums"][0] == {
        "id": 2,
        "title": "The Dark Side of the Moon",
        "releaseDate": "1973-03-01",
        "monitored": True,
        "hasFile": True,
        "qualityMet": True,
        "trackCount": 10,
        "trackFileCount": 10,
        "upgrade": False,
        "isRequest": False,
        "reason": None,
        "reasonCode": None,
        "released": True,
    }
    assert [(entry["releaseDate"], entry["released"]) for entry in bjork["albums"]] == [
        ("1993-07-05", True),
        (None, False),
    ]


@pytest.mark.parametrize(
    ("query", "ids"),
    [("", [2, 1]), ("q=PINK%20floyd", [1]), ("missing=yes", [1]), ("missing=0", [2, 1]), ("page_size=1&page=1", [1])],
)
async def test_artists_are_filtered(client, query, ids):
    page = await get(client, f"/web/lidarr/music/artists?{query}")
    assert [entry["artist"]["id"] for entry in page["artists"]] == ids


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("radarr/invalid-category/movies", "Unknown radarr category: invalid-category"),
        ("radarr/music/movies", "Unknown radarr category: music"),
        ("sonarr/Radarr-4K/series", "Unknown sonarr category: Radarr-4K"),
        ("lidarr/a%2Fb/artists", "Unknown lidarr category: a/b"),
        ("radarr/%00/movies", "Unknown radarr category: \0"),
        ("radarr/%FF/movies", None),
    ],
)
async def test_unknown_categories(client, path, text):
    answer = await get(client, f"/web/{path}", 404)
    assert answer["code"] == "UNKNOWN_CATEGORY"
    assert text is None or answer["error"] == text


@pytest.mark.parametrize("name", ["movies", "Radarr-4K"])
async def test_a_category_may_be_named_by_its_section(client, name):
    assert (await movies(client, category=name))["category"] == "movies"


async def test_a_category_wins_over_a_section_of_that_name(make_context, connect):
    context = make_context(CONFIG.replace('Category = "new"', 'Category = "Radarr-4K"'))
    async with connect(context) as client:
        assert (await movies(client, category="Radarr-4K"))["category"] == "Radarr-4K"


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("page=x", {"parameter": "page", "value": "x", "constraint": "Must be an integer"}),
        ("page=1.5", {"parameter": "page", "value": "1.5", "constraint": "Must be an integer"}),
        ("page_size=", {"parameter": "page_size", "value": "", "constraint": "Must be an integer"}),
        ("year_min=٣", {"parameter": "year_min", "value": "٣", "constraint": "Must be an integer"}),
        ("monitored=maybe", {"parameter": "monitored", "value": "maybe", "constraint": "Must be true or false"}),
        (
            "year_min=2024&year_max=2020",
            {"parameter": "year_min", "value": 2024, "constraint": "Must be less than year_max (2020)"},
        ),
    ],
)
async def test_invalid_parameters_are_named(client, query, details):
    answer = await get(client, f"/web/radarr/movies/movies?{query}", 400)
    assert answer["code"] == "VALIDATION_ERROR"
    assert answer["error"].startswith(f"Invalid parameter: {details['parameter']} must be ")
    assert answer["details"] == details


@pytest.mark.parametrize("path", ["radarr/movies/movies", "sonarr/tv/anime/series", "lidarr/music/artists"])
async def test_a_list_that_did_not_change_is_not_sent_again(client, path):
    async with client.get(f"/web/{path}") as response:
        tag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "no-cache, private"
    async with client.get(f"/web/{path}", headers={"If-None-Match": tag}) as response:
        assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", tag)
    async with client.get(f"/web/{path}?page=1", headers={"If-None-Match": tag}) as response:
        assert response.status == 200


async def test_an_unknown_order_of_movies(client):
    assert (await get(client, "/web/radarr/movies/movies?sort=size", 400))["code"] == "VALIDATION_ERROR"
