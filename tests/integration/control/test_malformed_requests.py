"""Every parameter of every route, with values of all sorts: what its description excludes is refused by its name.

Nothing is done then, nothing is a fault, and whatever else happens is answered in the envelope of errors.
"""

import asyncio
import io
import json
from functools import partial
from itertools import product
from unittest.mock import AsyncMock

import bcrypt
import pytest
from jsonschema import Draft202012Validator

from control.handlers import connection, notifications, searches, torrents
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr.errors import UnreachableError
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, TOKEN, UNDOABLE
from tests.integration.control.test_openapi import BODIES

HEADERS = {"X-API-Token": TOKEN, "Content-Type": "application/json"}
PARAMETERS = {
    "category": "movies", "section": "movies", "name": "Main.log", "hash": HASH, "id": str(UNDOABLE), "kind": "search",
}  # fmt: skip
BODY_VALUES = (
    '"x"', '""', '"-1"', '"1e400"', '"NaN"', '"\\u0000"', "-1", "0", "1", "1.5", "-0.0", "1e300", str(10**30),
    str(-(10**30)), "true", "false", "null", "[]", "{}", "[null]", '["x"]', "[-1]", "[1.5]", "[true]", '{"a":null}',
    '{"a":[1]}', '"' + "x" * 3000 + '"',
)  # fmt: skip
NO_JSON = ("NaN", "Infinity", "1e400", "-1e400", "01", "+1", ".5", "0x10", '"\\ud800"', "tru", "'x'", "")
QUERY_VALUES = (
    "", " ", "x", "-1", "0", "1", "+1", "1.5", "1e3", "1e400", "NaN", "inf", "true", "null", "0x10", "1_000", "\u0663",
    "9" * 30, "-" + "9" * 30, "9" * 5000, "\0", "[]", "{}", "[1,2]", '["x",1]', "2026-01-01", "9999-12-31T23:59:59Z",
    "-0001-01-01", "%", "'; --", f'[{10**30},"x",1]', f'["x",{10**30}]', f'[1,{10**30}]', f'[{10**30},1]',
    "[1e300,1,1]", '["x","x","x","x"]', '[1,"x","x","x"]', f'[null,"x",{2**53 + 1}]',
)  # fmt: skip


def path_of(route, **other):
    return ("/web" if route in ROUTES else "") + route.path.format(**{**PARAMETERS, **other})


def names(routes):
    return {f"{route.method} {route.path}": route for route in routes}


POSTS = names(route for route in (*ROUTES, *OPEN_ROUTES) if route.method == "POST")
GETS = names(
    route
    for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES)
    if route.method == "GET" and route.media != "text/event-stream"
)


@pytest.fixture(autouse=True)
def nothing_is_sent_or_waited_for(monkeypatch):
    """Nothing is sent to made-up addresses, and the worker that is missing here has not to answer."""
    monkeypatch.setattr(bcrypt, "gensalt", partial(bcrypt.gensalt, 4))  # the least work for each password
    for module in (searches, torrents):
        monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.0)
    refused = AsyncMock(side_effect=UnreachableError("test", "nothing is sent"))
    monkeypatch.setattr(notifications, "deliver", refused)
    for probe in ("probe_arr", "probe_qbittorrent", "probe_prowlarr", "probe_requests"):
        monkeypatch.setattr(connection, probe, refused)


def done(context):
    """All that was done so far."""
    return (
        [*context.workers.calls],
        [*context.commands.calls],
        context.config_reload.calls,
        [*context.self_update.started],
        {category: [*process.sent] for category, process in context.workers.processes.items()},
        context.config_reload.data_dir.config_file.read_text(),
    )


async def ask(client, method, path, **options):
    """The status of an answer and its content, which has to be an envelope unless it is a success."""
    async with client.request(method, path, headers=HEADERS, **options) as response:
        content = await response.read()
        if response.status < 300:
            return response.status, {}
        answer = json.loads(content)
        assert {"error", "code"} <= answer.keys() <= {"error", "code", "details", "success"}
        return response.status, answer


async def described(client, route):
    """The description of a route, with all that it refers to."""
    document = await get(client, "/web/openapi.json")
    return document["paths"][("/web" if route in ROUTES else "") + route.path][route.method.lower()], document


@pytest.mark.parametrize("name", POSTS)
async def test_a_body(client, context, name):
    route = POSTS[name]
    operation, document = await described(client, route)
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    whole = {"link": "x"} if "answer" in route.path and route in OPEN_ROUTES else BODIES.get(route.path, {})
    for parameter, shape in {**schema["properties"], "anything": {}}.items():
        fits = Draft202012Validator({**shape, "components": document["components"]}).is_valid
        others = {key: value for key, value in whole.items() if key != parameter}
        for value in (*BODY_VALUES, *NO_JSON):
            before, tried = done(context), f"{parameter} = {value[:80]}"
            text = json.dumps(others)[:-1] + (", " if others else "") + f'"{parameter}": {value}}}'
            status, answer = await ask(client, "POST", path_of(route), data=io.BytesIO(text.encode()))
            assert status != 500, (tried, answer)
            if value in NO_JSON:
                assert (status, answer["code"]) == (400, "VALIDATION_ERROR"), tried
            elif not fits(json.loads(value)):
                assert (status, answer["code"]) == (400, "VALIDATION_ERROR"), tried
                assert answer["details"]["parameter"].startswith(parameter), answer
                assert "`" not in answer["error"], answer
            if status == 400:
                assert done(context) == before, tried
    assert context.faults.count == 0


@pytest.mark.parametrize("name", [name for name, route in POSTS.items() if "{" in route.path])
async def test_a_path_of_what_changes_something(client, context, name):
    route = POSTS[name]
    whole = json.dumps(BODIES.get(route.path, {}))
    for parameter in ("id", "category", "section", "hash"):
        for value in ("-1", "0", "1.5", "1e400", "NaN", "true", "9" * 30, "%00", "%ff", "x" * 3000):
            if f"{{{parameter}}}" in route.path:
                path = "/web" + route.path.format(**{**PARAMETERS, parameter: value})
                before = done(context)
                status, answer = await ask(client, "POST", path, data=io.BytesIO(whole.encode()))
                assert status in (400, 404, 405, 503), (path, answer)
                assert done(context) == before, path
    assert context.faults.count == 0


@pytest.mark.parametrize("name", GETS)
async def test_a_query(client, context, log_folder, name):
    route = GETS[name]
    (log_folder / "Main.log").write_text("a\n")
    operation, _ = await described(client, route)
    for parameter in operation["parameters"]:
        if parameter["in"] != "query":
            continue
        fits = Draft202012Validator(parameter["schema"]).is_valid
        for value in QUERY_VALUES:
            status, answer = await ask(client, "GET", path_of(route), params={parameter["name"]: value})
            assert status != 500, (parameter["name"], value[:80], answer)
            if parameter["schema"].get("type") == "integer":
                number = int(value) if value.lstrip("+-").isdecimal() and value.isascii() and len(value) < 40 else None
                if number is None or not fits(number):
                    assert (status, answer["code"]) == (400, "VALIDATION_ERROR"), (parameter["name"], value[:80])
                    assert answer["details"]["parameter"] == parameter["name"]
    assert context.faults.count == 0


async def raw(client, target, method=b"GET"):
    """The status of an answer to a request for a target as it stands here, and its content."""
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    head = b"Host: localhost\r\nConnection: close\r\nX-API-Token: " + TOKEN.encode()
    writer.write(method + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n\r\n")
    head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), content


@pytest.mark.parametrize("name", {**GETS, **POSTS})
async def test_a_target_that_is_no_text_or_leads_elsewhere(client, context, name):
    route = {**GETS, **POSTS}[name]
    operation, _ = await described(client, route)
    for parameter, value in product(operation["parameters"], (b"%ff", b"%c3", b"%00", b"..", b"%2e%2e")):
        if parameter["in"] == "path":
            path = path_of(route, **{parameter["name"]: "\0"}).encode().replace(b"\0", value)
        else:
            path = path_of(route).encode() + f"?{parameter['name']}=".encode() + value
        before = done(context)
        status, content = await raw(client, path, route.method.encode())
        assert status < 500 or status == 503, (path, content)
        if status >= 400:
            assert {"error", "code"} <= json.loads(content).keys(), path
        if parameter["in"] == "path" and route.method == "POST":
            assert status in (400, 404, 503), path
            assert done(context) == before, path
    assert context.faults.count == 0
