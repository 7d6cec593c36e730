"""The push channel: on the sandbox's hub, and on servers that say one thing or another."""

import asyncio
import json
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from qbitrr.arr import signalr
from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.signalr import subscribed
from qbitrr.errors import (
    CredentialsRejectedError,
    GoneError,
    RefusedError,
    ThrottledError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.http.client import Timeouts
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status

KEY = "the-key-of-the-arr"
END = signalr.END_OF_RECORD
QUICK = Timeouts(connect_seconds=0.5, silence_seconds=0.5, attempts=1)
MOVIE = {"name": "movie", "body": {"action": "updated", "resource": {"id": 7}}}


def invocation(argument):
    return json.dumps({"type": 1, "target": "receiveMessage", "arguments": [argument]})


def of(name, action, resource):
    return name, action, msgspec.json.decode(resource)


async def all_of(client):
    async with subscribed(client) as messages:
        return [message async for message in messages]


@asynccontextmanager
async def arr(uri, key=KEY):
    client = ArrClient("Radarr", KINDS["radarr"], uri, key, timeouts=QUICK)
    try:
        yield client
    finally:
        await client.close()


async def status(_request):
    return web.json_response({"appName": "Radarr", "version": "6.1.0"})


@asynccontextmanager
async def hub(*says, greeting="{}" + END):
    """A client of a server that sends these texts after the greeting; what it got is in the list beside."""
    got = []

    async def handle(request):
        got.append((request.path_qs, request.headers.get("X-Api-Key")))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        got.append(await socket.receive_str())
        for text in (greeting, *says):
            await socket.send_str(text)
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            got.append(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/base/api/v3/system/status", status)
    app.router.add_get("/base/signalr/messages", handle)
    async with TestServer(app) as server, arr(str(server.make_url("/base"))) as client:
        yield client, got


async def test_the_hub_of_the_sandbox_publishes_changes():
    async with Sandbox([Section("Radarr", "radarr", 5)], has_past=False) as sandbox:
        stand_in = sandbox.arrs["Radarr"]
        async with arr(f"{stand_in.url}/", stand_in.api_key) as client, subscribed(client) as messages:
            stand_in.arr.edited(3)
            stand_in.arr.delete(4)
            name, action, resource = await anext(messages)
            assert (name, action, msgspec.json.decode(resource)["title"]) == (
                "movie",
                "updated",
                stand_in.arr.collection.items[3].title,
            )
            assert of(*await anext(messages)) == ("movie", "deleted", {"id": 4})
            await stand_in.hub.close("restarting")
            with pytest.raises(UnreachableError, match="restarting"):
                await anext(messages)


async def test_the_key_is_sent_as_a_header_and_the_protocol_is_named():
    async with hub(invocation(MOVIE) + END) as (client, got):
        async with subscribed(client) as messages:
            assert of(*await anext(messages)) == ("movie", "updated", {"id": 7})
        assert got[0] == ("/base/signalr/messages", KEY)
        assert got[1] == '{"protocol":"json","version":1}' + END


@pytest.mark.parametrize(
    "says",
    [
        (invocation(MOVIE) + END + invocation(MOVIE) + END,),
        (invocation(MOVIE)[:20], invocation(MOVIE)[20:] + END + '{"type":6}', END, invocation(MOVIE) + END),
        ('{"type":6}' + END, '{"type":3,"invocationId":"1","result":5}' + END, *[invocation(MOVIE) + END] * 2),
        (invocation({"name": "version", "body": {"version": "5"}}) + END, *[invocation(MOVIE) + END] * 2),
        (invocation("unknown") + END, invocation({"name": 7}) + END, *[invocation(MOVIE) + END] * 2),
        ('{"type":1,"target":"other","arguments":[{}]}' + END, *[invocation(MOVIE) + END] * 2),
    ],
)
async def test_records_are_found_however_they_are_sent_and_others_are_passed_over(says):
    async with hub(*says) as (client, _), subscribed(client) as messages:
        found = []
        while len(found) < 2:
            found.append(of(*await anext(messages)))
        assert found == [("movie", "updated", {"id": 7})] * 2


async def test_a_message_without_a_resource_has_null():
    says = invocation({"name": "queue", "body": {"action": "sync"}}) + END
    async with hub(says) as (client, _), subscribed(client) as messages:
        assert of(*await anext(messages)) == ("queue", "sync", None)


@pytest.mark.parametrize(
    ("greeting", "says", "error"),
    [
        ('{"error":"no such protocol"}' + END, (), UnexpectedAnswerError),
        ("<html>" + END, (), UnexpectedAnswerError),
        ("{}" + END, ('{"type":7,"error":"going down"}' + END,), UnreachableError),
        ("{}" + END, ("nonsense" + END,), UnexpectedAnswerError),
        ("{}" + END, ("x" * (3 << 20), "x" * (3 << 20)), UnexpectedAnswerError),
        ("{}" + END, ("x" * (5 << 20),), UnreachableError),
    ],
)
async def test_it_ends_with_an_error_that_names_the_cause(greeting, says, error):
    async with hub(*says, greeting=greeting) as (client, _):
        with pytest.raises(error) as raised:
            await all_of(client)
        assert KEY not in str(raised.value)


async def test_a_ping_is_sent_in_time_and_silence_is_an_end(monkeypatch):
    monkeypatch.setattr(signalr, "_PING_SECONDS", 0.05)
    monkeypatch.setattr(signalr, "_SILENCE_SECONDS", 0.3)
    async with hub() as (client, got), subscribed(client) as messages:
        with pytest.raises(UnreachableError, match="no sign of life"):
            await anext(messages)
        assert got.count('{"type":6}' + END) >= 3


@pytest.mark.parametrize(
    ("status_code", "headers", "error"),
    [
        (401, {}, RefusedError),
        (404, {}, GoneError),
        (200, {}, UnexpectedAnswerError),
        (302, {"Location": "/login?apikey=secret"}, UnexpectedAnswerError),
        (400, {}, RefusedError),
        (429, {"Retry-After": "90"}, ThrottledError),
    ],
)
async def test_what_is_answered_in_place_of_a_websocket_says_nothing_of_the_api(status_code, headers, error):
    asked = []

    async def handle(request):
        asked.append(request.path)
        return web.Response(status=status_code, headers=headers)

    app = web.Application()
    app.router.add_get("/api/v3/system/status", status)
    app.router.add_get("/{rest:.*}", handle)
    async with TestServer(app) as server, arr(str(server.make_url("/"))) as client:
        with pytest.raises(error) as raised:
            await all_of(client)
        assert "secret" not in str(raised.value)
        assert asked == ["/signalr/messages"]
        assert (await client.status()).app_name == "Radarr"


async def test_the_hub_is_not_asked_with_a_key_that_the_api_refused():
    asked = []

    async def handle(request):
        asked.append(request.path)
        return web.Response(status=401)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with TestServer(app) as server, arr(str(server.make_url("/"))) as client:
        for call in (all_of(client), client.status(), client.sync_rss(), client.mark_failed(1), client.blocklist(1)):
            with pytest.raises(CredentialsRejectedError):
                await call
    assert asked == ["/api/v3/system/status"]


async def test_of_a_change_that_is_pushed_for_two_versions_of_the_api_only_the_older_one_is_read():
    of_version_5 = {**MOVIE, "body": {"action": "updated", "resource": {"id": 8}}, "version": 5}
    says = [invocation(one) + END for one in (MOVIE | {"version": 3}, of_version_5, MOVIE)]
    async with hub(*says) as (client, _), subscribed(client) as messages:
        assert [of(*await anext(messages)) for _ in range(2)] == [("movie", "updated", {"id": 7})] * 2


async def test_a_wrong_key_is_sent_once_however_many_ask_at_the_same_time():
    async with Sandbox([Section("Radarr", "radarr", 5)], has_past=False) as sandbox:
        stand_in = sandbox.arrs["Radarr"]
        async with arr(stand_in.url, "wrong") as client:
            calls = [client.queue(), client.status(), client.sync_rss(), all_of(client), client.refresh_downloads()]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [CredentialsRejectedError] * len(calls)
        assert stand_in.counts.total() == 1


async def test_an_unreachable_one_fails_every_waiting_call_and_is_asked_again_later():
    async with Sandbox([Section("Radarr", "radarr", 5)], has_past=False) as sandbox:
        stand_in = sandbox.arrs["Radarr"]
        async with arr(stand_in.url, stand_in.api_key) as client:
            await stand_in.fail(Status(500))
            with pytest.raises(RefusedError):
                await client.status()
            await stand_in.stop()
            outcomes = await asyncio.gather(client.queue(), client.status(), return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [UnreachableError] * 2
            await stand_in.heal()
            assert len(await asyncio.gather(*(client.status() for _ in range(5)))) == 5
