"""Any request is answered in a way that the OpenAPI description allows."""

import asyncio
import threading
from functools import partial

import bcrypt
import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from control.auth import throttle
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from control.server import create_application
from qbitrr.state.database import open_reader
from tests.integration.control.sample import TOKEN
from tests.support.ports import HOST, free_port

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def address(filled_state, make_context_over, monkeypatch):
    """A control plane on its own thread."""
    monkeypatch.setattr(throttle, "MOST", 1_000_000)
    monkeypatch.setattr(bcrypt, "gensalt", partial(bcrypt.gensalt, 4))  # the least work for each password
    port = free_port()
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    async def serve():
        async with open_reader(filled_state) as database:
            runner = web.AppRunner(create_application(make_context_over(database)))
            await runner.setup()
            await web.TCPSite(runner, HOST, port).start()
            started.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    yield f"http://{HOST}:{port}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


# streams never end, and nothing may be sent to made-up addresses
SKIPPED = {"/events", "/logs/{name}/stream", "/arr/test-connection"}
OPERATIONS = [(route.method, f"/api{route.path}") for route in ROUTES if route.path not in SKIPPED]
OPERATIONS += [(route.method, route.path) for route in (*INSIDE_ROUTES, *OPEN_ROUTES)]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_only_what_is_described_is_answered(address, method, path):
    schema = schemathesis.openapi.from_url(f"{address}/web/openapi.json")

    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(headers={"X-API-Token": TOKEN}, checks=CHECKS)

    ask()
