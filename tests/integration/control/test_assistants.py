"""An assistant over HTTP: messages, tools with arguments, rights, and that no change can be reached."""

import json

import msgspec
import pytest

from control import assistants
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr import ipc
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, TOKEN, answering

OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
PRIVATE = {"X-Forwarded-For": "192.168.1.50"}
TRUSTED = '[WebUI]\nTrustedProxies = ["127.0.0.1"]\n'
SECRETS = ("k1k1k1k1k1k1k1k1k1k1k1k1k1k1k1k1", "hunter2hunter2", TOKEN)
WITH_SECRETS = CONFIG.replace('APIKey = "k1"', f'APIKey = "{SECRETS[0]}"').replace(
    '[qBit]\nHost = "localhost"\n', f'[qBit]\nHost = "localhost"\nUserName = "u"\nPassword = "{SECRETS[1]}"\n'
)
ARGUMENTS = {"category": "movies", "section": "movies", "hash": HASH, "id": "7", "name": "Main.log", "q": "a"}
SPECIAL = {
    "list_series": {"category": "tv/anime"},
    "list_artists": {"category": "music"},
    "read_log_at": {"time": "2026-01-01T00:00:00Z"},
}


@pytest.fixture(autouse=True)
def _planned(context):
    """Every worker answers what it would remove for space, and nothing else."""
    plan = answering(ipc.RoomPlan(1, enabled=False))

    async def ask(question, answer, within_seconds):
        if answer is not ipc.RoomPlan:
            raise TimeoutError
        return await plan(question, answer, within_seconds)

    for process in context.workers.processes.values():
        process.ask = ask


def message(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def call(client, tool, **arguments):
    """The result of a tool that was found."""
    answer = await post(client, "/web/mcp", json=message("tools/call", name=tool, arguments=arguments))
    return answer["result"]


async def read(client, tool, **arguments):
    """The decoded answer of a tool."""
    result = await call(client, tool, **arguments)
    assert result["isError"] is False, result
    return json.loads(result["content"][0]["text"])


async def refused(client, tool, **arguments):
    """Why a tool could not answer."""
    result = await call(client, tool, **arguments)
    assert result["isError"] is True, result
    return result["content"][0]["text"]


async def tools(client):
    return (await post(client, "/web/mcp", json=message("tools/list")))["result"]["tools"]


def valid(tool):
    """Arguments that a tool accepts."""
    return {name: ARGUMENTS[name] for name in tool["inputSchema"]["required"]} | SPECIAL.get(tool["name"], {})


async def test_a_client_introduces_itself_and_reads(client):
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    answer = await post(client, "/web/mcp", json=message("initialize", **params))
    assert answer["result"]["protocolVersion"] == "2025-06-18"
    version = {"MCP-Protocol-Version": "2025-06-18"}
    started = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    async with client.post("/web/mcp", json=started, headers=version) as response:
        assert response.status == 202
        assert await response.read() == b""
    assert await post(client, "/web/mcp", json=message("ping"), headers=version) == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {},
    }
    assert (await read(client, "read_status"))["ready"] is True


async def test_every_tool_answers_what_its_route_answers(client, log_folder):
    (log_folder / "Main.log").write_text("line\n")
    by_name = {route.tool: route for route in ROUTES if route.tool}
    for tool in await tools(client):
        arguments = valid(tool)
        path = by_name[tool["name"]].path.format(**arguments)
        query = {name: value for name, value in arguments.items() if f"{{{name}}}" not in by_name[tool["name"]].path}
        expected = await get(client, f"/web{path}", params=query)
        assert (await read(client, tool["name"], **arguments)).keys() == expected.keys()


async def test_all_tools_together_change_nothing(client, context, log_folder):
    (log_folder / "Main.log").write_text("line\n")
    config = context.config_reload.data_dir.config_file.read_bytes()
    for tool in await tools(client):
        await read(client, tool["name"], **valid(tool))
    assert context.commands.calls == []
    assert context.workers.calls == []
    sent = {type(one) for worker in context.workers.processes.values() for one in worker.sent}
    assert sent == {ipc.Explain}  # a worker judges a torrent and reports it
    assert context.config_reload.data_dir.config_file.read_bytes() == config


async def test_arguments_are_those_of_the_route(client):
    everything = await read(client, "list_movies", category="movies")
    some = await read(client, "list_movies", category="movies", page=0, page_size=1, monitored=True)
    assert len(some["movies"]) == 1 < len(everything["movies"])
    assert (await read(client, "list_torrents", limit=9999, q=None))["torrents"]
    assert await read(client, "explain_torrent", hash=HASH.upper()) == await read(client, "explain_torrent", hash=HASH)


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("explain_torrent", {}, "hash must be given"),
        ("explain_torrent", {"hash": ""}, "hash must be given"),
        ("explain_torrent", {"hash": None}, "hash must be given"),
        ("explain_torrent", {"hash": "ffff"}, "Nothing is known of a torrent ffff"),
        ("explain_torrent", {"hash": HASH, "category": "movies"}, "must be left out"),
        ("search_log", {"name": "Main.log"}, "q must be given"),
        ("read_log", {"name": "../config.toml"}, "Unknown log file"),
        ("read_log", {"name": "%2e%2e/config.toml"}, "Unknown log file"),
        ("list_movies", {"category": "nothing"}, "nothing"),
        ("list_torrents", {"limit": "many"}, "Must be an integer"),
        ("list_torrents", {"limit": 1.5}, "must be a text, an integer"),
        ("list_torrents", {"limit": 10**30}, "must be a text, an integer"),
        ("list_torrents", {"q": ["a"]}, "must be a text, an integer"),
        ("list_torrents", {"q": {"a": 1}}, "must be a text, an integer"),
        ("list_torrents", {"sort": "nothing"}, "must be one of"),
    ],
)
async def test_a_call_that_cannot_be_answered_says_why(client, context, tool, arguments, reason):
    assert reason.lower() in (await refused(client, tool, **arguments)).lower()
    assert context.faults.count == 0


async def test_no_change_can_be_reached(client, context):
    described = await get(client, "/web/openapi.json")
    names = {tool["name"] for tool in await tools(client)}
    changing = [route for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES) if route.method != "GET"]
    assert len(changing) > 20
    for route in changing:
        assert route.tool is None
        prefix = "" if route in OPEN_ROUTES else "/web"
        operation = described["paths"][prefix + route.path]["post"]["operationId"]
        handler = f"{route.handler.__module__.rpartition('.')[2]}.{route.handler.__name__}"
        for name in (route.path, f"POST {route.path}", route.handler.__name__, handler, operation):
            assert name not in names
            call_of = message("tools/call", name=name, arguments=ARGUMENTS)
            assert (await post(client, "/web/mcp", json=call_of))["error"]["code"] == -32602
            direct = await post(client, "/web/mcp", json=message(name, **ARGUMENTS))
            assert direct["error"]["code"] == -32601
    assert context.commands.calls == []
    assert context.workers.calls == []


async def test_no_secret_is_in_any_answer(make_context, connect, log_folder):
    (log_folder / "Main.log").write_text("line\n")
    async with connect(make_context(WITH_SECRETS)) as client:
        listed = await tools(client)
        texts = [json.dumps(listed)]
        texts += [json.dumps(await call(client, tool["name"], **valid(tool))) for tool in listed]
    assert len(texts) > 20
    assert not [secret for secret in SECRETS for text in texts if secret in text]
    assert any("Radarr-4K" in text for text in texts)


async def test_an_answer_has_a_bound_and_says_when_it_was_cut(client, monkeypatch):
    whole = json.dumps(await read(client, "list_torrents"))
    monkeypatch.setattr(assistants, "MOST_CHARACTERS", 50)
    assert len(whole) > 50
    text, notice = [one["text"] for one in (await call(client, "list_torrents"))["content"]]
    assert len(text) == 50
    assert notice.startswith("Cut after 50 of ")


@pytest.mark.parametrize(
    ("access", "headers", "status"),
    [
        ("auto", {}, 200),
        ("auto", PRIVATE, 200),
        ("auto", OUTSIDE, 401),
        ("auto", {**OUTSIDE, "X-API-Token": TOKEN}, 200),
        ("auto", {**OUTSIDE, "Authorization": f"Bearer {TOKEN}"}, 200),
        ("token", {}, 401),
        ("token", {"X-API-Token": TOKEN}, 200),
        ("auto", {"Host": "evil.example"}, 403),
        ("auto", {"Origin": "https://evil.example"}, 403),
        ("auto", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_who_may_ask(make_context, connect, access, headers, status):
    config = f'{CONFIG}{TRUSTED}WebAccess = "{access}"\n'
    async with connect(make_context(config)) as client:
        await post(client, "/web/mcp", status, json=message("tools/call", name="read_status"), headers=headers)


async def test_api_needs_the_token(client):
    await post(client, "/api/mcp", 401, json=message("ping"))
    await post(client, "/api/mcp", json=message("ping"), headers={"X-API-Token": TOKEN})


async def test_another_version_of_the_protocol_is_refused(client):
    for version in ("2026-07-28", "", "nothing"):
        answer = await post(client, "/web/mcp", 400, json=message("ping"), headers={"MCP-Protocol-Version": version})
        assert "2025-11-25" in answer["error"]


async def test_there_is_no_stream_and_no_session(client):
    for method in ("GET", "DELETE"):
        async with client.request(method, "/web/mcp") as response:
            assert response.status == 405
    async with client.post("/web/mcp", json=message("ping")) as response:
        assert "Mcp-Session-Id" not in response.headers


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"1.0","id":1,"method":"ping"}', "nothing", '{"id":{}}'],
)
async def test_what_is_no_message_is_refused(client, context, body):
    await post(client, "/web/mcp", 400, data=body.encode())
    assert context.faults.count == 0


async def test_an_unexpected_error_is_counted_and_says_nothing(client, context, monkeypatch):
    async def broken(*_arguments):
        raise RuntimeError("a secret")

    monkeypatch.setattr(assistants, "answered", broken)
    answer = await post(client, "/web/mcp", 500, json=message("tools/call", name="read_status"))
    assert "secret" not in msgspec.json.encode(answer).decode()
    assert context.faults.count == 1
