import asyncio
import gc
import socket
from contextlib import suppress

import aiohttp
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, EmptyLists, HalfAnswer, Hang, Status, WrongCredentials
from tests.support.polling import until
from tests.support.ports import HOST

MOVIE, QUEUE, STATUS = "/api/v3/movie", "/api/v3/queue", "/api/v3/system/status"


@pytest.fixture
async def radarr(ask):
    async with Sandbox([Section("Radarr", "radarr", 30)]) as sandbox:
        stand_in = sandbox.arrs["Radarr"]
        ask.headers["X-Api-Key"] = stand_in.api_key
        yield stand_in


async def test_requests_are_remembered_and_counted_by_route(radarr, ask):
    await ask("GET", f"{radarr.url}/api/v3/moviefile?movieId=1&movieId=2")
    await ask("GET", f"{radarr.url}/api/v3/movie/3")
    await ask("GET", f"{radarr.url}/api/v3/movie/4")
    await ask("POST", f"{radarr.url}/api/v3/command", json={"name": "RssSync"})
    first, *_, last = radarr.requests
    assert (first.method, first.path, first.query) == ("GET", "/api/v3/moviefile", (("movieId", "1"), ("movieId", "2")))
    assert (first.body, last.body) == (None, {"name": "RssSync"})
    assert radarr.counts == {
        "GET /api/v3/moviefile": 1,
        "GET /api/v3/movie/{id}": 2,
        "POST /api/v3/command": 1,
    }


async def test_forms_and_bodies_without_sense_are_remembered(radarr, ask):
    await ask("POST", f"{radarr.url}/nowhere", data={"a": "1"})
    await ask.session.post(f"{radarr.url}/nowhere", data=b"{", headers={"Content-Type": "application/json"})
    assert [seen.body for seen in radarr.requests] == [{"a": "1"}, None]


async def test_down_refuses_connections_and_comes_back_on_the_same_port(radarr, ask):
    port = radarr.port
    await ask("GET", radarr.url + STATUS)  # leaves an open connection behind
    await radarr.fail(Down())
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask("GET", radarr.url + STATUS)
    await radarr.heal()
    assert radarr.port == port
    assert (await ask("GET", radarr.url + STATUS))[0] == 200


async def test_hang_never_answers_until_it_is_over(radarr, ask):
    await radarr.fail(Hang())
    # aiohttp repeats a GET whose connection breaks
    waiting = asyncio.create_task(ask("POST", f"{radarr.url}/api/v3/command", json={"name": "RssSync"}))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.3)
    await radarr.heal()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await waiting
    assert (await ask("GET", radarr.url + STATUS))[0] == 200


async def test_what_hangs_does_not_keep_it_from_stopping(radarr, ask):
    await radarr.fail(Hang())
    waiting = asyncio.create_task(ask("GET", radarr.url + STATUS))
    await until(lambda: len(radarr.requests), 5, "the request has come in")
    async with asyncio.timeout(2):
        await radarr.stop()
    with pytest.raises(aiohttp.ClientError):
        await waiting


@pytest.mark.parametrize(("fault", "retry_after"), [(Status(500), None), (Status(429, retry_after=30), "30")])
async def test_an_error_status_can_be_sent(radarr, ask, fault, retry_after):
    await radarr.fail(fault)
    async with ask.session.get(radarr.url + STATUS, headers=ask.headers) as response:
        assert response.status == fault.status
        assert response.headers.get("Retry-After") == retry_after


@pytest.mark.parametrize("path", [MOVIE, STATUS])
async def test_half_an_answer_breaks_off(radarr, ask, path):
    await radarr.fail(HalfAnswer())
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask("GET", radarr.url + path)
    await radarr.heal()
    assert (await ask("GET", radarr.url + path))[0] == 200


async def test_empty_lists_look_like_a_lost_database(radarr, ask):
    await radarr.fail(EmptyLists())
    assert await ask("GET", radarr.url + MOVIE) == (200, [])
    _, page = await ask("GET", radarr.url + QUEUE)
    assert (page["records"], page["totalRecords"]) == ([], 0)
    _, status = await ask("GET", radarr.url + STATUS)
    assert status["appName"] == "Radarr"


async def test_wrong_credentials_are_rejected(radarr, ask):
    await radarr.fail(WrongCredentials())
    assert (await ask("GET", radarr.url + STATUS))[0] == 401
    await radarr.heal()
    assert (await ask("GET", radarr.url + STATUS))[0] == 200


async def test_one_route_can_fail_alone(radarr, ask):
    await radarr.fail(Status(503), "GET /api/v3/queue")
    assert (await ask("GET", radarr.url + QUEUE))[0] == 503
    assert (await ask("GET", radarr.url + STATUS))[0] == 200


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_on_its_way_at_the_end_is_closed(radarr, turns):
    with socket.create_connection((HOST, radarr.port)) as client:
        client.settimeout(10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(turns):
            await asyncio.sleep(0)
        await radarr.stop()
        gc.collect()  # a connection that is left open is a ResourceWarning
        with suppress(ConnectionResetError):
            while await asyncio.to_thread(client.recv, 4096):
                pass
