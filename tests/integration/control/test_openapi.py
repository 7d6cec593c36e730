"""The OpenAPI description is valid, complete, and matches the answers."""

import re
from unittest.mock import AsyncMock

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from control.apprise_process import Sent
from control.handlers import notifications
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr import ipc
from qbitrr.rules.orphans import FileFacts, Orphan
from qbitrr.state import answers, ledger, orphans, verdicts
from qbitrr.worker.config import OrphanScope
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, NOW, TOKEN, UNDOABLE, answering, waiting_for_approval

EXAMPLES = {
    "/processes": {"category": "movies", "kind": "search"},
    "/radarr": {"category": "movies"},
    "/sonarr": {"category": "tv/anime"},
    "/lidarr": {"category": "music"},
    "/arr": {"section": "movies", "id": "7"},
    "/logs": {"name": "Main.log"},
    "/torrents": {"hash": HASH},
    "/actions": {"id": str(UNDOABLE)},
}


@pytest.fixture
async def document(client):
    return await get(client, "/web/openapi.json")


async def test_it_is_valid_and_the_same_on_both_prefixes(client, document):
    OpenAPIV31SpecValidator(document).validate()
    assert document == await get(client, "/api/openapi.json", headers={"X-API-Token": TOKEN})


async def test_it_holds_every_route_once_with_an_id_of_its_own(document):
    found = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    expected = {(route.method, prefix + route.path) for route in ROUTES for prefix in ("/api", "/web")}
    assert found == expected | {(route.method, route.path) for route in (*INSIDE_ROUTES, *OPEN_ROUTES)}
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


def test_every_route_and_parameter_is_described(document):
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert all(parameter["description"] for parameter in operation["parameters"]), path
            in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))


def test_only_api_demands_the_token(document):
    for path, item in document["paths"].items():
        for operation in item.values():
            assert ({} in operation["security"]) is not path.startswith("/api"), path
            own_proof = path in ("/login", "/metrics", "/answer", "/answer/read")
            assert own_proof or ("401" in operation["responses"]) is path.startswith(("/api", "/web")), path


STUCK = 'it is complete, but the Arr refuses it: "Sample"'
SEED = ipc.RoomSeed("qBit", HASH, "Some.Movie", True, "it may go", 9, None, False, None, 0.5, NOW)
ROOM = ipc.RoomPlan(1, True, download="Other.Movie", lacks_bytes=5, frees_bytes=9, seeds=1, size_bytes=9, rows=(SEED,))
QUERIES = {"/logs/{name}/search": {"q": "a"}, "/logs/{name}/at": {"time": "2026-01-01T00:00:00Z"}}
BODIES = {
    "/arr/{section}/search": {"ids": [1]},
    "/arr/{section}/search-pause": {"paused": False},
    "/torrents/{hash}/check-files": {"section": "movies", "folderExclusionRegex": ["^extras$"]},
    "/arr/test-connection": {"arrType": "radarr", "uri": "http://127.0.0.1:9"},
    "/actions/{id}/answer": {"answer": "do"},
    "/imports/answer": {"section": "movies", "instance": "qBit", "hash": HASH, "answer": "leave", "because": STUCK},
    "/orphans/answer": {"answer": "leave", "ids": [1]},
    "/answers/forget": {"section": "movies", "rule": "stalled", "tracker": "tracker.example"},
    "/config/rollback": {"id": 1},
    "/password": {"username": "me", "password": "long enough"},
    "/login": {"token": TOKEN},
    "/mcp": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read_status"}},
}


@pytest.mark.parametrize(
    "route",
    [route for route in (*ROUTES, *OPEN_ROUTES) if route.media == "application/json"],
    ids=lambda route: f"{route.method} {route.path}",
)
async def test_answers_match_the_description(client, context, log_folder, document, route, monkeypatch):
    monkeypatch.setattr(notifications, "deliver", AsyncMock(return_value=Sent(reached=True)))
    waiting_for_approval(context).ask = answering(
        ipc.TorrentFiles(1, "Some.Movie", (ipc.FileRow(0, "a/extras/b.mkv", 1, 1),)), ipc.TorrentEvents(1), ROOM
    )
    answer = answers.StoredAnswer("movies", "stalled", "tracker.example", act=True, answered_at=NOW)
    monkeypatch.setattr(answers, "read", AsyncMock(return_value=[answer]))
    if route.path == "/actions/{id}/answer":
        entry = await ledger.get(context.database, UNDOABLE)
        asking = msgspec.structs.replace(entry, state="awaiting_approval", notes={"asked": True})
        monkeypatch.setattr(ledger, "get", AsyncMock(return_value=asking))
    if route.path == "/imports/answer":
        stuck = verdicts.StoredVerdict("movies", "qBit", HASH, "A.Movie", "nothing", "arr_refuses_it", STUCK, [], NOW)
        monkeypatch.setattr(verdicts, "of_torrent", AsyncMock(return_value=[stuck]))
    if route.path.startswith("/orphans"):
        context.workers.processes["movies"].config.orphans = OrphanScope((), ())
        orphan = Orphan("/downloads/movies", "a.mkv", FileFacts(5, 7, 9, 9), NOW, id=1)
        row = orphans.OrphanRow(orphan, True, "", {"listings": 2}, "", NOW)
        monkeypatch.setattr(orphans, "page", AsyncMock(return_value=[row]))
        monkeypatch.setattr(orphans, "of_ids", AsyncMock(return_value=[orphan]))
    await context.access.sessions.start("token", "", "192.168.1.7", "")
    (log_folder / "Main.log").write_text("a\n")
    prefix = "" if route in OPEN_ROUTES else "/web"
    examples = EXAMPLES | {"/sessions": {"id": context.access.sessions.all()[0].id}}
    values = next((some for start, some in examples.items() if route.path.startswith(start)), {})
    operation = document["paths"][prefix + route.path][route.method.lower()]
    await client.post("/web/config", json={"changes": {"WebUI.Theme": "Light", "Notifications.Urls": ["json://nas"]}})
    links = {"link": context.answer_links.issue((str(UNDOABLE),), ["undo"])[0]}
    bodies = BODIES | {"/answer": links, "/answer/read": links}
    query, body = QUERIES.get(route.path), bodies.get(route.path) if route.method == "POST" else None
    path = prefix + route.path.format(**values)
    async with client.request(route.method, path, params=query, json=body) as response:
        assert response.status == 200
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": document["components"]})
        validator.validate(await response.json())


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("get", "/radarr/{category}/movies", "?page=x", "400"),
        ("get", "/radarr/{category}/movies", "", "404"),
        ("post", "/arr/{section}/restart", "", "404"),
        ("get", "/logs/{name}", "?limit=0", "400"),
        ("get", "/torrents/{hash}/explain", "", "404"),
    ],
)
async def test_errors_match_the_description(client, document, method, path, query, status):
    url = re.sub(r"{\w+}", "nothing", f"/web{path}{query}")
    async with client.request(method, url) as response:
        assert str(response.status) == status
        described = document["paths"][f"/web{path}"][method]["responses"][status]["content"]["application/json"]
        validator = Draft202012Validator({**described["schema"], "components": document["components"]})
        validator.validate(await response.json())
