"""Messages through Apprise."""

import asyncio
import errno
import http.server
import json
import threading
from contextlib import contextmanager
from unittest.mock import AsyncMock

import pytest
from apprise.plugins.custom_json import NotifyJSON
from structlog.testing import capture_logs

from control import apprise_process
from control.apprise_process import Sent
from control.apprise_sender import send_by_apprise
from control.handlers import notifications
from control.message_text import Link, Strong, body_of
from tests.integration.control.asking import post
from tests.integration.control.sample import CONFIG
from tests.support.ports import free_port

HELLO = body_of([("hello",)])
NAMED_AND_LINKED = ("fail: ", Strong("Some_Movie*[x] <b> & more"), ". ", Link("Undo", "https://nas/ui#ab_c"))
LOADS_ALL_SERVICES = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@contextmanager
def receiver():
    """An HTTP server for messages; yields its address for Apprise, and what it got."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_apprise_sends_it():
    with receiver() as (address, got):
        assert await send_by_apprise([address], "qbitrr", HELLO) is True
        assert await send_by_apprise(["nonsense"], "qbitrr", HELLO) is False
        assert await send_by_apprise([], "qbitrr", HELLO) is False
    assert b"hello" in got[0]


@LOADS_ALL_SERVICES
def test_a_service_gets_no_more_at_once_than_it_accepts(monkeypatch):
    """As Discord refuses what is longer than 2000 characters."""
    monkeypatch.setattr(NotifyJSON, "body_maxlen", 400)
    lines = [f"{number:0250}" for number in range(3)]
    with receiver() as (address, got):
        assert apprise_process.send(
            apprise_process.Message((address,), "qbitrr", *body_of([(line,) for line in lines]))
        ).reached
    assert [json.loads(one)["message"] for one in got] == lines


@LOADS_ALL_SERVICES
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", "fail: Some_Movie*[x] <b> & more. Undo: https://nas/ui#ab_c"),
        ("?format=text", "fail: Some_Movie*[x] <b> & more. Undo: https://nas/ui#ab_c"),
        ("?format=html", 'fail: <b>Some_Movie*[x] &lt;b&gt; &amp; more</b>. <a href="https://nas/ui#ab_c">Undo</a>'),
    ],
)
def test_a_service_that_shows_markup_gets_it_and_a_name_is_none(form, expected):
    with receiver() as (address, got):
        assert apprise_process.send(
            apprise_process.Message((address + form,), "qbitrr", *body_of([NAMED_AND_LINKED]))
        ).reached
    assert json.loads(got[0])["message"] == expected


@LOADS_ALL_SERVICES
def test_a_service_that_shows_markdown_gets_that():
    with receiver() as (address, got):
        message = apprise_process.Message((f"{address}?format=markdown",), "qbitrr", *body_of([NAMED_AND_LINKED]))
        assert apprise_process.send(message).reached
    text = json.loads(got[0])["message"]
    assert "[Undo](" in text
    assert "https://nas/ui#ab_c" in text
    assert "Some_Movie" not in text  # it is not the beginning of anything that stands out


@LOADS_ALL_SERVICES
def test_one_address_that_is_not_reached_does_not_keep_the_others_from_it():
    with receiver() as (address, got):
        urls = (f"json://127.0.0.1:{free_port()}", address)
        sent = apprise_process.send(apprise_process.Message(urls, "qbitrr", *HELLO))
    assert (sent.reached, sent.missed, sent.rejected, len(got)) == (False, (0,), (), 1)


async def test_a_test_message_arrives_or_says_why_not(make_context, connect, monkeypatch):
    sent = []

    async def send(urls, title, _body):
        sent.append((tuple(urls), title))
        return Sent(reached=len(sent) == 1)

    monkeypatch.setattr(notifications, "deliver", send)
    async with connect(make_context()) as client:
        assert (await post(client, "/web/notifications/test", 409))["code"] == "CONFLICT"
    config = CONFIG + '[Notifications]\nUrls = ["json://127.0.0.1:1"]\n'
    async with connect(make_context(config)) as client:
        assert (await post(client, "/web/notifications/test"))["message"] == "1 address was reached"
        assert "the log says more" in (await post(client, "/web/notifications/test", 502))["error"]
    assert sent == [(("json://127.0.0.1:1",), "qbitrr")] * 2


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (Sent(missed=(1,)), "Notifications.Urls[1] (mailto) was not reached"),
        (Sent(rejected=(2,)), "Notifications.Urls[2] was rejected: it is no address of Apprise"),
        (Sent(missed=(0,), rejected=(2,)), "Notifications.Urls[0] (json) was not reached; Notifications.Urls[2] was"),
        (Sent(is_missing=True), "it is missing: install qbitrrd[notify]"),
        (Sent(), "nothing was sent; the log says more"),
    ],
)
async def test_a_test_message_says_which_address_it_did_not_reach(make_context, connect, monkeypatch, sent, error):
    monkeypatch.setattr(notifications, "deliver", AsyncMock(return_value=sent))
    urls = '["json://127.0.0.1:1", "mailto://me:secret@example.org", "discord:/1/hook"]'
    async with connect(make_context(f"{CONFIG}[Notifications]\nUrls = {urls}\n")) as client:
        assert (await post(client, "/web/notifications/test", 502))["error"].startswith(f"Apprise: {error}")


async def test_a_test_message_for_which_no_process_can_be_started_says_so(make_context, connect, monkeypatch):
    full = AsyncMock(side_effect=BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"))
    monkeypatch.setattr(notifications, "deliver", full)
    context = make_context(f'{CONFIG}[Notifications]\nUrls = ["json://127.0.0.1:1"]\n')
    async with connect(context) as client:
        answer = await post(client, "/web/notifications/test", 502)
    assert answer["error"] == "Apprise: its process cannot be started: Resource temporarily unavailable"
    assert context.faults.count == 0


async def test_what_was_not_reached_is_in_the_log_by_its_kind():
    with receiver() as (address, _), capture_logs() as logs:
        assert not await send_by_apprise([address, f"JSON://me:secret@127.0.0.1:{free_port()}"], "qbitrr", HELLO)
    assert [(one["event"], one["kind"], one["position"]) for one in logs] == [
        ("notification address was not reached", "json", 1)
    ]


async def test_a_process_that_sends_is_killed_when_it_is_cancelled():
    asked = asyncio.Event()

    async def ask_and_wait(reader, writer):
        asked.set()
        await reader.read()  # to the end of the connection
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(ask_and_wait, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sending = asyncio.create_task(send_by_apprise([f"json://127.0.0.1:{port}"], "qbitrr", HELLO))
        await asyncio.wait_for(asked.wait(), 20)
        sending.cancel()
        await asyncio.wait_for(asyncio.gather(sending, return_exceptions=True), 5)
        assert sending.cancelled()
        await asyncio.wait_for(ended.wait(), 5)
