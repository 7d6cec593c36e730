"""Access over HTTP: which endpoints are open to whom, host names and foreign pages."""

import socket

import pytest

from control.auth import throttle
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, TOKEN

# Everything that answers an outside client without credentials. An addition here opens it to the internet.
OPEN_TO_ALL = {
    ("GET", "/"),
    ("GET", "/favicon.ico"),
    ("GET", "/health"),
    ("GET", "/login"),
    ("GET", "/ready"),
    ("GET", "/sw.js"),
    ("GET", "/ui"),
    ("GET", "/ui/"),
    ("GET", "/ui/{name}"),
    ("POST", "/logout"),
    ("POST", "/answer"),
    ("POST", "/answer/read"),
}
# The same for a client in a private network, and for other users of this machine.
OPEN_INSIDE = OPEN_TO_ALL | {
    ("GET", "/metrics"),
    ("GET", "/web/arr"),
    ("GET", "/web/comparison"),
    ("GET", "/web/comparison/days"),
    ("GET", "/web/config"),
    ("GET", "/web/config/history"),
    ("GET", "/web/decisions"),
    ("GET", "/web/events"),
    ("GET", "/web/lidarr/{category}/artists"),
    ("GET", "/web/logs"),
    ("GET", "/web/activity"),
    ("GET", "/web/config/schema"),
    ("GET", "/web/inbox"),
    ("GET", "/web/qbittorrents"),
    ("GET", "/web/peers"),
    ("GET", "/web/stats"),
    ("GET", "/web/logs/{name}/at"),
    ("GET", "/web/arr/{section}/posters/{id}"),
    ("GET", "/web/answers"),
    ("GET", "/web/torrents"),
    ("GET", "/web/orphans"),
    ("GET", "/web/logs/{name}"),
    ("GET", "/web/logs/{name}/download"),
    ("GET", "/web/logs/{name}/search"),
    ("GET", "/web/logs/{name}/stream"),
    ("GET", "/web/meta"),
    ("GET", "/web/openapi.json"),
    ("GET", "/web/processes"),
    ("GET", "/web/processes/{category}/evidence"),
    ("GET", "/web/radarr/{category}/movies"),
    ("GET", "/web/sonarr/{category}/series"),
    ("GET", "/web/status"),
    ("GET", "/web/torrents/{hash}/explain"),
    ("GET", "/web/torrents/{hash}/timeline"),
    ("GET", "/web/arr/{section}/items/{id}/history"),
    ("GET", "/web/arr/{section}/items/{id}/timeline"),
    ("POST", "/web/arr/rebuild"),
    ("POST", "/web/mcp"),
    ("POST", "/web/arr/{section}/restart"),
    ("POST", "/web/arr/{section}/read-settings"),
    ("POST", "/web/arr/{section}/search"),
    ("GET", "/web/arr/{section}/search-plan"),
    ("GET", "/web/arr/{section}/room"),
    ("POST", "/web/processes/{category}/{kind}/restart"),
}
# The same for the daemon's own user and root on this machine.
OPEN_TO_OWN_USER = OPEN_INSIDE | {
    ("GET", "/web/audit"),
    ("GET", "/web/sessions"),
    ("POST", "/web/actions/{id}/answer"),
    ("POST", "/web/actions/{id}/undo"),
    ("POST", "/web/answers/forget"),
    ("POST", "/web/imports/answer"),
    ("POST", "/web/orphans/answer"),
    ("GET", "/web/backups"),
    ("GET", "/web/backups/{name}/download"),
    ("POST", "/web/arr/{section}/approve"),
    ("POST", "/web/arr/{section}/discard"),
    ("POST", "/web/arr/test-connection"),
    ("POST", "/web/arr/{section}/search-pause"),
    ("POST", "/web/torrents/{hash}/check-files"),
    ("POST", "/web/config"),
    ("POST", "/web/config/plan"),
    ("POST", "/web/config/rollback"),
    ("POST", "/web/notifications/test"),
    ("POST", "/web/password"),
    ("POST", "/web/processes/dump"),
    ("POST", "/web/processes/restart"),
    ("POST", "/web/reload"),
    ("POST", "/web/restart"),
    ("POST", "/web/sessions/{id}/revoke"),
    ("POST", "/web/sessions/revoke"),
    ("POST", "/web/update"),
}
EXAMPLES = {"category": "movies", "section": "movies", "name": "app.js", "hash": HASH, "id": "1", "kind": "search"}
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
PRIVATE = {"X-Forwarded-For": "192.168.1.50"}
UNAUTHORIZED = {"error": "Unauthorized: Invalid or missing bearer token", "code": "UNAUTHORIZED"}


async def _open_paths(client, headers):
    """Every path of the application, with those methods that are not refused."""
    found = set()
    for resource in client.server.app.router.resources():
        path = resource.canonical
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            async with client.request(
                method, path.format(**EXAMPLES), headers=headers, allow_redirects=False
            ) as response:
                if response.status not in {401, 403, 405}:
                    found.add((method, path))
    return found


@pytest.mark.parametrize(
    ("access", "headers", "expected"),
    [
        ("auto", {}, OPEN_TO_OWN_USER),
        ("auto", PRIVATE, OPEN_INSIDE),
        ("auto", OUTSIDE, OPEN_TO_ALL),
        ("token", {}, OPEN_TO_ALL),
        ("token", PRIVATE, OPEN_TO_ALL),
        ("open", OUTSIDE, OPEN_INSIDE),
    ],
)
async def test_what_is_open_without_credentials(make_context, connect, access, headers, expected):
    config = f'{CONFIG}[WebUI]\nWebAccess = "{access}"\nTrustedProxies = ["127.0.0.1"]\nAllowInsecureExposure = true'
    async with connect(make_context(config)) as client:
        assert await _open_paths(client, headers) == expected


def test_the_application_has_nothing_but_the_table_and_the_page():
    table = {(route.method, "/web" + route.path) for route in ROUTES}
    table |= {(route.method, route.path) for route in (*INSIDE_ROUTES, *OPEN_ROUTES)}
    page = {("GET", path) for path in ("/", "/ui", "/ui/", "/ui/{name}", "/favicon.ico", "/sw.js")}
    assert table | page == OPEN_TO_OWN_USER | {("POST", "/login")}  # answered by 401 to who has nothing to show


async def test_api_needs_the_token(client):
    async with client.get("/api/status") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert await response.json() == UNAUTHORIZED
    assert await get(client, "/api/status", 401, headers={"Authorization": "Bearer wrong"}) == UNAUTHORIZED
    assert await get(client, f"/api/status?token={TOKEN}&apikey={TOKEN}", 401) == UNAUTHORIZED
    await get(client, "/api/status", headers={"Authorization": f"Bearer {TOKEN}"})


async def test_an_outside_client_with_the_token_may_use_web(client):
    await get(client, "/web/status", headers={**OUTSIDE, "X-API-Token": TOKEN})


async def test_a_foreign_name_is_refused_with_the_remedy(client):
    for path in ("/web/status", "/ui", "/health", "/nothing"):
        answer = await get(client, path, 403, headers={"Host": "evil.example:6969"})
        assert answer["code"] == "FORBIDDEN"
        assert "WebUI.AllowedHosts" in answer["error"]
    await get(client, "/web/status", headers={"Host": "evil.example", "X-API-Token": TOKEN})


@pytest.mark.parametrize("name", ["evil", "evil.local", "evil.lan", "router.home.arpa", "nas", "nas.local"])
async def test_a_name_of_a_local_network_rebound_to_this_machine_is_foreign(client, context, name):
    headers = {"Host": f"{name}:6969", "Origin": f"http://{name}:6969"}
    await get(client, "/web/config", 403, headers=headers)
    changes = {"changes": {"Settings.UpdateIndex": "http://evil.example/simple"}}
    await post(client, "/web/config", 403, headers=headers, json=changes)
    assert context.loaded.config.settings.update_index == ""


async def test_the_name_of_this_machine_is_ours(client):
    await get(client, "/web/status", headers={"Host": f"{socket.gethostname().upper()}:6969"})


async def test_wrong_tokens_under_a_foreign_name_are_counted(client):
    for _ in range(throttle.MOST):
        await get(client, "/web/status", 403, headers={"Host": "evil.example", "X-API-Token": "wrong"})
    await get(client, "/web/status", 429, headers={"Host": "evil.example", "X-API-Token": TOKEN})


async def test_a_configured_name_is_ours(make_context, connect):
    async with connect(make_context(CONFIG + '[WebUI]\nAllowedHosts = ["qbitrr.example.org"]')) as client:
        await get(client, "/web/status", headers={"Host": "QBITRR.example.org"})
        await get(client, "/web/status", 403, headers={"Host": "evil.example"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://nas:6969"}, 200),
        ({"Origin": "https://NAS:6969", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://nas"}, 403),
        ({"Origin": "http://nas:6970"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example", "X-API-Token": TOKEN}, 200),
    ],
)
async def test_only_our_own_page_may_write(make_context, connect, headers, status):
    context = make_context(CONFIG + '[WebUI]\nAllowedHosts = ["nas"]')
    async with connect(context) as client:
        await post(client, "/web/arr/rebuild", status, headers={"Host": "nas:6969", **headers})
    assert bool(context.workers.calls) is (status == 200)


async def test_a_foreign_page_may_read_nothing(client):
    async with client.get("/web/status", headers={"Origin": "https://evil.example"}) as response:
        assert not any(name.startswith("Access-Control") for name in response.headers)
    async with client.options(
        "/web/status", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    ) as response:
        assert response.status == 405


@pytest.mark.parametrize("path", ["/web/status", "/ui", "/nothing", "/api/status", "/"])
async def test_every_answer_has_the_security_headers(client, path):
    async with client.get(path, allow_redirects=False) as response:
        headers = response.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert headers["Content-Security-Policy"].endswith("require-trusted-types-for 'script'; trusted-types lit-html")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] == "qbitrr"
    if path.startswith(("/web", "/api")):
        assert headers["Cache-Control"] == "no-store"
