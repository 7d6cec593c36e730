"""Clients that are silent within a request are disconnected, and there are never too many connections."""

import asyncio
import contextlib
import json
import socket

import pytest

from control import server
from control.server import serve
from control.web import connection_limits
from control.web.sockets import listen_unix
from tests.integration.control.sample import CONFIG
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


@pytest.fixture
async def narrow_port(context, monkeypatch):
    """A server for eight connections, four of one client, with two spare ones."""
    for name, value in {"MOST": 8, "MOST_PER_CLIENT": 4}.items():
        monkeypatch.setattr(server, name, value)
    monkeypatch.setattr(connection_limits, "SPARE", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with serve(context, [listener]):
            yield listener.getsockname()[1]


async def connected(stack, port, address):
    """Connect from an address of this machine: each is a client of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    stack.callback(writer.close)
    return reader, writer


async def answered(port, address, path="/web/status"):
    """Connect, ask and return status and body; the connection is closed."""
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = await connected(stack, port, address)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await end_of(reader)).partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)


async def busy(stack, port, address, count):
    """Open connections that have been answered, and stay open."""
    for _ in range(count):
        reader, writer = await connected(stack, port, address)
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")


async def test_a_client_has_its_share_of_connections_and_others_have_the_rest(narrow_port):
    async with contextlib.AsyncExitStack() as stack:
        await busy(stack, narrow_port, "127.0.0.2", 4)
        status, body = await answered(narrow_port, "127.0.0.2")
        assert (status, body["code"]) == (503, "OVERLOADED")
        assert (await answered(narrow_port, "127.0.0.3"))[0] == 200

    async def answered_again():
        return (await answered(narrow_port, "127.0.0.2"))[0] == 200

    await until(answered_again, 10, "room for one more")


async def test_probes_are_answered_whoever_has_all_connections(narrow_port):
    async with contextlib.AsyncExitStack() as stack:
        for client in ("127.0.0.2", "127.0.0.3"):
            await busy(stack, narrow_port, client, 4)
        for client in ("127.0.0.2", "127.0.0.4"):
            assert (await answered(narrow_port, client))[0] == 503
            assert (await answered(narrow_port, client, "/health"))[1]["status"] == "ok"
            assert (await answered(narrow_port, client, "/ready"))[1]["ready"] is True


async def test_silent_connections_do_not_keep_probes_from_being_answered(narrow_port):
    async with contextlib.AsyncExitStack() as stack:
        silent = [await connected(stack, narrow_port, "127.0.0.2") for _ in range(20)]
        for client in ("127.0.0.2", "127.0.0.3"):
            assert (await answered(narrow_port, client, "/health"))[1]["status"] == "ok"
        assert (await answered(narrow_port, "127.0.0.3"))[0] == 200
        assert [await end_of(reader) for reader, _ in silent[4:10]] == [b""] * 6  # closed for later ones


async def test_a_spare_connection_is_closed_after_one_answer(narrow_port):
    async with contextlib.AsyncExitStack() as stack:
        await busy(stack, narrow_port, "127.0.0.2", 4)
        reader, writer = await connected(stack, narrow_port, "127.0.0.2")
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await end_of(reader)).startswith(b"HTTP/1.1 200")


async def test_a_trusted_proxy_may_have_all_connections(make_context, monkeypatch):
    for name, value in {"MOST": 8, "MOST_PER_CLIENT": 2}.items():
        monkeypatch.setattr(server, name, value)
    context = make_context(
        CONFIG + '[WebUI]\nTrustedProxies = ["127.0.0.9"]\nWebAccess = "open"\nAllowInsecureExposure = true\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with serve(context, [listener]), contextlib.AsyncExitStack() as stack:
            port = listener.getsockname()[1]
            await busy(stack, port, "127.0.0.9", 7)
            assert (await answered(port, "127.0.0.9"))[0] == 200


async def test_the_control_socket_is_answered_whoever_has_all_connections(context, monkeypatch, tmp_path):
    for name in ("MOST", "MOST_PER_CLIENT"):
        monkeypatch.setattr(server, name, 2)
    with socket.create_server(("127.0.0.1", 0)) as listener, listen_unix(tmp_path / "ctl.sock") as control:
        for each in (listener, control):
            each.setblocking(False)
        async with serve(context, [control, listener]), contextlib.AsyncExitStack() as stack:
            await busy(stack, listener.getsockname()[1], "127.0.0.2", 2)
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "ctl.sock"))
            stack.callback(writer.close)
            writer.write(b"GET /web/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"OVERLOADED" not in await end_of(reader)


async def test_a_head_that_is_too_large_is_cut_off_while_it_arrives(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    for number in range(30):
        writer.write(f"X-{number}: ".encode() + b"y" * 8000 + b"\r\n")
    assert await end_of(reader) == b""
    writer.close()


async def test_a_body_is_no_part_of_a_head(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for path in ("/web/arr/rebuild", "/web/nothing", "/web/arr/rebuild"):
        body = b"{" + b" " * 100_000 + b"}"
        writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r".encode())
        await writer.drain()
        writer.write(b"\n" + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if b"Connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert head.startswith(b"HTTP/1.1 404" if path == "/web/nothing" else b"HTTP/1.1 200")
    writer.close()
