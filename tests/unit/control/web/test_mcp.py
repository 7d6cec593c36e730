"""Messages of the Model Context Protocol: what each is answered, and with which code what cannot be."""

import msgspec
import pytest

from control.web import mcp
from control.web.mcp import RpcAnswer, RpcRequest, ToolCall

TOOLS = {"list_torrents": {"name": "list_torrents"}, "read_status": {"name": "read_status"}}
SERVER = mcp.Server("qbitrr", "1.0", "They read.", TOOLS)


def answer(method, number=1, **params):
    return mcp.respond(RpcRequest("2.0", method, number, params), SERVER)


def code(reply):
    assert isinstance(reply, RpcAnswer)
    assert reply.result is msgspec.UNSET
    return reply.error.code


@pytest.mark.parametrize("version", mcp.VERSIONS)
def test_a_version_that_is_spoken_is_agreed_to(version):
    assert answer("initialize", protocolVersion=version).result["protocolVersion"] == version


@pytest.mark.parametrize("version", ["2024-11-05", "2099-01-01", ""])
def test_another_version_is_answered_with_the_newest_that_is_spoken(version):
    assert answer("initialize", protocolVersion=version).result["protocolVersion"] == mcp.VERSIONS[0]


def test_the_server_says_what_it_is_and_that_it_has_tools_only():
    result = answer("initialize", "a", protocolVersion=mcp.VERSIONS[0]).result
    assert result["serverInfo"] == {"name": "qbitrr", "version": "1.0"}
    assert result["capabilities"] == {"tools": {}}
    assert result["instructions"] == "They read."


@pytest.mark.parametrize("version", [None, 1, ["2025-11-25"]])
def test_a_version_has_to_be_a_text(version):
    assert code(answer("initialize", protocolVersion=version)) == mcp.INVALID_PARAMS
    assert code(answer("initialize")) == mcp.INVALID_PARAMS


@pytest.mark.parametrize("number", [0, 7, "seven", ""])
def test_an_answer_repeats_the_id(number):
    assert msgspec.json.decode(msgspec.json.encode(answer("ping", number))) == {
        "jsonrpc": "2.0",
        "id": number,
        "result": {},
    }


def test_all_tools_are_listed_in_their_order():
    assert answer("tools/list").result == {"tools": list(TOOLS.values())}


def test_a_call_of_a_known_tool_remains_to_be_carried_out():
    assert answer("tools/call", name="read_status") == ToolCall("read_status", {})
    assert answer("tools/call", name="list_torrents", arguments={"q": "a"}) == ToolCall("list_torrents", {"q": "a"})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": "restart"},
        {"name": ""},
        {"name": 1},
        {"name": ["list_torrents"]},
        {"name": "list_torrents", "arguments": []},
        {"name": "list_torrents", "arguments": "q"},
        {"name": "list_torrents", "arguments": None},
    ],
)
def test_another_call_has_invalid_parameters(params):
    assert code(answer("tools/call", **params)) == mcp.INVALID_PARAMS


@pytest.mark.parametrize("method", ["", "tools", "resources/list", "server/discover", "notifications/initialized"])
def test_an_unknown_method_is_not_found(method):
    assert code(answer(method)) == mcp.METHOD_NOT_FOUND


@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/unknown", "tools/call", "ping", ""])
def test_a_notification_is_not_answered(method):
    assert answer(method, None) is None


DEEP = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 100_000


@pytest.mark.parametrize("text", [b"", b"{", b"nothing", b'{"jsonrpc":"2.0"', b"\xff", DEEP, b'"\\ud800"'])
def test_what_is_not_json_cannot_be_parsed(text):
    assert code(mcp.decode(text)) == mcp.PARSE_ERROR


@pytest.mark.parametrize(
    "text",
    [
        b"1",
        b'"ping"',
        b"[]",
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
        b"{}",
        b'{"id":1,"method":"ping"}',
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"method":2}',
        b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":[],"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
    ],
)
def test_what_is_no_single_request_is_invalid(text):
    reply = mcp.decode(text)
    assert code(reply) == mcp.INVALID_REQUEST
    assert reply.id is None


def test_unknown_fields_are_ignored():
    text = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{}},"more":1}'
    assert mcp.decode(text) == RpcRequest("2.0", "ping", 1, {"_meta": {}})
