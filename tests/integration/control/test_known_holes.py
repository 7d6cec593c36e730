"""One test for each security hole that similar programs had, named after it."""

import io
import json

import pytest

from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, TOKEN, UNDOABLE

OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
SECRETS = {"APIKey": "k1k1k1k1k1k1k1k1k1k1k1k1k1k1k1k1", "Password": "hunter2hunter2", "Token": TOKEN}
WITH_SECRETS = CONFIG.replace('APIKey = "k1"', f'APIKey = "{SECRETS["APIKey"]}"').replace(
    '[qBit]\nHost = "localhost"\n', f'[qBit]\nHost = "localhost"\nUserName = "u"\nPassword = "{SECRETS["Password"]}"\n'
)
PARAMETERS = {
    "{category}": "movies", "{section}": "movies", "{name}": "Main.log", "{hash}": HASH, "{id}": str(UNDOABLE),
    "{kind}": "search",
}  # fmt: skip


@pytest.fixture
def context(make_context):
    return make_context(WITH_SECRETS)


@pytest.mark.parametrize(
    "path", ["/config", "/config/history", "/config/plan", "/password", "/logs", "/events", "/meta"]
)
async def test_settings_without_a_login(client, path):
    method = "POST" if path in ("/config/plan", "/password") else "GET"
    for prefix in ("/web", "/api"):
        async with client.request(method, prefix + path, headers=OUTSIDE) as answer:
            assert answer.status == 401


async def test_a_key_in_any_answer(client, log_folder):
    (log_folder / "Main.log").write_text("line\n")
    asked = 0
    for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES):
        if route.method != "GET" or route.media == "text/event-stream":
            continue
        path = route.path
        for name, value in PARAMETERS.items():
            path = path.replace(name, value)
        async with client.get(f"/web{path}" if route in ROUTES else path) as answer:
            text = await answer.text()
            asked += 1
            assert not [name for name, secret in SECRETS.items() if secret in text], path
    assert asked > 20


@pytest.mark.parametrize("token", ["", None])
async def test_the_token_emptied_over_http(client, context, token):
    context.config_reload.files.config.write_text(WITH_SECRETS + f'[WebUI]\nToken = "{TOKEN}"\n')
    for body in ({"changes": {"WebUI.Token": token}}, {"deletions": ["WebUI.Token"]}, {"deletions": ["WebUI"]}):
        async with client.post("/api/config", json=body, headers={"X-API-Token": TOKEN}) as answer:
            assert answer.status == 400, body
    assert TOKEN in context.config_reload.files.config.read_text()


async def test_a_name_rebound_to_this_machine(client):
    async with client.get("/web/config", headers={"Host": "attacker.example"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://attacker.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_a_post_from_another_site(client, context, headers, content_type):
    headers = {**headers, "Content-Type": content_type}
    for path in ("/web/restart", "/web/update", "/web/config", "/web/arr/movies/restart"):
        async with client.post(path, data=b"{}", headers=headers) as answer:
            assert answer.status == 403
    assert context.commands.calls == []


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
@pytest.mark.parametrize("value", ["127.0.0.1", "for=127.0.0.1", "::1", "192.168.1.2, 127.0.0.1"])
async def test_a_forwarded_header_as_proof_of_being_local(client, header, value):
    async with client.get("/web/config", headers={header: value}) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    "name",
    ["../config.toml", "..%2Fconfig.toml", "%2e%2e%2fconfig.toml", "Main.log%00.txt", "%2Fetc%2Fpasswd", "link.log"],
)
async def test_a_log_outside_of_the_folder(client, log_folder, name):
    outside = log_folder.parent / "config.toml"
    outside.write_text("secret")
    (log_folder / "link.log").symlink_to(outside)
    for path in (f"/web/logs/{name}", f"/web/logs/{name}/download"):
        async with client.get(path) as answer:
            assert answer.status == 404
            assert "secret" not in await answer.text()


@pytest.mark.parametrize("key", ["Radarr-4K.URI", "qBit.Host"])
async def test_a_stored_key_sent_to_a_changed_address(client, key):
    headers = {"X-API-Token": TOKEN}
    value = "http://attacker.example" if key.endswith("URI") else "attacker.example"
    async with client.post("/api/config", json={"changes": {key: value}}, headers=headers) as answer:
        assert answer.status == 400
        assert "once more" in json.dumps(await answer.json())


async def test_a_way_into_the_network_through_test_connection(client):
    body = {"arrType": "radarr", "uri": "http://169.254.169.254/latest", "apiKey": "x"}
    for headers, status in ((OUTSIDE, 401), ({"X-Forwarded-For": "192.168.1.9"}, 401)):
        async with client.post("/web/arr/test-connection", json=body, headers=headers) as answer:
            assert answer.status == status
    for uri in ("file:///etc/passwd", "gopher://localhost", "ftp://localhost"):
        await post(client, "/web/arr/test-connection", 400, json={**body, "uri": uri})


@pytest.mark.parametrize("token", [TOKEN[:-1], TOKEN[:1], TOKEN + "x", "", " ", TOKEN.upper(), "*"])
async def test_a_part_of_the_token(client, token):
    for headers in ({"X-API-Token": token}, {"Authorization": f"Bearer {token}"}):
        async with client.get("/api/status", headers=headers) as answer:
            assert answer.status in (401, 429)


async def test_the_token_in_the_address(client):
    async with client.get("/api/status", params={"token": TOKEN, "apikey": TOKEN}) as answer:
        assert answer.status == 401


async def test_a_body_that_is_too_large(client):
    async with client.post("/web/config", data=io.BytesIO(b"{" + b" " * (1 << 20))) as answer:
        assert answer.status == 413
        assert (await answer.json())["code"]
    assert (await get(client, "/web/status"))["ready"]
