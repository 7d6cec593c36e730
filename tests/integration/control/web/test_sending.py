"""Large answers to clients that do not read them: bounded in all and for one client, while others are answered."""

import asyncio
import contextlib
import json
import socket

import pytest

from control.server import serve
from control.web import connection_limits, sending
from control.web.budget import Budget
from tests.support.polling import until

LINE = "x" * 99 + "\n"
LOG = LINE * 30_000  # 3 MB


@pytest.fixture
def context(make_context, log_folder):
    (log_folder / "Main.log").write_text(LOG)
    return make_context(answers=Budget("bytes on their way", 8 << 20, 3 << 20))


@pytest.fixture
async def port(context):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with serve(context, [listener]):
            yield listener.getsockname()[1]


@contextlib.asynccontextmanager
async def asking(port, client, path, method="GET"):
    """A client with a small buffer that has sent a request, as reader; it reads nothing by itself."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    connection.bind((client, 0))
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    try:
        yield reader
    finally:
        writer.transport.abort()


async def answer(port, client, path, method="GET"):
    """Status, head and body of an answer that is read."""
    async with asyncio.timeout(20), asking(port, client, path, method) as reader:
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body


LARGEST = "/web/logs/Main.log?limit=50000"


async def test_a_client_that_does_not_read_is_refused_beyond_its_share_and_others_are_answered(port, context):
    async with contextlib.AsyncExitStack() as stack:
        for number in range(2):
            reader = await stack.enter_async_context(asking(port, "127.0.0.2", LARGEST))
            await reader.readuntil(b"\r\n\r\n")
            assert context.answers.used > number << 20
        status, head, body = await answer(port, "127.0.0.2", LARGEST)
        assert (status, json.loads(body)["code"]) == (503, "OVERLOADED")
        assert "Retry-After: 1" in head
        for path in ("/health", "/ready", "/web/status", "/web/logs/Main.log?limit=10"):
            assert (await answer(port, "127.0.0.2", path))[0] == 200
        assert (await answer(port, "127.0.0.3", LARGEST))[0] == 200
    await until(lambda: context.answers.used == 0, 10, lambda: context.answers.used)
    assert (await answer(port, "127.0.0.2", LARGEST))[0] == 200
    assert context.faults.count == 0


async def test_many_slow_clients_have_no_more_than_the_budget_together(port, context):
    async with contextlib.AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(asking(port, f"127.0.1.{n}", LARGEST)) for n in range(1, 41)]
        statuses = [int((await reader.readuntil(b"\r\n\r\n")).split()[1]) for reader in readers]
        assert set(statuses) == {200, 503}
        assert 4 <= statuses.count(200) <= 8
        assert context.answers.used <= 8 << 20
        assert (await answer(port, "127.0.0.2", "/health"))[0] == 200
    await until(lambda: context.answers.used == 0, 10, lambda: context.answers.used)
    assert context.faults.count == 0


async def test_a_large_answer_arrives_whole_and_a_log_has_at_most_a_mebibyte_of_lines(port):
    _, _, body = await answer(port, "127.0.0.2", LARGEST)
    part = json.loads(body)
    assert part["content"] == LINE * part["lines"]
    assert (1 << 20) - len(LINE) < len(part["content"]) <= 1 << 20
    assert part["total_lines"] == 30_000
    _, _, rest = await answer(port, "127.0.0.2", f"{LARGEST}&offset={part['lines']}")
    assert json.loads(rest)["content"].startswith(LINE)


async def test_the_head_of_a_large_answer_is_that_of_the_answer(port, context):
    _, asked, body = await answer(port, "127.0.0.2", LARGEST)
    _, head, nothing = await answer(port, "127.0.0.2", LARGEST, "HEAD")
    assert nothing == b""
    fields = [{line for line in one.splitlines() if not line.startswith("Date")} for one in (asked, head)]
    assert fields[0] == fields[1]
    assert f"Content-Length: {len(body)}" in asked
    assert context.answers.used == 0


async def test_downloads_are_counted_by_what_is_on_its_way(port, context):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(24):
            reader = await stack.enter_async_context(asking(port, "127.0.0.2", "/web/logs/Main.log/download"))
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        assert context.answers.used == 3 << 20
        assert (await answer(port, "127.0.0.2", "/web/logs/Main.log/download"))[0] == 503
        assert (await answer(port, "127.0.0.3", "/web/logs/Main.log/download"))[2] == LOG.encode()
    await until(lambda: context.answers.used == 0, 10, lambda: context.answers.used)
    assert context.faults.count == 0  # a client that is gone is none


async def test_a_client_that_never_reads_loses_its_share(port, context, monkeypatch):
    monkeypatch.setattr(connection_limits, "READING_SECONDS", 0.3)
    async with asking(port, "127.0.0.2", LARGEST) as reader:
        await reader.readuntil(b"\r\n\r\n")
        await until(lambda: context.answers.used == 0, 10, lambda: context.answers.used)


async def test_bodies_that_are_large_or_of_unknown_size_are_counted_while_they_are_read(port, context):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            stack.callback(writer.close)
            writer.write(b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
        await until(lambda: context.bodies.used == 2 << 20, 10, lambda: context.bodies.used)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        stack.callback(writer.close)
        writer.write(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
        assert b" 503 " in await reader.readuntil(b"\r\n")
        for client in ("127.0.0.2", "127.0.0.3"):
            assert (await answer(port, client, "/web/arr/rebuild", "POST"))[0] == 200
    await until(lambda: context.bodies.used == 0, 10, lambda: context.bodies.used)


async def test_memory_of_the_start_is_returned_once(monkeypatch):
    released = []
    monkeypatch.setattr(sending, "_QUIET_SECONDS", 0.0)
    monkeypatch.setattr(sending, "release_memory", lambda: released.append(True))
    budget = Budget("bytes on their way", 8 << 20, 3 << 20)
    task = asyncio.create_task(sending.release_memory_after_bursts(budget))
    await until(lambda: released, 5, "memory to be released")
    for _ in range(100):  # many looks later
        await asyncio.sleep(0)
    assert released == [True]
    task.cancel()
