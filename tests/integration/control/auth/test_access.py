"""Who may call what: the token, private networks, proxies, names and foreign pages."""

from ipaddress import ip_network

import pytest
from multidict import CIMultiDict

from control.auth.access import carries_token, is_internal
from control.auth.origin_check import host_name, is_our_name
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, TOKEN

# Everything that answers without credentials to a stranger. Whoever adds to it opens it to the internet.
OPEN_TO_STRANGERS = {
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
}
# The same to somebody in a private network.
OPEN_INSIDE = OPEN_TO_STRANGERS | {
    ("GET", "/metrics"),
    ("GET", "/web/arr"),
    ("GET", "/web/config"),
    ("GET", "/web/config/history"),
    ("GET", "/web/decisions"),
    ("GET", "/web/events"),
    ("GET", "/web/lidarr/{category}/artists"),
    ("GET", "/web/logs"),
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
    ("POST", "/web/actions/{id}/undo"),
    ("POST", "/web/arr/rebuild"),
    ("POST", "/web/arr/{section}/approve"),
    ("POST", "/web/arr/{section}/discard"),
    ("POST", "/web/arr/test-connection"),
    ("POST", "/web/arr/{section}/restart"),
    ("POST", "/web/arr/{section}/search"),
    ("GET", "/web/arr/{section}/search-plan"),
    ("POST", "/web/config"),
    ("POST", "/web/config/plan"),
    ("POST", "/web/config/rollback"),
    ("POST", "/web/password"),
    ("POST", "/web/processes/dump"),
    ("POST", "/web/processes/restart"),
    ("POST", "/web/processes/{category}/{kind}/restart"),
    ("POST", "/web/reload"),
    ("POST", "/web/restart"),
    ("POST", "/web/update"),
}
EXAMPLES = {"category": "movies", "section": "movies", "name": "app.js", "hash": HASH, "id": "1", "kind": "search"}
STRANGER = {"X-Forwarded-For": "203.0.113.9"}
UNAUTHORIZED = {"error": "Unauthorized: Invalid or missing bearer token", "code": "UNAUTHORIZED"}


async def _open_paths(client, headers):
    """Every path of the application, with those methods that are not answered by 401."""
    found = set()
    for resource in client.server.app.router.resources():
        path = resource.canonical
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            async with client.request(
                method, path.format(**EXAMPLES), headers=headers, allow_redirects=False
            ) as response:
                if response.status not in {401, 405}:
                    found.add((method, path))
    return found


@pytest.mark.parametrize(
    ("access", "headers", "expected"),
    [
        ("auto", {}, OPEN_INSIDE),
        ("auto", STRANGER, OPEN_TO_STRANGERS),
        ("token", {}, OPEN_TO_STRANGERS),
        ("open", STRANGER, OPEN_INSIDE),
    ],
)
async def test_what_is_open_without_credentials(make_context, connect, access, headers, expected):
    async with connect(make_context(f'{CONFIG}[WebUI]\nWebAccess = "{access}"')) as client:
        assert await _open_paths(client, headers) == expected


def test_the_application_has_nothing_but_the_table_and_the_page():
    table = {(route.method, "/web" + route.path) for route in ROUTES}
    table |= {(route.method, route.path) for route in (*INSIDE_ROUTES, *OPEN_ROUTES)}
    page = {("GET", path) for path in ("/", "/ui", "/ui/", "/ui/{name}", "/favicon.ico", "/sw.js")}
    assert table | page == OPEN_INSIDE | {("POST", "/login")}  # answered by 401 to who has nothing to show


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, True),
        ({"Authorization": f"bearer {TOKEN}"}, True),
        ({"Authorization": f"BEARER   {TOKEN} "}, True),
        ({"X-API-Token": TOKEN}, True),
        ({"Authorization": "Bearer wrong", "X-API-Token": TOKEN}, True),
        ({"Authorization": f"Bearer {TOKEN}", "X-API-Token": "wrong"}, True),
        ({}, False),
        ({"Authorization": ""}, False),
        ({"Authorization": "Bearer"}, False),
        ({"Authorization": TOKEN}, False),
        ({"Authorization": f"Basic {TOKEN}"}, False),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, False),
        ({"Authorization": f"Bearer {TOKEN}x"}, False),
        ({"Authorization": f"Bearer {TOKEN.upper()}"}, False),
        ({"X-API-Token": "ünsinn \udcff"}, False),
    ],
)
def test_the_token(headers, fits):
    assert carries_token(CIMultiDict(headers), TOKEN) is fits


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"X-API-Token": ""}])
def test_an_empty_token_never_fits(headers):
    assert carries_token(CIMultiDict(headers), "") is False


async def test_api_needs_the_token(client):
    async with client.get("/api/status") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert await response.json() == UNAUTHORIZED
    assert await get(client, "/api/status", 401, headers={"Authorization": "Bearer wrong"}) == UNAUTHORIZED
    assert await get(client, f"/api/status?token={TOKEN}&apikey={TOKEN}", 401) == UNAUTHORIZED
    await get(client, "/api/status", headers={"Authorization": f"Bearer {TOKEN}"})


async def test_a_stranger_with_the_token_may_use_web(client):
    await get(client, "/web/status", headers={**STRANGER, "X-API-Token": TOKEN})


@pytest.mark.parametrize(
    ("peer", "internal"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.178.20", True),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:192.168.1.2", True),
        ("172.15.255.255", False),
        ("172.32.0.0", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("0.0.0.0", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
        ("::", False),
        ("", False),
        (None, False),
        ("/run/qbitrr.sock", False),
    ],
)
def test_who_is_inside(peer, internal):
    assert is_internal(peer, CIMultiDict(), ()) is internal


PROXY = "192.168.1.5"
PROXIES = (ip_network("192.168.1.5/32"), ip_network("172.20.0.0/16"))


@pytest.mark.parametrize(
    ("peer", "headers", "internal"),
    [
        ("192.168.1.6", [("X-Forwarded-For", "192.168.1.7")], False),
        ("127.0.0.1", [("X-Real-IP", "127.0.0.1")], False),
        ("127.0.0.1", [("Forwarded", "for=127.0.0.1")], False),
        ("127.0.0.1", [("X-Forwarded-For", "")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7")], True),
        (PROXY, [("X-Forwarded-For", "192.168.1.7:4711")], True),
        (PROXY, [("X-Forwarded-For", "[fd00::7]:4711")], True),
        (PROXY, [("X-Forwarded-For", "fd00::7")], True),
        (PROXY, [("X-Forwarded-For", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7, 8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "8.8.8.8, 192.168.1.7")], True),
        (PROXY, [("X-Forwarded-For", "8.8.8.8, 172.20.0.3")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7, 172.20.0.3")], True),
        (PROXY, [("X-Forwarded-For", "192.168.1.7"), ("X-Forwarded-For", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7"), ("X-Real-IP", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "nonsense")], False),
        (PROXY, [("Forwarded", 'for="[fd00::7]:4711";proto=https')], True),
        (PROXY, [("Forwarded", "for=192.168.1.7, for=8.8.8.8;by=192.168.1.5")], False),
        (PROXY, [("Forwarded", "for=unknown")], False),
        (PROXY, [("Forwarded", "proto=https")], False),
        (PROXY, [("X-Real-IP", "192.168.1.7")], True),
        ("8.8.8.8", [("X-Forwarded-For", "192.168.1.7")], False),
    ],
)
def test_a_forwarded_header_shuts_out_and_never_lets_in(peer, headers, internal):
    assert is_internal(peer, CIMultiDict(headers), PROXIES) is internal


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:6969", True),
        ("[::1]:6969", True),
        ("[fe80::1%25eth0]", True),
        ("192.168.1.2", True),
        ("8.8.8.8", True),
        ("localhost:6969", True),
        ("LOCALHOST.", True),
        ("nas", True),
        ("nas.local:80", True),
        ("nas.lan", True),
        ("qbitrr.home.arpa", True),
        ("box.example.org:6969", True),
        ("BOX.example.org", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("local.evil.example", False),
        ("notlocal.example", False),
        ("nas.local.evil.example:6969", False),
        ("256.1.1.1", False),
    ],
)
def test_names_that_are_ours(host, ours):
    assert is_our_name(host_name(host), {"box.example.org"}) is ours


async def test_a_foreign_name_is_refused_with_the_remedy(client):
    for path in ("/web/status", "/ui", "/health", "/nothing"):
        answer = await get(client, path, 403, headers={"Host": "evil.example:6969"})
        assert answer["code"] == "FORBIDDEN"
        assert "WebUI.AllowedHosts" in answer["error"]
    await get(client, "/web/status", headers={"Host": "evil.example", "X-API-Token": TOKEN})


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
async def test_only_our_own_page_may_write(client, context, headers, status):
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
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] == "qbitrr"
    if path.startswith(("/web", "/api")):
        assert headers["Cache-Control"] == "no-store"
