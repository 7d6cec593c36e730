import asyncio
import time
from email.utils import formatdate

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from qbitrr.backoff import Backoff
from qbitrr.errors import (
    CredentialsRejectedError,
    GoneError,
    RefusedError,
    ThrottledError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.http import counters
from qbitrr.http.client import HttpClient, Timeouts

QUICK = Timeouts(
    connect_seconds=0.5,
    silence_seconds=0.3,
    answer_seconds=1.0,
    first_byte_seconds=1.5,
    backoff=Backoff(first_seconds=0.01, limit_seconds=0.02),
)


class Thing(msgspec.Struct):
    id: int


@pytest.fixture
async def service():
    """A service that answers `reply`, and the requests it got."""

    class Service:
        def __init__(self):
            self.requests = []
            self.reply = lambda request: web.json_response([])

        async def handle(self, request):
            self.requests.append((request.method, request.path_qs, await request.read()))
            answer = self.reply(request)
            return await answer if asyncio.iscoroutine(answer) else answer

    service = Service()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", service.handle)
    async with (
        TestServer(app) as server,
        HttpClient("Radarr-4K", str(server.make_url("/base/")), timeouts=QUICK) as http,
    ):
        service.http = http
        yield service


async def test_answers_are_decoded_into_types_and_the_path_of_the_address_is_kept(service):
    service.reply = lambda _: web.json_response([{"id": 1, "more": "is ignored"}])
    assert await service.http.get("thing", list[Thing], ids=[1, 2], flag=True, nothing=None) == [Thing(1)]
    assert service.requests[0][1] == "/base/thing?ids=1&ids=2&flag=true"


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        ({"status": 401}, CredentialsRejectedError, "not accepted"),
        ({"status": 404}, GoneError, "status 404"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, ThrottledError, "status 429"),
        ({"status": 503, "headers": {"Retry-After": "7"}}, ThrottledError, "status 503"),
        ({"status": 503}, RefusedError, "status 503"),
        ({"status": 500, "text": "secret stack"}, RefusedError, "status 500"),
        ({"status": 302, "headers": {"Location": "https://x/login?token=1"}}, UnexpectedAnswerError, "redirects"),
        ({"status": 302, "headers": {"Location": "https://me:hush@x/login"}}, UnexpectedAnswerError, "https://x/login"),
        ({"text": "<html>login</html>"}, UnexpectedAnswerError, "GET thing"),
        ({"text": '{"id": "one"}'}, UnexpectedAnswerError, "Expected `int`, got `str`"),
    ],
)
async def test_every_failure_has_a_class_of_its_own_and_names_the_call(service, response, error, text):
    service.reply = lambda _: web.Response(**response)
    with pytest.raises(error, match=text) as caught:
        await service.http.get("thing", Thing, apikey="hush")
    assert str(caught.value).startswith("Radarr-4K: GET thing")
    assert "hush" not in str(caught.value)
    assert "token=1" not in str(caught.value)
    assert "stack" not in str(caught.value)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("86400", 86400), (str(10**12), 86400), ("9" * 400, 86400), ("²", 60), ("-1", 60), ("soon", 60)],
)
async def test_the_time_to_wait_is_that_of_the_answer_and_a_day_at_most(service, retry_after, seconds):
    service.reply = lambda _: web.Response(status=429, headers={"Retry-After": retry_after})
    with pytest.raises(ThrottledError) as caught:
        await service.http.get("thing", Thing)
    assert caught.value.retry_after_seconds == seconds


async def hang(_request):
    await asyncio.sleep(30)


async def test_the_attempts_at_a_service_that_never_answers_are_bounded(service):
    service.reply = hang
    with pytest.raises(UnreachableError, match="no answer in time"):
        await service.http.get("thing", Thing)
    assert len(service.requests) == QUICK.attempts


async def test_a_change_that_may_have_been_sent_is_not_sent_again(service):
    service.reply = hang
    with pytest.raises(UnreachableError):
        await service.http.post("command", Thing, {"name": "X"})
    assert len(service.requests) == 1


async def test_a_change_that_was_never_sent_is_tried_again():
    port = unused_port()
    got = []

    async def handle(request):
        got.append(await request.json())
        return web.json_response({"id": 1})

    app = web.Application()
    app.router.add_post("/command", handle)
    server = TestServer(app, port=port)
    failed = asyncio.Event()
    backoff = Backoff(first_seconds=0.05, limit_seconds=0.05, rng=lambda: failed.set() or 1.0)
    timeouts = Timeouts(attempts=20, backoff=backoff)
    async with HttpClient("Radarr", f"http://127.0.0.1:{port}", timeouts=timeouts) as http:
        sending = asyncio.create_task(http.post("command", Thing, {"name": "X"}))
        await failed.wait()
        async with server:
            assert await sending == Thing(1)
    assert got == [{"name": "X"}]


async def test_an_address_without_a_service_is_unreachable():
    async with HttpClient("Radarr", f"http://127.0.0.1:{unused_port()}", timeouts=QUICK) as http:
        with pytest.raises(UnreachableError, match="GET thing"):
            await http.get("thing", Thing)


@pytest.mark.parametrize("address", ["http://", "no-scheme:77", "http://bad host/"])
async def test_an_invalid_address_is_unreachable_and_reported_as_invalid(address):
    async with HttpClient("Radarr", address, timeouts=QUICK) as http:
        with pytest.raises(UnreachableError):
            await http.get("thing", Thing)


async def collect(http):
    return [thing.id async for some in http.items("thing", Thing) for thing in some]


async def test_a_long_list_comes_in_parts(service):
    service.reply = lambda _: web.json_response([{"id": i, "padding": "x" * 500} for i in range(1000)])
    assert await collect(service.http) == list(range(1000))


@pytest.mark.parametrize("body", ['[{"id": 1}, {"id"', "<html>", '{"id": 1}', '[{"id": "x"}]'])
async def test_half_a_list_is_an_error_and_never_a_short_list(service, body):
    service.reply = lambda _: web.Response(text=body)
    with pytest.raises(UnexpectedAnswerError):
        await collect(service.http)


async def computed_for_long(_request):
    await asyncio.sleep(2 * QUICK.silence_seconds)
    return web.json_response([{"id": 1}])


async def test_a_list_that_is_computed_for_long_is_waited_for_and_asked_for_once(service):
    service.reply = computed_for_long
    with pytest.raises(UnreachableError):
        await service.http.get("thing", list[Thing])
    service.requests.clear()
    assert await collect(service.http) == [1]
    assert len(service.requests) == 1
    assert counters.of_process.first_byte_seconds["thing"] >= 2 * QUICK.silence_seconds


async def test_a_list_whose_first_byte_never_comes_is_given_up_and_not_asked_for_again(service):
    service.reply = hang
    with pytest.raises(UnreachableError, match="no answer in time"):
        await collect(service.http)
    assert len(service.requests) == 1


async def test_a_list_that_stops_in_the_middle_is_cut_off(service):
    async def stopping(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'[{"id": 1}')
        await asyncio.sleep(30)
        return response

    service.reply = stopping
    with pytest.raises(UnreachableError, match="no answer in time"):
        await collect(service.http)


async def test_a_list_that_breaks_off_is_unreachable(service):
    async def broken(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'[{"id": 1}')
        request.transport.close()
        return response

    service.reply = broken
    with pytest.raises(UnreachableError):
        await collect(service.http)


async def test_an_answer_that_never_ends_is_cut_off(service):
    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    service.reply = drip
    with pytest.raises(UnreachableError, match="no answer in time"):
        await service.http.get("thing", Thing)


@pytest.mark.parametrize("ahead_seconds", [3 * 86400, -3600, 0])
async def test_the_clock_of_a_service_is_compared_with_ours(service, ahead_seconds):
    date = formatdate(time.time() + ahead_seconds, usegmt=True)
    service.reply = lambda _: web.json_response([], headers={"Date": date})
    await service.http.get("thing", list[Thing])
    assert service.http.clock_ahead_seconds == pytest.approx(ahead_seconds, abs=60)


@pytest.mark.parametrize("headers", [{"Date": "soon"}, {"Date": ""}, {}])
async def test_a_service_that_does_not_say_what_time_it_is_has_ours(service, headers):
    service.reply = lambda _: web.json_response([], headers=headers)
    await service.http.get("thing", list[Thing])
    assert service.http.clock_ahead_seconds == pytest.approx(0, abs=60)
