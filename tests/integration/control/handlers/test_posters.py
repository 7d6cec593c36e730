"""Posters: what passes, what is kept, and that an Arr is left alone that does not answer."""

from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from control import posters
from qbitrr.clock import Clock
from qbitrr.sandbox.media import pictures
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG, NOW

PICTURE = pictures.poster(1)


@dataclass
class FakeArr:
    """Answers every request with `body` and `status`, and keeps what was asked."""

    body: bytes = PICTURE
    status: int = 200
    asked: list = field(default_factory=list)

    async def answer(self, request):
        self.asked.append((request.path, request.headers.get("X-Api-Key")))
        return web.Response(body=self.body, status=self.status, content_type="image/jpeg")


@pytest.fixture
def arr():
    return FakeArr()


@pytest.fixture
async def server(arr):
    application = web.Application()
    application.router.add_get("/{path:.*}", arr.answer)
    async with TestServer(application) as started:
        yield started


@pytest.fixture
def time():
    return [0.0]


@pytest.fixture
async def client(make_context, connect, server, time):
    config = CONFIG
    for name in ("radarr", "sonarr", "lidarr"):
        config = config.replace(f'"http://{name}"', f'"{server.make_url("/" + name)}"')
    clock = Clock(wall=lambda: NOW, monotonic=lambda: time[0])
    async with connect(make_context(config, clock=clock)) as connected:
        yield connected


async def poster(client, path="movies/posters/1", status=200, **options):
    async with client.get(f"/web/arr/{path}", **options) as response:
        assert response.status == status
        return await response.read(), response.headers


async def test_a_poster_is_asked_for_with_the_key_and_kept(client, arr):
    body, headers = await poster(client)
    assert body == PICTURE
    assert headers["Content-Type"] == "image/png"  # as it is, whatever the Arr says
    assert headers["Cache-Control"] == "private, max-age=86400"
    assert arr.asked == [("/radarr/api/v3/mediacover/1/poster-250.jpg", "k1")]
    assert (await poster(client))[0] == PICTURE
    await poster(client, status=304, headers={"If-None-Match": headers["ETag"]})
    assert len(arr.asked) == 1


async def test_each_kind_of_arr_has_its_own_path(client, arr):
    await poster(client, "tv%2Fanime/posters/2")
    await poster(client, "Lidarr/posters/1")
    assert arr.asked == [
        ("/sonarr/api/v3/mediacover/2/poster-250.jpg", "k3"),
        ("/lidarr/api/v1/mediacover/artist/1/poster-250.jpg", "k4"),
    ]


@pytest.mark.parametrize("number", ["99", "0", "1e3", "..%2F..%2Fsystem", "http:%2F%2Felsewhere", "9" * 30, "%D9%A1"])
async def test_only_what_the_library_lists_is_asked_for(client, arr, number):
    assert (await get(client, f"/web/arr/movies/posters/{number}", 404))["code"] == "NOT_FOUND"
    assert arr.asked == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", PICTURE[:8] + bytes(1 << 20)],
)
async def test_what_is_no_picture_or_too_large_does_not_pass(client, arr, time, body):
    arr.body = body
    await poster(client, status=404)
    await poster(client, status=404)
    assert len(arr.asked) == 1  # that there is none is kept too
    arr.body = PICTURE
    time[0] = posters.KEPT_SECONDS
    await poster(client)


async def test_without_a_poster_there_is_none_and_others_are_still_asked_for(client, arr):
    arr.status = 404
    await poster(client, status=404)
    arr.status = 200
    await poster(client, "movies/posters/2")


@pytest.mark.parametrize("status", [401, 500, 503])
async def test_an_arr_that_fails_is_left_alone_for_a_minute(client, arr, time, status):
    arr.status = status
    await poster(client, status=404)
    await poster(client, "movies/posters/2", status=404)
    assert len(arr.asked) == 1
    time[0] = posters.QUIET_SECONDS
    arr.status = 200
    await poster(client, "movies/posters/2")


async def test_the_posters_that_are_kept_have_a_bound(client, arr, context, monkeypatch):
    monkeypatch.setattr(posters, "MOST_BYTES", 2 * len(PICTURE) + 2000)
    for number in (1, 2, 3, 1, 3):
        await poster(client, f"movies/posters/{number}")
    asked = [path.split("/")[-2] for path, _ in arr.asked]
    assert asked == ["1", "2", "3", "1"]  # the first went when the third came; the third stayed
