"""The judge sees what does not fit."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from qbitrr.sandbox.services.stand_in import KIND
from tests.contract import official
from tests.contract.deviations import DEVIATIONS
from tests.contract.official_judge import JUDGED_OBJECTS, Judge


@pytest.fixture
def asked(judge):
    """Asks a Radarr that gives the answer of the test; returns what the judge noted."""

    async def asked(method, path, answer=None, status=200, **options):
        judging = Judge()
        app = web.Application(middlewares=[judging.middleware])
        app[KIND] = "radarr"

        async def handle(_):
            return web.json_response(answer, status=status)

        app.router.add_route("*", "/api/v3/{path:.*}", handle)
        app.router.add_route(method, path.partition("?")[0], handle)
        app.router._resources.reverse()  # the exact path comes first
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as session:
                url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
                await session.request(method, url, headers={"X-Api-Key": "key"}, **options)
        finally:
            await runner.cleanup()
        return judging.violations

    return asked


async def test_what_fits_passes(asked):
    assert await asked("GET", "/api/v3/movie?excludeLocalCovers=true", [{"id": 1, "title": None}]) == []
    body = {"name": "MoviesSearch", "movieIds": [1]}
    assert await asked("POST", "/api/v3/command", {"id": 1, "body": body}, 201, json=body) == []
    assert await asked("GET", "/api/v3/movie", {"error": "Unauthorized"}, 401) == []


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        ([{"id": "1"}], "0/id: '1' is not of type 'integer'"),
        ([{"nonsense": 1}], "'nonsense' was unexpected"),
        ([{"status": "lost"}], "'lost' is not one of"),
        ([{"movieFile": {"qualityCutoffNotMet": None}}], "0/movieFile/qualityCutoffNotMet: None"),
        ({"id": 1}, "is not of type 'array'"),
    ],
)
async def test_a_wrong_answer_is_noted(asked, answer, noted):
    [violation] = await asked("GET", "/api/v3/movie", answer)
    assert "radarr GET /api/v3/movie answered 200" in violation
    assert noted in violation


async def test_both_ends_of_a_long_list_are_judged(asked):
    movies = [{"id": number} for number in range(JUDGED_OBJECTS * 3)]
    assert await asked("GET", "/api/v3/movie", movies) == []
    assert await asked("GET", "/api/v3/movie", [*movies, {"id": "x"}])
    assert await asked("GET", "/api/v3/movie", [{"id": "x"}, *movies])


@pytest.mark.parametrize(
    ("method", "path", "body", "noted"),
    [
        ("GET", "/api/v3/queue?pages=3", None, "no query parameter 'pages'"),
        ("GET", "/api/v3/queue?page=three", None, "three"),
        ("GET", "/api/v3/nonsense", None, "not found"),
        ("POST", "/api/v3/command", {"name": "MoviesSearch", "movies": [1]}, "'movies' was unexpected"),
        ("POST", "/api/v3/command", {"name": "MoviesSearch", "movieIds": ["1"]}, "'1' is not of type 'integer'"),
    ],
)
async def test_a_wrong_request_is_noted(asked, method, path, body, noted):
    violations = await asked(method, path, {}, json=body)
    assert any(noted in violation for violation in violations), violations


async def test_an_undeclared_status_is_noted(asked):
    assert await asked("GET", "/api/v3/movie", [], 202)


def test_each_deviation_has_its_sentence():
    assert all(deviation.__doc__ and deviation.__doc__.endswith(".") for deviation in DEVIATIONS)


def test_each_deviation_is_still_one(judge, monkeypatch):
    """One that the official files have caught up with must leave the list."""
    for deviation in DEVIATIONS:
        amended = [official.document(kind) for kind in official.ARRS]
        with monkeypatch.context() as patched:
            patched.setattr(official, "DEVIATIONS", [d for d in DEVIATIONS if d is not deviation])
            without = [official.document.__wrapped__(kind) for kind in official.ARRS]
        assert without != amended, deviation.__name__
