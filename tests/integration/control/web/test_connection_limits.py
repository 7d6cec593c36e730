"""Clients that are silent within a request are disconnected, and there are never too many connections."""

import asyncio
import json
import socket

import pytest

from control.server import serve
from control.web import connection_limits
from tests.support.polling import until

GET = b"GET /web/status HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
async def port(context, monkeypatch):
    monkeypatch.setattr(connection_limits, "REQUEST_SECONDS", 1.5)
    monkeypatch.setattr(connection_limits, "READING_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with serve(context, [listener]):
            yield listener.getsockname()[1]


async def end_of(reader):
    """Read until the server closes the connection."""
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("sent", [b"", b"G", GET, GET + b"X: y\r\n"])
async def test_a_client_without_a_whole_request_is_disconnected(port, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await end_of(reader) == b""
    writer.close()


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"nonsense\r\n\r\n", GET + b"X: " + b"y" * 9000])
async def test_bytes_that_are_no_request_are_answered_like_every_error(port, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    head, _, body = (await end_of(reader)).partition(b"\r\n\r\n")
    assert b" 400 " in head.partition(b"\r\n")[0]
    assert json.loads(body)["code"] == "BAD_REQUEST"
    writer.close()


async def test_a_client_that_sends_headers_slowly_is_disconnected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drip():
        for number in range(100_000):
            writer.write(f"X-{number}: y\r\n".encode())
            await asyncio.sleep(0.05)

    writer.write(GET)
    dripping = asyncio.create_task(drip())
    assert await end_of(reader) == b""
    dripping.cancel()
    writer.close()


async def test_a_connection_may_be_silent_after_an_answer_but_not_within_the_next_request(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"}")
        await asyncio.sleep(connection_limits.REQUEST_SECONDS * 1.5)
    writer.write(b"GET /")
    assert b"HTTP" not in await end_of(reader)
    writer.close()


async def test_a_client_that_does_not_read_is_disconnected(port, log_folder):
    (log_folder / "Main.log").write_bytes(b"x" * (64 << 20))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, b"GET /web/logs/Main.log/download HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.sleep(connection_limits.READING_SECONDS * 3)
    got = 0
    with client:
        try:
            async with asyncio.timeout(10):
                while chunk := await loop.sock_recv(client, 1 << 20):
                    got += len(chunk)
        except ConnectionResetError:
            pass
    assert got < 64 << 20


async def test_connections_beyond_the_limit_are_answered_503_until_one_is_closed(context, monkeypatch):
    monkeypatch.setattr(connection_limits.ConnectionLimits.__init__, "__defaults__", (3,))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with serve(context, [listener]):
            port = listener.getsockname()[1]
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for reader, writer in opened:
                writer.write(GET + b"\r\n")
                await reader.readuntil(b"}")
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answer = await end_of(reader)
            assert answer.startswith(b"HTTP/1.1 503")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "TOO_MANY_CONNECTIONS"
            writer.close()
            opened.pop()[1].close()

            async def answered():
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(GET + b"Connection: close\r\n\r\n")
                found = await end_of(reader)
                writer.close()
                return found.startswith(b"HTTP/1.1 200")

            await until(answered, 10, "room for one more")
            for _, writer in opened:
                writer.close()
