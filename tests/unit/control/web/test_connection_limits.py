"""What a connection passes on to the HTTP protocol: heads up to their size, bodies of any size."""

import asyncio
import socket

import pytest

from control.web.budget import Budget
from control.web.connection_limits import LARGEST_HEAD_BYTES, ConnectionLimits

HEAD = b"POST /web/config HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Transport(asyncio.Transport):
    """The transport of a Unix socket that has been connected."""

    def __init__(self):
        super().__init__({"socket": socket.socket(socket.AF_UNIX)})
        self.aborted = False

    def abort(self):
        self.aborted = True


class Http(asyncio.Protocol):
    """Collects what arrives."""

    def __init__(self):
        self.received = b""

    def data_received(self, data):
        self.received += data


@pytest.fixture
async def connection():
    http, transport = Http(), Transport()
    made = ConnectionLimits().protocol(lambda: http, Budget("connections", 1, 1))
    made.connection_made(transport)
    yield made, http, transport
    made.connection_lost(None)
    transport.get_extra_info("socket").close()


@pytest.mark.parametrize("size", [1, 3, 4, 1000])
async def test_a_body_that_arrives_before_the_request_is_handled_is_no_head(connection, size):
    made, http, transport = connection
    sent = HEAD + b"x" * (2 * LARGEST_HEAD_BYTES)
    for start in range(0, len(sent), size):
        made.data_received(sent[start : start + size])
    assert (http.received, transport.aborted) == (sent, False)


async def test_a_head_that_does_not_end_is_not_passed_on(connection):
    made, http, transport = connection
    made.data_received(HEAD[:-2])
    for _ in range(LARGEST_HEAD_BYTES // 1000 + 1):
        made.data_received(b"X: " + b"y" * 1000 + b"\r\n")
    assert transport.aborted
    assert len(http.received) <= LARGEST_HEAD_BYTES


async def test_the_next_request_has_a_head_of_its_own(connection):
    made, _http, transport = connection
    for _ in range(3):
        made.data_received(HEAD + b"x" * LARGEST_HEAD_BYTES)
        made.request_received()
        made.request_answered(is_last=False)
    assert not transport.aborted
    made.data_received(b"x" * (LARGEST_HEAD_BYTES + 1))
    assert transport.aborted
