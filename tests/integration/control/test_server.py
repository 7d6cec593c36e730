"""Listening where the configuration says, or on a socket that is already open."""

import asyncio
import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import aiohttp
import pytest
from structlog.testing import capture_logs

from control import binding
from control.server import serve
from control.web.sockets import listen
from qbitrr.errors import ListenError
from tests.support.ports import HOST, free_port


@contextmanager
def _listening(host, port):
    with ExitStack() as stack:
        yield [stack.enter_context(listener) for listener in listen(host, port)]


async def _status(url):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/web/status") as response:
        return response.status


async def test_it_listens_where_the_configuration_says(context):
    port = free_port()
    with _listening(HOST, port) as listeners:
        async with serve(context, listeners):
            assert await _status(f"http://{HOST}:{port}") == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await _status(f"http://{HOST}:{port}")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
async def test_all_addresses_are_those_of_both_versions(context):
    port = free_port()
    with _listening("::", port) as listeners:
        async with serve(context, listeners):
            assert await _status(f"http://127.0.0.1:{port}") == 200
            assert await _status(f"http://[::1]:{port}") == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: qbitrr_session=hunter2; other=\x01",
        b"GET /?token=hunter2 HTTP/9",
        b"GET / HTTP/1.1\r\nAuthorization : Bearer hunter2",
        b"hunter2 / HTTP/1.1",
    ],
)
async def test_a_head_that_cannot_be_read_is_not_repeated_in_the_log(context, caplog, head):
    with socket.create_server((HOST, 0)) as listener, capture_logs() as logged:
        async with serve(context, [listener]):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(head + b"\r\n\r\n")
            assert b" 400 " in await reader.readline()
            await reader.read()
            writer.close()
    assert "request could not be read" in {line["event"] for line in logged}
    assert "hunter2" not in f"{logged} {caplog.text}"


@pytest.mark.parametrize("path", [b"/web/arr/rebuild", b"/nothing"])
async def test_an_expectation_that_cannot_be_met_is_answered_in_the_envelope(context, path):
    with socket.create_server((HOST, 0)) as listener:
        async with serve(context, [listener]):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(
                b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n"
            )
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
    assert head.startswith(b"HTTP/1.1 417 ")
    assert b"Connection: close" in head
    answer = json.loads(body)
    assert answer["code"] == "EXPECTATION_FAILED"
    assert "100-continue" in answer["error"]
    assert context.workers.calls == []


async def test_it_serves_on_a_socket_that_is_already_open(context):
    with socket.create_server((HOST, 0)) as listener:
        async with serve(context, [listener]):
            assert await _status(f"http://{HOST}:{listener.getsockname()[1]}") == 200


async def test_a_request_between_two_servers_waits_for_the_next_one(context):
    with socket.create_server((HOST, 0)) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        async with serve(context, [listener]):
            assert await _status(url) == 200
        waiting = asyncio.ensure_future(_status(url))
        await asyncio.sleep(0)
        async with serve(context, [listener]):
            assert await waiting == 200


async def test_closing_the_context_waits_for_what_its_threads_do(context):
    """A thread that goes on while the process restarts in place would close descriptors that are handed over."""
    started, ended = threading.Event(), []
    of_others = set(threading.enumerate())  # contexts of earlier tests, which are not collected yet

    def work():
        started.set()
        time.sleep(0.2)
        ended.append(True)

    working = [asyncio.ensure_future(queue.in_thread(work)) for queue in (context.files, context.queries)]
    await asyncio.to_thread(started.wait, 5)
    ours = set(threading.enumerate()) - of_others
    before = {thread for thread in ours if thread.name.startswith(("files", "queries"))}
    await asyncio.to_thread(context.close)
    assert len(ended) == len(before) == 2
    assert not any(thread.is_alive() for thread in before)
    await asyncio.gather(*working)


def test_a_port_in_use_is_an_error():
    with socket.create_server((HOST, 0)) as other, pytest.raises(ListenError, match="choose another with"):
        listen(HOST, other.getsockname()[1])


def test_an_unknown_host_is_an_error():
    with pytest.raises(ListenError, match="no-such-host"):
        listen("no-such-host.invalid", free_port())


async def _answer(context, request):
    """Send bytes and read the first line of the answer."""
    with socket.create_server((HOST, 0)) as listener:
        async with serve(context, [listener]):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                writer.write(request)
                return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)
            finally:
                writer.close()
                await writer.wait_closed()


async def test_a_head_that_never_ends_is_cut_off(context, monkeypatch):
    monkeypatch.setattr("control.server._IDLE_SECONDS", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))
    async with serve(context, [listener]):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")

        async def dribble():
            while True:
                writer.write(b"X-More: 1\r\n")
                await asyncio.sleep(0.05)

        dribbling = asyncio.create_task(dribble())
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        dribbling.cancel()
        writer.close()
    listener.close()


async def test_a_body_that_never_ends_is_cut_off(context, monkeypatch):
    monkeypatch.setattr(binding, "BODY_SECONDS", 0.05)
    request = b"POST /web/arr/rebuild HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    assert b" 400 " in await _answer(context, request)
    assert context.workers.calls == []


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /web/status?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /web/status HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET /web/status HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 100 + b"\r\n",
    ],
)
async def test_heads_of_requests_are_bounded(context, request_head):
    assert b" 400 " in await _answer(context, request_head)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_on_its_way_at_the_end_is_answered_by_this_server_or_the_next_one(context, turns):
    with socket.create_server((HOST, 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.settimeout(10)
        async with serve(context, [listener]):
            client.sendall(b"GET /web/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for _ in range(turns):
                await asyncio.sleep(0)
        async with serve(context, [listener]):
            answer = await asyncio.to_thread(client.recv, 4096)
    assert answer.startswith(b"HTTP/1.1 200 OK")
