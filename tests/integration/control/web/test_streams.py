"""Streams: events with ids and replay, log lines across rotation, downloads and searches."""

import asyncio
import contextlib
import json

import pytest

from control.events import Events
from control.log_files import line_index, reader
from control.log_files import tail as logfollow
from control.web import sse
from qbitrr.clock import Clock
from tests.integration.control.asking import get
from tests.support.polling import until


async def message(response):
    """The next message of a stream, as its fields; comments are left out."""
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


async def listening(context):
    await until(lambda: context.events.followers, 5, lambda: "nobody listens")


async def test_what_happens_is_told_with_an_id(client, context):
    async with client.get("/web/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        await listening(context)
        context.events.publish("config", {"a": 1})
        told = await message(response)
    assert (told["event"], json.loads(told["data"])) == ("config", {"a": 1})


async def test_who_comes_back_gets_what_was_missed(client, context):
    for number in range(5):
        context.events.publish("n", number)
    second = context.events.since(f"{context.events._run}-0")[1].id
    async with client.get("/web/events", headers={"Last-Event-ID": second}) as response:
        assert [(await message(response))["data"] for _ in range(3)] == ["2", "3", "4"]


@pytest.mark.parametrize("last", ["another-3", "nonsense", "-", "x-\u0661"])
async def test_who_cannot_be_told_what_was_missed_is_told_to_read_again(client, context, last):
    async with client.get("/web/events", params={"after": last}) as response:
        assert (await message(response))["event"] == "reset"


def test_only_the_last_events_are_kept(monkeypatch):
    events = Events(Clock())
    for number in range(1500):
        events.publish("n", number)
    run = events._run
    assert len(events.since(f"{run}-500")) == 1000
    assert events.since(f"{run}-499") is None
    assert events.since(f"{run}-1500") == []
    assert events.since(f"{run}-1501") is None


async def test_a_follower_that_is_too_far_behind_is_let_go():
    events = Events(Clock())
    with events.follow() as slow, events.follow() as quick:
        for number in range(300):
            events.publish("n", number)
            assert (await quick.next(1)).data == str(number).encode()
        got = []
        while (event := await slow.next(1)) is not None:
            got.append(event)
        assert 0 < len(got) < 300


async def test_there_are_only_so_many_streams(client, context, monkeypatch):
    monkeypatch.setattr(sse, "MOST_STREAMS", 2)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(client.get("/web/events"))
        assert (await get(client, "/web/events", 503))["code"] == "NOT_READY"


async def test_log_lines_arrive_as_they_are_written(client, log_folder):
    file = log_folder / "Main.log"
    file.write_text("one\ntwo\n")
    async with client.get("/web/logs/Main.log/stream?last=1") as response:
        assert (await message(response))["data"] == "two"
        with file.open("a") as out:
            out.write("three\nfour\nunfin")
        assert (await message(response))["data"] == "three\nfour"
    await get(client, "/web/logs/nothing.log/stream", 404)


def drained(tail):
    lines = b""
    for _ in range(6):
        lines += tail.read()
    return lines


def test_a_follower_loses_no_line_when_files_rotate(tmp_path):
    file = tmp_path / "Main.log"
    file.write_bytes(b"1\n")
    tail = logfollow.Tail(tmp_path, "Main.log", last_lines=10)
    try:
        assert drained(tail) == b"1\n"
        with file.open("ab") as out:
            out.write(b"2\n")
        file.rename(tmp_path / "Main.log.1")
        file.write_bytes(b"3\n")
        (tmp_path / "Main.log.1").rename(tmp_path / "Main.log.2")
        file.rename(tmp_path / "Main.log.1")
        file.write_bytes(b"4\n")
        assert drained(tail) == b"2\n3\n4\n"
    finally:
        tail.close()


def test_a_follower_goes_on_after_the_file_was_cut_off(tmp_path):
    file = tmp_path / "Main.log"
    file.write_bytes(b"long line\n")
    tail = logfollow.Tail(tmp_path, "Main.log")
    try:
        assert drained(tail) == b""
        file.write_bytes(b"new\n")
        assert drained(tail) == b"new\n"
    finally:
        tail.close()


async def test_the_whole_file_can_be_had(client, log_folder):
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


def test_a_search_ends_in_time_and_says_where(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "SEARCH_SECONDS", 0.0)
    monkeypatch.setattr(reader, "_SEARCH_BLOCK_BYTES", 100)
    monkeypatch.setattr(reader, "CHUNK_BYTES", 100)
    (tmp_path / "Main.log").write_bytes(b"x\n" * 1000)
    seen, first = 0, 0
    while True:
        found = reader.search(tmp_path, "Main.log", "x", first=first, most=1000)
        seen += len(found.matches)
        if found.complete:
            break
        assert found.next_line > first
        first = found.next_line
    assert seen == 1000


def test_the_index_follows_a_file_that_grows_and_one_that_is_replaced_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(line_index, "_EVERY_LINES", 3)
    file = tmp_path / "Main.log"
    for content in (b"", b"a\nb\n", b"a\nb\n" + b"c\n" * 20, b"z\n" * 30, b"y\n"):
        file.write_bytes(content)
        lines = content.splitlines(keepends=True)
        for first in range(len(lines) + 2):
            part = reader.read(tmp_path, "Main.log", first=first, most=2)
            assert (part.text.encode(), part.total_lines) == (b"".join(lines[first : first + 2]), len(lines))


@pytest.mark.parametrize("path", ["events", "logs/Main.log/stream", "logs/Main.log/download"])
async def test_a_head_of_a_stream_ends_at_once(client, log_folder, path):
    (log_folder / "Main.log").write_text("a\n" * 100)
    async with asyncio.timeout(5), client.head(f"/web/{path}") as response:
        assert response.status == 200
        assert await response.read() == b""
    assert (await get(client, "/web/status"))["ready"] is True
