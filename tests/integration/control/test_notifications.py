"""Messages through Apprise."""

import http.server
import threading

import pytest

from control.apprise_sender import send_by_apprise
from control.handlers import notifications
from tests.integration.control.asking import post
from tests.integration.control.sample import CONFIG


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apprise_sends_it():
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
        assert send_by_apprise([f"json://127.0.0.1:{server.server_port}"], "qbitrr", "hello") is True
        assert send_by_apprise(["nonsense"], "qbitrr", "hello") is False
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert b"hello" in got[0]


async def test_a_test_message_arrives_or_says_why_not(make_context, connect, monkeypatch):
    sent = []

    def send(urls, title, text):
        sent.append((tuple(urls), title))
        return len(sent) == 1

    monkeypatch.setattr(notifications, "send_by_apprise", send)
    async with connect(make_context()) as client:
        assert (await post(client, "/web/notifications/test", 409))["code"] == "CONFLICT"
    config = CONFIG + '[Notifications]\nUrls = ["json://127.0.0.1:1"]\n'
    async with connect(make_context(config)) as client:
        assert (await post(client, "/web/notifications/test"))["message"] == "1 address was reached"
        assert "the log says more" in (await post(client, "/web/notifications/test", 502))["error"]
    assert sent == [(("json://127.0.0.1:1",), "qbitrr")] * 2
