"""A connection test names what is wrong, and sends a key to no other address."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from control import connection_check
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.prowlarr import ProwlarrIndexer, ProwlarrStandIn
from tests.integration.control.asking import post
from tests.integration.control.sample import CONFIG, TOKEN

PATH = "/web/arr/test-connection"


@pytest.fixture
async def sandbox():
    async with Sandbox((Section("Radarr-HD", "radarr", 3),)) as running:
        yield running


@pytest.fixture
async def connected(sandbox, make_context, connect):
    return connect(make_context(sandbox.config_toml()))


async def test_stored_services_answer(connected, sandbox):
    async with connected as client:
        arr = await post(client, PATH, json={"section": "Radarr-HD"})
        qbit = await post(client, PATH, json={"section": "qBit"})
        assert (await post(client, PATH, 404, json={"section": "Radarr-None"}))["code"] == "NOT_FOUND"
    assert (arr["success"], arr["trouble"]) == (True, None)
    assert arr["version"]
    assert {"id", "name"} == set(arr["qualityProfiles"][0])
    (downloads,) = arr["downloadClients"]
    assert (downloads["implementation"], downloads["category"], downloads["enabled"]) == (
        "QBittorrent",
        "radarr-hd",
        True,
    )
    assert downloads["port"] == sandbox.qbittorrent.port
    assert qbit["success"], qbit
    assert qbit["downloadClients"] == []
    assert qbit["version"].startswith("v")


async def test_what_contradicts_is_known_before_a_section_is_written(client, sandbox):
    arr = sandbox.arrs["Radarr-HD"]
    given = {"arrType": "radarr", "uri": arr.url, "apiKey": arr.api_key}
    assert (await post(client, PATH, json=given))["contradictions"] == []
    assert (await post(client, PATH, json={**given, "category": "radarr-hd"}))["contradictions"] == []
    (other,) = (await post(client, PATH, json={**given, "category": "films"}))["contradictions"]
    assert other["kind"] == "other_category"
    assert '"radarr-hd"' in other["text"]
    assert '"films"' in other["text"]


async def test_a_key_that_fits_into_no_header_is_refused(client, sandbox):
    given = {"arrType": "radarr", "uri": sandbox.arrs["Radarr-HD"].url, "apiKey": "two\nlines"}
    answer = await post(client, PATH, 400, json=given)
    assert answer["details"]["parameter"] == "apiKey"
    assert "lines" not in str(answer["details"]["value"])


@pytest.mark.parametrize(
    ("uri", "trouble"),
    [
        ("http://127.0.0.1:9", "refused"),
        ("http://name.invalid", "name"),
    ],
)
async def test_a_service_that_does_not_answer(client, uri, trouble):
    answer = await post(client, PATH, json={"arrType": "radarr", "uri": uri, "apiKey": "secret-key"})
    assert (answer["success"], answer["trouble"]) == (False, trouble)
    assert "secret-key" not in answer["message"]


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, "{}", "credentials"),
        (404, "{}", "application"),
        (200, "<html>", "application"),
        (200, '{"appName": "Sonarr", "version": "4"}', "application"),
        (500, "{}", "answer"),
    ],
)
async def test_another_program_answers(client, status, body, trouble):
    async def answer(_request):
        return web.Response(status=status, text=body, content_type="application/json")

    application = web.Application()
    application.router.add_get("/{any:.*}", answer)
    async with TestServer(application) as server:
        given = {"arrType": "radarr", "uri": str(server.make_url("/")), "apiKey": "k"}
        assert (await post(client, PATH, json=given))["trouble"] == trouble


async def test_a_redirect_is_not_followed(client):
    elsewhere = []

    async def redirect(_request):
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async def other(request):
        elsewhere.append(request.headers.get("X-Api-Key"))
        return web.json_response({})

    application = web.Application()
    application.router.add_get("/api/v3/system/status", redirect)
    application.router.add_get("/elsewhere", other)
    async with TestServer(application) as server:
        given = {"arrType": "radarr", "uri": str(server.make_url("/")), "apiKey": "k"}
        assert (await post(client, PATH, json=given))["trouble"] == "application"
    assert elsewhere == []


async def test_a_plain_server_is_not_mistaken_for_https(client):
    async with TestServer(web.Application()) as server:
        uri = str(server.make_url("/")).replace("http:", "https:")
        assert (await post(client, PATH, json={"arrType": "radarr", "uri": uri, "apiKey": "k"}))["trouble"] == "tls"


async def test_refused_credentials_are_tried_once(client, monkeypatch):
    monkeypatch.setattr(connection_check, "_refused_credentials", connection_check._RefusedCredentials())
    tried = []

    async def login(request):
        tried.append(await request.post())
        return web.Response(text="Fails.")

    async def forbidden(_request):
        return web.Response(status=403)

    application = web.Application()
    application.router.add_post("/api/v2/auth/login", login)
    application.router.add_get("/{any:.*}", forbidden)
    async with TestServer(application) as server:
        given = {"arrType": "qbittorrent", "uri": str(server.make_url("/")), "username": "a", "password": "b"}
        for _ in range(3):
            assert (await post(client, PATH, json=given))["trouble"] == "credentials"
    assert len(tried) == 1


async def test_a_key_that_is_accepted_by_now_is_tried_again(client):
    """Only a password is not: qBittorrent bans who sends wrong ones."""
    stand_in = ProwlarrStandIn(api_key="k" * 32)
    await stand_in.start()
    given = {"arrType": "prowlarr", "uri": stand_in.url, "apiKey": "n" * 32}
    assert (await post(client, PATH, json=given))["trouble"] == "credentials"
    stand_in.api_key = "n" * 32
    assert (await post(client, PATH, json=given))["success"]
    await stand_in.stop()


@pytest.mark.parametrize(
    "uri", ["", "file:///etc/passwd", "radarr:7878", "ftp://x", "http://radarr..lan", "http://[", "http://radarr:0"]
)
async def test_only_http_addresses_are_tested(client, uri):
    await post(client, PATH, 400, json={"arrType": "radarr", "uri": uri})


async def test_a_client_in_the_network_needs_the_token(make_context, connect):
    context = make_context(f'{CONFIG}[WebUI]\nTrustedProxies = ["127.0.0.1"]')
    async with connect(context) as client:
        neighbour = {"X-Forwarded-For": "192.168.1.9"}
        given = {"arrType": "radarr", "uri": "http://127.0.0.1:9"}
        await post(client, PATH, 403, json=given, headers=neighbour)
        await post(client, PATH, 200, json=given, headers={**neighbour, "X-API-Token": TOKEN})


@pytest.fixture
async def with_requests():
    sections = (Section("Radarr-HD", "radarr", 3), Section("Sonarr-TV", "sonarr", 2, episodes=9))
    async with Sandbox(sections, with_requests=True) as running:
        yield running


async def test_a_stored_source_of_requests_is_tested(with_requests, make_context, connect):
    async with connect(make_context(with_requests.config_toml())) as client:
        for section in ("Radarr-HD", "Sonarr-TV"):
            answer = await post(client, PATH, json={"section": section, "arrType": "overseerr"})
            assert (answer["success"], answer["trouble"]) == (True, None), answer
            assert f"Overseerr of {section} answers" in answer["message"]
        nothing = await post(client, PATH, json={"section": "Radarr-HD", "arrType": "ombi"})
        assert not nothing["success"]
        assert "no address" in nothing["message"]


@pytest.mark.parametrize("kind", ["overseerr", "ombi"])
async def test_a_source_of_requests_is_tested_before_it_is_stored(client, with_requests, kind):
    service = with_requests.overseerr if kind == "overseerr" else with_requests.ombi
    given = {"arrType": kind, "uri": service.url, "requestsFor": "sonarr"}
    assert (await post(client, PATH, json={**given, "apiKey": service.api_key}))["success"]
    refused = await post(client, PATH, json={**given, "apiKey": "wrong-key"})
    assert refused["trouble"] == "credentials"
    assert "wrong-key" not in refused["message"]


async def test_nothing_is_requested_of_a_lidarr(client):
    await post(client, PATH, 400, json={"section": "Lidarr", "arrType": "overseerr"})


async def test_a_prowlarr_answers_as_configured_and_as_it_could_be(make_context, connect):
    async with Sandbox((Section("Radarr-HD", "radarr", 3),), with_prowlarr=True) as sandbox:
        sandbox.prowlarr.indexers = [ProwlarrIndexer(1, "One", query_limit=5), ProwlarrIndexer(2, "Two")]
        given = {"arrType": "prowlarr", "uri": sandbox.prowlarr.url, "apiKey": sandbox.prowlarr.api_key}
        async with connect(make_context(sandbox.config_toml())) as client:
            for body in ({"section": "Prowlarr"}, given):
                answer = await post(client, PATH, json=body)
                assert (answer["trouble"], answer["version"]) == (None, "2.3.5.5327")
                assert answer["message"].endswith("answers; 2 indexers, 1 with a query limit")
            wrong = await post(client, PATH, json={**given, "apiKey": "wrong"})
            assert (wrong["success"], wrong["trouble"]) == (False, "credentials")
            other = {**given, "uri": sandbox.arrs["Radarr-HD"].url, "apiKey": sandbox.arrs["Radarr-HD"].api_key}
            assert not (await post(client, PATH, json=other))["success"]
        async with connect(make_context(sandbox.config_toml({"Prowlarr": {"APIKey": ""}}))) as client:
            assert (await post(client, PATH, json={"section": "Prowlarr"}))["trouble"] == "name"
