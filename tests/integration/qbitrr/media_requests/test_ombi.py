"""Which of Ombi's requests count, and by which ids their media are found."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.media_requests import ombi
from qbitrr.media_requests.request import MediaRequest


async def ask(answer, kind="radarr", *, approved_only=True):
    async def listed(_):
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/api/v1/Request/" + {"radarr": "movie", "sonarr": "tv"}[kind], listed)
    timeouts = Timeouts(attempts=1)
    async with (
        TestServer(app) as server,
        HttpClient("Ombi", str(server.make_url("/api/v1")), timeouts=timeouts) as remote,
    ):
        return await ombi.requests(remote, kind, approved_only=approved_only)


def movie(**fields):
    return {"theMovieDbId": 11, "imdbId": "tt11", "approved": True, "denied": None, "available": False, **fields}


@pytest.mark.parametrize(
    ("fields", "approved_only", "counts"),
    [
        ({}, True, True),
        ({"denied": False}, True, True),
        ({"denied": True}, True, False),
        ({"denied": True}, False, False),
        ({"approved": False}, True, False),
        ({"approved": False}, False, True),
        ({"available": True}, True, False),
        ({"approved": False, "has4KRequest": True, "approved4K": True}, True, True),
        ({"available": True, "has4KRequest": True, "approved4K": True, "available4K": True}, True, False),
        ({"approved": False, "has4KRequest": False, "approved4K": True}, True, False),
    ],
)
async def test_which_movies_count(fields, approved_only, counts):
    found = await ask([movie(**fields)], approved_only=approved_only)
    assert found == ([MediaRequest(11, None, "tt11")] if counts else [])


def child(*seasons, approved=True, denied=None, available=False):
    listed = [{"seasonNumber": number, "episodes": [{"available": there} for there in got]} for number, got in seasons]
    return {"approved": approved, "denied": denied, "available": available, "seasonRequests": listed}


@pytest.mark.parametrize(
    ("children", "approved_only", "seasons"),
    [
        ([child((1, [False]), (2, [True, False]))], True, [1, 2]),
        ([child((1, [True, True]), (2, [False]))], True, [2]),
        ([child((1, []))], True, [1]),
        ([child((1, [False]), approved=False), child((3, [False]))], True, [3]),
        ([child((1, [False]), approved=False), child((3, [False]))], False, [1, 3]),
        ([child((1, [False]), denied=True), child((1, [False]))], True, [1]),
        ([child((1, [False]), available=True)], True, []),
        (None, True, []),
    ],
)
async def test_only_the_seasons_that_were_asked_for(children, approved_only, seasons):
    request = {"tvDbId": 7, "externalProviderId": "5", "imdbId": "", "childRequests": children}
    found = await ask([request], "sonarr", approved_only=approved_only)
    assert found == [MediaRequest(5, 7, None, season) for season in seasons]
