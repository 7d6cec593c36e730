"""Streams over HTTP: events with ids and replay, log lines, downloads and searches."""

import asyncio
import contextlib
import json

import pytest

from control.web.budget import Budget
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG
from tests.support.polling import until


async def message(response):
    """Read the next message of a stream, as its fields; comments are left out."""
    fields = {}
    async with asyncio.timeout(5):
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            if name:
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    return fields


async def followed(context):
    await until(lambda: context.events.followers, 5, lambda: "no follower")


async def test_an_event_arrives_with_an_id(client, context):
    async with client.get("/web/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        await followed(context)
        context.events.publish("config", {"a": 1})
        event = await message(response)
    assert (event["event"], json.loads(event["data"])) == ("config", {"a": 1})


async def test_a_client_that_reconnects_receives_what_it_missed(client, context):
    for number in range(5):
        context.events.publish("n", number)
    second = context.events.since(f"{context.events._run}-0")[1].id
    async with client.get("/web/events", headers={"Last-Event-ID": second}) as response:
        assert [(await message(response))["data"] for _ in range(3)] == ["2", "3", "4"]


@pytest.mark.parametrize("last", ["another-3", "nonsense", "-", "x-\u0661", "{run}-" + "9" * 5000])
async def test_a_client_with_an_unknown_id_is_asked_to_read_again(client, context, last):
    last = last.replace("{run}", context.events._run)
    async with client.get("/web/events", params={"after": last}) as response:
        assert (await message(response))["event"] == "reset"


async def test_there_are_only_so_many_streams_and_a_client_has_its_share_of_them(make_context, connect):
    private = {"X-Forwarded-For": "192.168.1.2"}
    config = CONFIG + '[WebUI]\nTrustedProxies = ["127.0.0.1"]\n'
    context = make_context(config, streams=Budget("streams", 3, 2))
    async with connect(context) as client, contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(client.get("/web/events", headers=private))
        answer = await get(client, "/web/events", 503, headers=private)
        assert answer == {"error": "Too many streams; ask again in a moment", "code": "OVERLOADED"}
        other = {"X-Forwarded-For": "192.168.1.3"}
        await stack.enter_async_context(client.get("/web/events", headers=other))
        assert (await get(client, "/web/events", 503, headers={"X-Forwarded-For": "192.168.1.4"}))["code"]


async def test_a_head_holds_no_stream(client, context):
    for _ in range(70):
        async with client.head("/web/events") as response:
            assert response.status == 200
    assert (context.streams.used, context.events.followers) == (0, 0)


async def test_log_lines_arrive_as_they_are_written(client, log_folder):
    file = log_folder / "Main.log"
    file.write_text("one\ntwo\n")
    async with client.get("/web/logs/Main.log/stream?last=1") as response:
        assert (await message(response))["data"] == "two"
        with file.open("a") as out:
            out.write("three\nfour\nunfin")
        assert (await message(response))["data"] == "three\nfour"
    await get(client, "/web/logs/nothing.log/stream", 404)


async def test_a_log_line_cannot_end_its_field_and_forge_an_event(client, log_folder):
    (log_folder / "Main.log").write_bytes(b"one\revent: reset\rdata: forged\r\n")
    async with client.get("/web/logs/Main.log/stream?last=1") as response:
        body = b""
        async with asyncio.timeout(5):
            while b"\n\n" not in body:
                body += await response.content.readany()
    assert body == b"data: one\ndata: event: reset\ndata: data: forged\ndata: \n\n"


async def test_a_whole_file_is_downloaded(client, log_folder):
    (log_folder / "Main.log").write_bytes(b"a\n" * 300_000 + b"end")
    async with client.get("/web/logs/Main.log/download") as response:
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Main.log"
        assert await response.read() == b"a\n" * 300_000 + b"end"
    await get(client, "/web/logs/..%2Fsecret.log/download", 404)


async def test_a_search_finds_lines_with_their_numbers(client, log_folder):
    (log_folder / "Main.log").write_text(
        "".join(f"line {number} {'Ärger' * (number % 5 == 0)}\n" for number in range(20))
    )
    found = await get(client, "/web/logs/Main.log/search?q=ÄRGER&limit=3")
    assert [match["line"] for match in found["matches"]] == [0, 5, 10]
    assert found["complete"] is False
    rest = await get(client, f"/web/logs/Main.log/search?q=ärger&offset={found['next_offset']}")
    assert ([match["line"] for match in rest["matches"]], rest["complete"]) == ([15], True)
    await get(client, "/web/logs/Main.log/search", 400)
    await get(client, "/web/logs/nothing.log/search?q=x", 404)


@pytest.mark.parametrize("path", ["events", "logs/Main.log/stream", "logs/Main.log/download"])
async def test_a_head_of_a_stream_ends_at_once(client, log_folder, path):
    (log_folder / "Main.log").write_text("a\n" * 100)
    async with asyncio.timeout(5), client.head(f"/web/{path}") as response:
        assert response.status == 200
        assert await response.read() == b""
    assert (await get(client, "/web/status"))["ready"] is True
