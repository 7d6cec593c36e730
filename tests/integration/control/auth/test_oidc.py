"""Login at a provider: only an answer that is signed, in time, for us and for this login is accepted."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey

from qbitrr.clock import Clock
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG

KEY = ECKey.generate_key("P-256", {"kid": "1"})
OTHER = ECKey.generate_key("P-256", {"kid": "1"})


def _part(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """A provider; `change` alters the claims of its answers."""

    def __init__(self):
        self.change = {}
        self.key = KEY
        self.forged = None
        self.form = None
        self.nonce = ""
        self.url = ""

    async def configuration(self, _request):
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def token(self, request):
        self.form = dict(await request.post())
        claims = {"iss": self.url, "aud": "us", "sub": "someone", "exp": int(time.time()) + 60, "nonce": self.nonce}
        changed = {name: value for name, value in {**claims, **self.change}.items() if value is not None}
        return web.json_response({"id_token": self.sign(changed)})

    def sign(self, claims):
        if self.forged is None:
            return jwt.encode({"alg": "ES256", "kid": "1"}, claims, self.key)
        content = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": self.forged, "kid": "1"}, claims))
        shared = hmac.new(KEY.as_pem(private=False), content.encode(), "sha256").digest()
        return f"{content}.{_part(shared if self.forged == 'HS256' else b'')}"

    async def keys(self, _request):
        return web.json_response({"keys": [KEY.as_dict(private=False)]})


@pytest.fixture
async def provider():
    provider = Provider()
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", provider.configuration)
    application.router.add_post("/token", provider.token)
    application.router.add_get("/keys", provider.keys)
    async with TestServer(application) as server:
        provider.url = str(server.make_url("")).rstrip("/")
        yield provider


@pytest.fixture
async def client(provider, make_context, connect):
    config = f"""{CONFIG}[WebUI]
WebAccess = "token"
OIDCEnabled = true
[WebUI.OIDC]
Authority = "{provider.url}"
ClientId = "us"
ClientSecret = "client secret"
RequireHttpsMetadata = false
"""
    async with connect(make_context(config, clock=Clock())) as connected:
        yield connected


async def start(client):
    async with client.get("/login/oidc", allow_redirects=False) as response:
        assert response.status == 302
        return {name: value for name, (value,) in parse_qs(urlsplit(response.headers["Location"]).query).items()}


async def come_back(client, provider, login, **changes):
    provider.nonce = login["nonce"]
    query = {"code": "the code", "state": login["state"], **changes}
    async with client.get("/signin-oidc", params=query, allow_redirects=False) as response:
        return response.status


async def test_a_user_whom_the_provider_admits_is_admitted(client, provider):
    await get(client, "/web/status", 401)
    login = await start(client)
    assert (login["client_id"], login["code_challenge_method"]) == ("us", "S256")
    assert "client secret" not in str(login)
    assert await come_back(client, provider, login) == 302
    assert provider.form["client_secret"] == "client secret"
    assert provider.form["redirect_uri"] == login["redirect_uri"]
    await get(client, "/web/status")


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "others"},
        {"aud": ["others"]},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"nonce": "of another login"},
        {"nonce": None},
        {"sub": None},
    ],
)
async def test_claims_for_another_client_time_or_login_are_refused(client, provider, change):
    provider.change = change
    assert await come_back(client, provider, await start(client)) == 401
    await get(client, "/web/status", 401)


async def test_a_wrong_signature_is_refused(client, provider):
    provider.key = OTHER
    assert await come_back(client, provider, await start(client)) == 401


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
async def test_neither_a_public_key_as_shared_secret_nor_a_missing_signature_counts(client, provider, algorithm):
    provider.forged = algorithm
    assert await come_back(client, provider, await start(client)) == 401


@pytest.mark.parametrize("changes", [{"state": "another"}, {"state": ""}, {"code": ""}])
async def test_a_login_that_was_not_started_here_is_refused(client, provider, changes):
    assert await come_back(client, provider, await start(client), **changes) == 401
    assert provider.form is None


async def test_the_cookie_of_the_first_step_is_no_login(client):
    await start(client)
    cookie = next(cookie for cookie in client.session.cookie_jar if cookie.key == "qbitrr_oidc")
    await get(client, "/web/status", 401, headers={"Cookie": f"qbitrr_session={cookie.value}"})


async def test_a_provider_without_https_has_to_be_allowed(make_context, connect):
    config = f'{CONFIG}[WebUI]\nOIDCEnabled = true\n[WebUI.OIDC]\nAuthority = "http://provider"\nClientId = "us"\n'
    async with connect(make_context(config)) as client:
        assert (await get(client, "/login/oidc", 400))["code"] == "CONFIG_ERROR"
