"""Which of Overseerr's requests count, and by which ids their media are found."""

import itertools

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from qbitrr.errors import UnexpectedAnswerError
from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.media_requests import overseerr
from qbitrr.media_requests.request import ALL_SEASONS, MediaRequest

PENDING, APPROVED, DECLINED = 1, 2, 3


class Service:
    """Overseerr with some requests, and the queries it got. After each of them `then` changes the requests."""

    def __init__(self, requests, then=lambda requests: None):
        self.requests = requests
        self.then = then
        self.queries = []

    async def page(self, request):
        self.queries.append(dict(request.query))
        skip, take = int(request.query["skip"]), int(request.query["take"])
        page_info = {"page": 1, "pages": 1, "pageSize": take, "results": len(self.requests)}
        shown = self.requests[skip : skip + take]
        self.then(self.requests)
        return web.json_response({"pageInfo": page_info, "results": shown})


async def ask(requests, kind="radarr", *, approved_only=True, is_4k=False, **how):
    service = Service(requests, **how)
    app = web.Application()
    app.router.add_get("/api/v1/request", service.page)
    timeouts = Timeouts(attempts=1)
    async with (
        TestServer(app) as server,
        HttpClient("Overseerr", str(server.make_url("/api/v1")), timeouts=timeouts) as http,
    ):
        found = await overseerr.requests(http, kind, approved_only=approved_only, is_4k=is_4k)
    return found, service.queries


def movie(number=1, *, status=APPROVED, media=3, media_4k=1, is_4k=False, **ids):
    ids = ids or {"tmdbId": 10 + number}
    return {"id": number, "type": "movie", "status": status, "is4k": is_4k,
            "media": {"mediaType": "movie", "status": media, "status4k": media_4k, **ids}}  # fmt: skip


def series(number=1, *, seasons=((1, APPROVED),), status=APPROVED, media=3):
    listed = None if seasons is None else [{"seasonNumber": season, "status": word} for season, word in seasons]
    return {"id": number, "type": "tv", "status": status, "is4k": False, "seasons": listed,
            "media": {"mediaType": "tv", "status": media, "tmdbId": 5, "tvdbId": 7}}  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "approved_only", "counts"),
    [
        (movie(), True, True),
        (movie(media=1), True, True),  # approved a moment ago
        (movie(media=4), True, True),
        (movie(media=5), True, False),
        (movie(media=6), True, False),
        (movie(media=7), False, False),
        (movie(status=PENDING), True, False),
        (movie(status=PENDING), False, True),
        (movie(status=DECLINED), False, False),
        (movie(status=4), True, True),  # the Arr was not reached, but has it in its library
        (movie(is_4k=True), True, False),
        ({**movie(), "media": None}, True, False),
        ({**movie(), "type": None}, True, True),
    ],
)
async def test_which_movies_count(request_, approved_only, counts):
    found, queries = await ask([request_], approved_only=approved_only)
    assert found == ([MediaRequest(11, None, None)] if counts else [])
    assert [query["filter"] for query in queries] == ["approved" if approved_only else "unavailable"]


async def test_a_4k_section_takes_4k_requests_by_their_own_status_and_no_others():
    requests = [movie(1, is_4k=True, media=5, media_4k=3), movie(2, is_4k=True, media=1, media_4k=5), movie(3)]
    assert (await ask(requests, is_4k=True))[0] == [MediaRequest(11, None, None)]


async def test_all_ids_are_taken_and_what_is_no_id_is_none():
    ids = {"tmdbId": "12", "tvdbId": 0, "imdbId": "tt12"}
    assert (await ask([movie(**ids)]))[0] == [MediaRequest(12, None, "tt12")]
    assert (await ask([movie(tmdbId=None, imdbId="")]))[0] == []
    assert (await ask([movie(tmdbId="1" * 25)]))[0] == []  # more than a state file can hold


@pytest.mark.parametrize(
    ("seasons", "approved_only", "expected"),
    [
        (((1, APPROVED), (3, APPROVED)), True, [1, 3]),
        (((1, APPROVED), (2, PENDING), (3, DECLINED)), True, [1]),
        (((1, APPROVED), (2, PENDING), (3, DECLINED)), False, [1, 2]),
        ((), True, []),
        (None, True, [ALL_SEASONS]),
    ],
)
async def test_only_the_seasons_that_were_asked_for(seasons, approved_only, expected):
    found, _ = await ask([series(seasons=seasons)], "sonarr", approved_only=approved_only)
    assert found == [MediaRequest(5, 7, None, season) for season in expected]


async def test_a_radarr_takes_no_series_and_a_sonarr_no_movies():
    assert (await ask([series()], "radarr"))[0] == []
    assert (await ask([movie()], "sonarr"))[0] == []


@pytest.mark.parametrize(("number", "pages"), [(0, 1), (99, 1), (100, 2), (250, 3)])
async def test_all_pages_are_read_each_from_the_last_request_of_the_one_before(number, pages):
    found, queries = await ask([movie(one) for one in range(number)])
    assert len(found) == number
    assert [(query["take"], query["skip"]) for query in queries] == [("100", str(99 * page)) for page in range(pages)]


async def test_requests_that_go_meanwhile_hide_no_other():
    """Those behind them move to the page before."""
    requests = [movie(number) for number in range(250)]
    withdrawn = iter((0, 40))
    found, _ = await ask(
        requests, then=lambda present: [present.pop(number) for number in itertools.islice(withdrawn, 1)]
    )
    assert {request.tmdb_id for request in found} >= {10 + number for number in range(250)} - {10, 51}


async def test_one_that_goes_while_another_comes_hides_none():
    """There are as many as before, and all but one are read."""
    requests = [movie(number) for number in range(250)]
    coming = iter([movie(1000)])

    def exchange(present):
        if (new := next(coming, None)) is not None:
            del present[10]
            present.insert(180, new)

    found, _ = await ask(requests, then=exchange)
    assert {request.tmdb_id for request in found} >= {10 + number for number in range(250) if number != 10}


async def test_requests_that_keep_changing_are_an_error():
    with pytest.raises(UnexpectedAnswerError, match="it changes"):
        await ask([movie(number) for number in range(250)], then=lambda present: present.pop(0))


async def test_pages_that_never_end_are_an_error(monkeypatch):
    monkeypatch.setattr(overseerr, "_MOST_PAGES", 3)
    with pytest.raises(UnexpectedAnswerError, match="pages do not end"):
        await ask([movie(number) for number in range(300)])
