"""Errors: each is answered as JSON in one envelope, with the headers of every answer."""

import asyncio
import io
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from control.server import create_application
from qbitrr import errors
from tests.integration.control.asking import get, post


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/web", 404, "NOT_FOUND"),
        ("GET", "/web/nothing", 404, "NOT_FOUND"),
        ("GET", "/ui/nothing", 404, "NOT_FOUND"),
        ("GET", "/ui/__init__.py", 404, "NOT_FOUND"),
        ("GET", "/ui/..%2fserver.py", 404, "NOT_FOUND"),
        ("DELETE", "/web/status", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/web/status", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/web/arr/rebuild", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/ui", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_does_not_exist(client, method, path, status, code):
    async with client.request(method, path) as response:
        body = await response.json()
        assert (response.status, body["code"]) == (status, code)
        assert set(body) == {"error", "code"}
        if status == 405:
            assert response.headers["Allow"]


async def test_a_body_that_is_too_large(client, context):
    answer = await post(client, "/web/arr/movies/restart", 413, data=io.BytesIO(b" " * ((1 << 20) + 1)))
    assert answer["code"] == "PAYLOAD_TOO_LARGE"
    await post(client, "/web/arr/movies/restart", data=io.BytesIO(b" " * (1 << 20)))
    assert context.workers.calls == [("restart", "movies")]


@pytest.mark.parametrize("body", [b"[]", b"nonsense", b"\xff\xfe"])
async def test_a_body_that_is_no_object(client, context, body):
    answer = await post(client, "/web/arr/rebuild", 400, data=body)
    assert answer == {"error": "The body must be a JSON object", "code": "VALIDATION_ERROR"}
    assert context.workers.calls == []


async def test_a_packed_body_that_cannot_be_unpacked(client):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await post(client, "/web/arr/rebuild", 400, data=b"not gzip", headers=headers)
    assert set(answer) == {"error", "code"}


@pytest.mark.parametrize(
    ("head", "named"),
    [(b"Host: \xff\xfe", "??"), (b"Host: localhost\r\nOrigin: http://\xff.example", "http://?.example")],
)
async def test_a_header_that_is_no_text(client, head, named):
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(b"POST /web/arr/rebuild HTTP/1.1\r\nConnection: close\r\n" + head + b"\r\n\r\n")
    status, _, rest = (await reader.read()).partition(b"\r\n")
    writer.close()
    assert status == b"HTTP/1.1 403 Forbidden"
    answer = json.loads(rest.partition(b"\r\n\r\n")[2])
    assert answer["code"] == "FORBIDDEN"
    assert answer["error"].startswith(f"{named} ")


def _raises(context, error):
    """Make a client of a control plane with a route that raises an error."""

    async def handler(_request):
        raise error

    application = create_application(context)
    application.router.add_get("/broken", handler)
    return TestClient(TestServer(application))


@pytest.mark.parametrize(
    ("error", "status", "envelope"),
    [
        (errors.BadRequestError("a", {"b": 1}), 400, {"error": "a", "code": "VALIDATION_ERROR", "details": {"b": 1}}),
        (errors.UnauthorizedError("a"), 401, {"error": "a", "code": "UNAUTHORIZED"}),
        (errors.ForbiddenError("a"), 403, {"error": "a", "code": "FORBIDDEN"}),
        (errors.NotFoundError("a"), 404, {"error": "a", "code": "NOT_FOUND"}),
        (errors.UnknownCategoryError("a"), 404, {"error": "a", "code": "UNKNOWN_CATEGORY"}),
        (errors.NotReadyError("a"), 503, {"error": "a", "code": "NOT_READY"}),
        (errors.StateError("a"), 500, {"error": "a", "code": "INTERNAL_ERROR"}),
        (errors.UnreachableError("qBit", "a"), 502, {"error": "qBit: a", "code": "SERVICE_ERROR"}),
        (web.HTTPBadRequest(reason="a"), 400, {"error": "a", "code": "BAD_REQUEST"}),
    ],
)
async def test_expected_errors_are_answered_and_not_counted(context, error, status, envelope):
    async with _raises(context, error) as client:
        assert await get(client, "/broken", status) == envelope
    assert context.faults.count == 0


async def test_unexpected_errors_are_logged_and_counted_and_not_sent(context):
    error = RuntimeError("the secret is swordfish")
    with capture_logs() as logged:
        async with _raises(context, error) as client:
            answer = await get(client, "/broken", 500)
            assert (await get(client, "/health"))["faults"] == 1
    assert answer == {"error": "Internal server error; WebUI.log says more", "code": "INTERNAL_ERROR"}
    assert [(line["log_level"], line["path"], line["exc_info"]) for line in logged] == [("error", "/broken", error)]
