"""Login at a provider: only an answer that is signed, in time, for us, for this login and of a listed user counts."""

import asyncio
import hmac
import itertools
import json
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey

from control.auth import oidc_provider
from qbitrr.clock import Clock
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG

KEY = ECKey.generate_key("P-256", {"kid": "1"})
OTHER = ECKey.generate_key("P-256", {"kid": "1"})


def _part(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """A provider. `change` alters the claims of its answers, `pieces` is in how many parts it sends each of them."""

    def __init__(self):
        self.change = {}
        self.pieces = 1
        self.pause_seconds = 0.02
        self.padding = ""
        self.listed_keys = [KEY.as_dict(private=False)]
        self.key = KEY
        self.forged = None
        self.form = None
        self.nonce = ""
        self.url = ""

    async def answer(self, request, content):
        """Send JSON as a network may deliver it."""
        body = json.dumps({**content, "padding": self.padding}).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        size = -(-len(body) // self.pieces)
        for start in range(0, len(body), size):
            await response.write(body[start : start + size])
            await asyncio.sleep(self.pause_seconds if self.pieces > 1 else 0)
        return response

    async def configuration(self, request):
        endpoints = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return await self.answer(request, endpoints)

    async def token(self, request):
        self.form = dict(await request.post())
        claims = {"iss": self.url, "aud": "us", "sub": "someone", "exp": int(time.time()) + 60, "nonce": self.nonce}
        changed = {name: value for name, value in {**claims, **self.change}.items() if value is not None}
        return await self.answer(request, {"id_token": self.sign(changed)})

    def sign(self, claims):
        if self.forged is None:
            return jwt.encode({"alg": "ES256", "kid": "1"}, claims, self.key)
        content = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": self.forged, "kid": "1"}, claims))
        shared = hmac.new(KEY.as_pem(private=False), content.encode(), "sha256").digest()
        return f"{content}.{_part(shared if self.forged == 'HS256' else b'')}"

    async def keys(self, request):
        return await self.answer(request, {"keys": self.listed_keys})


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


def config_for(provider, allowed='AllowedSubjects = ["someone"]'):
    return f"""{CONFIG}[WebUI]
WebAccess = "token"
OIDCEnabled = true
[WebUI.OIDC]
Authority = "{provider.url}"
ClientId = "us"
ClientSecret = "client secret"
RequireHttpsMetadata = false
{allowed}
"""


@pytest.fixture
async def client(provider, make_context, connect):
    async with connect(make_context(config_for(provider), clock=Clock())) as connected:
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


async def test_a_listed_user_logs_in(client, provider):
    await get(client, "/web/status", 401)
    login = await start(client)
    assert (login["client_id"], login["code_challenge_method"]) == ("us", "S256")
    assert "client secret" not in str(login)
    assert await come_back(client, provider, login) == 302
    assert provider.form["client_secret"] == "client secret"
    assert provider.form["redirect_uri"] == login["redirect_uri"]
    await get(client, "/web/status")
    (session,) = (await get(client, "/web/sessions"))["sessions"]
    assert (session["method"], session["user"]) == ("provider", "someone")
    (entry,) = (await get(client, "/web/audit"))["entries"]
    assert (entry["action"], entry["proof"]) == ("GET /signin-oidc", "provider, as someone")


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
        {"sub": 7},
        {"azp": "others"},
        {"aud": ["us"], "azp": "others"},
        {"aud": ["us", "others"], "azp": "others"},
        {"aud": ["us", "others"]},  # issued to whom?
        {"nbf": int(time.time()) + 3600},
    ],
)
async def test_claims_for_another_client_time_or_login_are_refused(client, provider, change):
    provider.change = change
    assert await come_back(client, provider, await start(client)) == 401
    await get(client, "/web/status", 401)


async def test_an_answer_for_several_clients_that_was_issued_to_us_is_accepted(client, provider):
    provider.change = {"aud": ["others", "us"], "azp": "us"}
    assert await come_back(client, provider, await start(client)) == 302


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
    config = (
        f'{CONFIG}[WebUI]\nOIDCEnabled = true\n[WebUI.OIDC]\nAuthority = "http://provider"\nClientId = "us"\n'
        'AllowedSubjects = ["someone"]\n'
    )
    async with connect(make_context(config)) as client:
        assert (await get(client, "/login/oidc", 400))["code"] == "CONFIG_ERROR"


# -- who of the provider's users ------------------------------------------------------------------------------------


async def test_of_many_accounts_of_the_provider_only_the_listed_one_is_admitted(provider, make_context, connect):
    now = itertools.count(0, 3600)  # refused logins are forgotten
    clock = Clock(monotonic=lambda: float(next(now)))
    async with connect(make_context(config_for(provider), clock=clock)) as client:
        statuses = {}
        for account in (*(f"account-{number}" for number in range(20)), "someone"):
            provider.change = {"sub": account}
            statuses[account] = await come_back(client, provider, await start(client))
    assert statuses.pop("someone") == 302
    assert set(statuses.values()) == {403}


@pytest.mark.parametrize(
    ("allowed", "claims", "admitted"),
    [
        ('AllowedSubjects = ["me"]', {"sub": "me"}, True),
        ('AllowedSubjects = ["me"]', {"sub": "Me"}, False),
        ('AllowedSubjects = ["me"]', {"sub": "someone", "email": "me", "email_verified": True}, False),
        ('AllowedEmails = ["me@example.org"]', {"email": "me@example.org", "email_verified": True}, True),
        ('AllowedEmails = ["me@example.org"]', {"email": "Me@Example.org", "email_verified": True}, True),
        ('AllowedEmails = ["me@example.org"]', {"email": "me@example.org"}, False),
        ('AllowedEmails = ["me@example.org"]', {"email": "me@example.org", "email_verified": False}, False),
        ('AllowedEmails = ["me@example.org"]', {"email": "me@example.org", "email_verified": "true"}, False),
        ('AllowedEmails = ["me@example.org"]', {"email": ["me@example.org"], "email_verified": True}, False),
        ('AllowedEmails = ["mike@example.org"]', {"email": "mi\u212ae@example.org", "email_verified": True}, False),
        ('AllowedEmails = ["me@example.org"]', {"email_verified": True}, False),
        ('AllowedSubjects = ["me"]\nAllowedEmails = ["me@example.org"]', {"sub": "me"}, True),
        ('RequiredClaim = "groups=admins"', {"groups": ["users", "admins"]}, True),
        ('RequiredClaim = "groups=admins"', {"groups": "admins"}, True),
        ('RequiredClaim = "groups=admins"', {"groups": "admins users"}, False),
        ('RequiredClaim = "groups=admins"', {"groups": ["users"]}, False),
        ('RequiredClaim = "groups=admins"', {"groups": {"admins": True}}, False),
        ('RequiredClaim = "groups=admins"', {}, False),
        ('RequiredClaim = "https://example.org/role=a=b"', {"https://example.org/role": "a=b"}, True),
        ('AllowedSubjects = ["me"]\nRequiredClaim = "groups=admins"', {"sub": "me", "groups": ["users"]}, False),
        ('AllowedSubjects = ["me"]\nRequiredClaim = "groups=admins"', {"sub": "you", "groups": ["admins"]}, False),
        ('AllowedSubjects = ["me"]\nRequiredClaim = "groups=admins"', {"sub": "me", "groups": ["admins"]}, True),
    ],
)
async def test_who_is_admitted(provider, make_context, connect, allowed, claims, admitted):
    async with connect(make_context(config_for(provider, allowed), clock=Clock())) as client:
        provider.change = claims
        assert await come_back(client, provider, await start(client)) == (302 if admitted else 403)
        await get(client, "/web/status", 200 if admitted else 401)


@pytest.mark.parametrize(("change", "status"), [({"sub": "another one"}, 403), ({"aud": "others"}, 401)])
async def test_refused_users_and_answers_are_counted(client, provider, change, status):
    provider.change = change
    for _ in range(10):
        assert await come_back(client, provider, await start(client)) == status
    async with client.get("/login/oidc", allow_redirects=False) as response:
        assert response.status == 429


# -- how the provider answers ---------------------------------------------------------------------------------------


async def test_a_provider_that_dribbles_its_answers_is_read_to_the_end(client, provider):
    provider.pieces, provider.padding = 5, "x" * 7_000
    assert await come_back(client, provider, await start(client)) == 302
    await get(client, "/web/status")


async def test_a_provider_that_never_gets_to_the_end_has_a_time_limit(client, provider, monkeypatch):
    monkeypatch.setattr(oidc_provider, "STEP_SECONDS", 0.3)
    provider.pieces, provider.padding, provider.pause_seconds = 10_000, "x" * 20_000, 0.05
    answer = await get(client, "/login/oidc", 502)
    assert "in time" in answer["error"]


async def test_an_answer_without_end_is_not_read_to_it(client, provider):
    provider.padding = "x" * (2 << 20)
    assert "too large" in (await get(client, "/login/oidc", 502))["error"]


@pytest.mark.parametrize("keys", [[], "keys", [7], [{"kty": "EC"}], None])
async def test_keys_that_are_none_prove_nothing(client, provider, monkeypatch, keys):
    monkeypatch.setattr(provider, "listed_keys", keys)
    assert await come_back(client, provider, await start(client)) == 401


async def test_an_authority_that_is_no_address_is_said_without_a_login(make_context, connect):
    config = CONFIG + '[WebUI]\nOIDCEnabled = true\n[WebUI.OIDC]\nAuthority = "http://me:hunter2@provider"\n'
    async with connect(make_context(f'{config}ClientId = "us"\nAllowedSubjects = ["me"]\n')) as client:
        answer = await get(client, "/login/oidc", 400)
    assert "http://provider" in str(answer)
    assert "hunter2" not in str(answer)
