"""JSON that breaks programs: deep, endless, not a number, huge. Every route answers it in the envelope of errors."""

import io

import pytest

from control.binding import decode
from control.routes import OPEN_ROUTES, ROUTES
from qbitrr.errors import BadRequestError
from tests.integration.control.sample import HASH, TOKEN, UNDOABLE

PARAMETERS = {
    "{category}": "movies", "{section}": "movies", "{name}": "Main.log", "{hash}": HASH, "{id}": str(UNDOABLE),
    "{kind}": "search",
}  # fmt: skip
DEPTHS = (33, 400, 990, 5000, 200_000)
VALUES = {
    **{f"an array {depth} deep": "[" * depth + "]" * depth for depth in DEPTHS},
    **{f"an object {depth} deep": '{"a":' * depth + "1" + "}" * depth for depth in DEPTHS[:-1]},
    "an array that never ends": "[" * 200_000,
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "a number beyond all": "1e999",
    "digits without end": "9" * 100_000,
    "a fraction without end": "0." + "9" * 100_000,
    "a huge text": f'"{"x" * 80_000}"',
    "half of a pair": '"\\ud800"',
    "nothing": '"\\u0000"',
    "many empty arrays": "[" + ",".join(["[]"] * 300_000) + "]",
    "many numbers": "[" + ",".join(["1"] * 20_000) + "]",
    "an object of many": "{" + ",".join(f'"{number}":1' for number in range(20_000)) + "}",
}
# never valid JSON, or more than anything that can be configured
UNREADABLE = [name for name in VALUES if any(part in name for part in ("deep", "never", "Inf", "NaN", "many"))]
POSTS = [
    *(f"/web{route.path}" for route in ROUTES if route.method == "POST"),
    *(route.path for route in OPEN_ROUTES if route.method == "POST"),
]
# what the routes read: the value is where its key is expected, and where none is
KEYS = ("changes", "deletions", "id", "password", "username", "uri", "arrType", "apiKey", "ids", "reason", "anything")


def _url(path):
    for name, value in PARAMETERS.items():
        path = path.replace(name, value)
    return path


def _object(keys, value):
    return "{" + ",".join(f'"{key}":{value}' for key in keys) + "}"


async def _answer(client, path, body):
    headers = {"X-API-Token": TOKEN, "Content-Type": "application/json"}
    async with client.post(_url(path), data=io.BytesIO(body.encode()), headers=headers) as response:
        answer = await response.json()
        return response.status, answer


@pytest.mark.parametrize("path", POSTS)
async def test_what_cannot_be_read_is_answered_400(client, context, path):
    for name in UNREADABLE:
        status, answer = await _answer(client, path, f'{{"anything":{VALUES[name]}}}')
        assert (status, answer["code"]) == (400, "VALIDATION_ERROR"), name
    assert context.faults.count == 0
    assert context.workers.calls == context.commands.calls == []


@pytest.mark.parametrize("path", POSTS)
async def test_no_value_breaks_a_route(client, context, path):
    for name in VALUES.keys() - UNREADABLE:
        for keys in (KEYS, ("anything",)):
            status, answer = await _answer(client, path, _object(keys, VALUES[name]))
            assert status != 500, (name, answer)
    assert context.faults.count == 0


@pytest.mark.parametrize("key", ["Settings.ProtectTags", "Settings.Unknown", "Settings", "WebUI.Theme", "Radarr-4K"])
async def test_no_value_breaks_a_change(client, context, key):
    for name, value in VALUES.items():
        for path in ("/api/config", "/api/config/plan"):
            status, answer = await _answer(client, path, f'{{"changes":{{"{key}":{value}}}}}')
            assert status in (200, 400), (name, answer)
    assert context.faults.count == 0


@pytest.mark.parametrize("depth", [1, 31])
def test_what_a_configuration_holds_is_not_too_deep(depth):
    assert decode(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
    assert decode(b'{"a":[' + b",".join([b"1"] * 9_000) + b"]}")


@pytest.mark.parametrize("depth", [32, 100, 900])
def test_what_is_deeper_is_refused_whatever_is_in_its_texts(depth):
    with pytest.raises(BadRequestError, match="deeper than 32 levels"):
        decode(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
    assert decode(b'{"a":"' + b"[" * depth + b'"}')
