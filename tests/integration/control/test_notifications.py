"""Messages through Apprise."""

import http.server
import threading

import pytest

from control.notifications import send_by_apprise


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
