"""Credentials, users and addresses: which requests are admitted, and whose they are."""

from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Response
from multidict import CIMultiDict

from control.auth import sessions, throttle
from control.auth.access import Access, carries_token
from control.auth.rights import CHANGE, CONFIDENTIAL, HARMLESS, NEVER, READ
from control.auth.roles import Caller
from control.auth.sessions import Sessions
from control.auth.throttle import LoginThrottle
from qbitrr.clock import Clock
from qbitrr.config import WebUI
from qbitrr.config.model import Oidc
from qbitrr.errors import ForbiddenError, TooManyAttemptsError, TooManyRequestsError, UnauthorizedError

NOW = 1_700_000_000.0
TOKEN = "correct horse battery staple"


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


FILE = {}
"""The sessions file of one test."""


@pytest.fixture(autouse=True)
def sessions_file(tmp_path):
    FILE["path"] = tmp_path / "sessions.json"


def access(now=NOW, peer_uid=None, in_container=False, **webui):
    """An Access; `peer_uid` is the user whom the kernel names for any peer on this machine."""
    clock = Clock(wall=lambda: now, monotonic=lambda: 0.0)
    settings = WebUI(**webui)
    logins = Sessions(FILE["path"], clock)
    made = Access(lambda: settings, TOKEN, LoginThrottle(clock), logins, clock, in_container=in_container)

    async def uid_of(_peer, _ours):
        return peer_uid

    made._peers.uid_of = uid_of
    return made


def request(peer="127.0.0.1", ours="127.0.0.1", **headers):
    transport = Mock()
    names = {"peername": (peer, 4711), "sockname": (ours, 6969)}
    transport.get_extra_info = lambda name, default=None: names.get(name, default)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=transport)


async def admitted(admit, http, rights=READ):
    try:
        await admit(http, rights)
    except UnauthorizedError:
        return False
    return True


async def cookie_of(access, method="token", user=""):
    response = Response()
    await access.start_session(response, request(), method, user)
    return f"{sessions.COOKIE}={response.cookies[sessions.COOKIE].value}"


@pytest.mark.parametrize(
    ("web_access", "peer", "headers", "api", "web"),
    [
        ("auto", "192.168.1.7", {}, False, True),
        ("auto", "203.0.113.9", {}, False, False),
        ("auto", "203.0.113.9", {"X_API_Token": TOKEN}, True, True),
        ("auto", "192.168.1.7", {"X_Forwarded_For": "203.0.113.9"}, False, False),
        ("token", "127.0.0.1", {}, False, False),
        ("token", "127.0.0.1", {"X_API_Token": TOKEN}, True, True),
        ("open", "203.0.113.9", {}, False, True),
    ],
)
async def test_what_is_admitted(web_access, peer, headers, api, web):
    decides = access(web_access=web_access)
    assert await admitted(decides.admit_to_api, request(peer, **headers)) is api
    assert await admitted(decides.admit_to_web, request(peer, **headers)) is web


async def test_another_configuration_counts_at_once_for_an_address_that_was_decided_on():
    decides = access(web_access="open")
    for webui, admits in (
        (WebUI(web_access="open"), True),
        (WebUI(web_access="token"), False),
        (WebUI(web_access="auto"), True),
        (WebUI(web_access="auto", trusted_proxies=("192.168.1.0/24",)), False),
    ):
        decides._webui = lambda webui=webui: webui
        for _ in range(2):
            assert await admitted(decides.admit_to_web, request("192.168.1.7")) is admits


PROVIDER = {"oidc_enabled": True, "oidc": Oidc(allowed_subjects=("me",))}


@pytest.mark.parametrize(
    ("method", "before", "now", "after", "valid"),
    [
        ("token", {}, NOW, {}, True),
        ("token", {}, NOW - 3600, {}, True),  # the wall clock was set back
        ("token", {}, NOW + sessions.LIFETIME_SECONDS, {}, False),
        ("token", {}, NOW, {"password_hash": "another"}, False),
        ("token", {}, NOW, {"token": "another"}, False),
        ("token", {}, NOW, {"theme": "Light"}, True),
        ("token", {}, NOW, {"username": "another"}, True),
        ("token", PROVIDER, NOW, {}, True),
        ("password", {"username": "me"}, NOW, {"username": "me"}, True),
        ("password", {"username": "me"}, NOW, {"username": "another"}, False),
        ("password", {"local_auth_enabled": True}, NOW, {"local_auth_enabled": False}, False),
        ("provider", PROVIDER, NOW, PROVIDER, True),
        ("provider", PROVIDER, NOW, {**PROVIDER, "username": "another"}, True),
        ("provider", PROVIDER, NOW, {**PROVIDER, "oidc_enabled": False}, False),
        ("provider", PROVIDER, NOW, {**PROVIDER, "oidc": Oidc(allowed_subjects=("you",))}, False),
    ],
)
async def test_a_session_ends_with_its_time_and_with_what_granted_it(method, before, now, after, valid):
    cookie = await cookie_of(access(**before), method, "me")
    later = access(now, **after)
    assert bool(later.credential(request("203.0.113.9", Cookie=cookie))) is valid
    assert len(later.valid_sessions()) == valid


async def test_a_session_names_itself_and_its_end_is_final():
    decides = access()
    cookie = await cookie_of(decides)
    (session,) = decides.valid_sessions()
    http = request("203.0.113.9", Cookie=cookie)
    assert decides.credential(http) == f"session {session.id}"
    await decides.end_session(Response(), http)
    assert decides.credential(http) == access().credential(http) == ""


def test_the_configured_token_replaces_the_generated_one():
    decides = access(token="configured")
    assert decides.token_of(request(X_API_Token=TOKEN)) == ""
    assert decides.token_of(request(X_API_Token="configured")) == "token"


OWN, OTHER = 0, 65534


READING = {"X_API_Token": "for reading"}


@pytest.mark.parametrize("headers", [READING, {"Authorization": "Bearer for reading"}])
async def test_a_token_for_reading_reads_and_does_nothing_else(headers):
    http = request("203.0.113.9", **headers)
    decides = access(read_token="for reading", web_access="token")
    for admit in (decides.admit_to_api, decides.admit_to_web):
        author = await admit(http, READ)
        assert (author.caller, author.proof, author.trusted) == (Caller.READER, "read token", False)
        for rights in (HARMLESS, CHANGE, CONFIDENTIAL, NEVER):
            with pytest.raises(ForbiddenError):
                await admit(http, rights)
    assert decides.credential(http) == ""
    decides.throttle.check("203.0.113.9")  # none of it counts as a wrong one


async def test_a_token_for_reading_takes_nothing_from_who_may_more():
    decides = access(read_token="for reading", peer_uid=OWN)
    assert (await decides.admit_to_web(request(**READING), CHANGE)).caller is Caller.OWN_USER
    assert (
        await decides.admit_to_web(request("192.168.1.7", "192.168.1.2", **READING), HARMLESS)
    ).caller is Caller.PRIVATE


async def test_no_token_for_reading_is_none():
    decides = access(web_access="token")
    with pytest.raises(UnauthorizedError):
        await decides.admit_to_api(request("203.0.113.9", X_API_Token=""), READ)


@pytest.mark.parametrize(
    ("http", "peer_uid", "caller", "proof"),
    [
        (request(), OWN, Caller.OWN_USER, "uid 0"),
        (request("::1"), OWN, Caller.OWN_USER, "uid 0"),
        (request("192.168.1.7", "192.168.1.7"), OWN, Caller.OWN_USER, "uid 0"),  # by another name of this machine
        (request(), OTHER, None, ""),
        (request(), None, None, ""),
        (request(X_Real_IP="127.0.0.1"), OWN, None, ""),
        (request(Via="1.1 proxy"), OWN, None, ""),
        (request("192.168.1.7", "192.168.1.2"), OWN, None, ""),
        (request("203.0.113.9", "192.168.1.2"), OWN, None, ""),
        (request("192.168.1.7", Authorization=f"Bearer {TOKEN}"), None, Caller.CREDENTIAL, "token"),
        (request("203.0.113.9", X_API_Token=TOKEN), None, Caller.CREDENTIAL, "token"),
        (request(X_API_Token=TOKEN), OTHER, Caller.CREDENTIAL, "token"),
        (request(X_API_Token="wrong"), OWN, Caller.OWN_USER, "uid 0"),
        (request("192.168.1.7", Authorization="Bearer wrong"), None, None, ""),
    ],
)
async def test_a_change_needs_a_credential_or_the_own_user(http, peer_uid, caller, proof):
    decides = access(peer_uid=peer_uid)
    if caller is None:
        with pytest.raises((ForbiddenError, UnauthorizedError)):
            await decides.admit_to_web(http, CHANGE)
        return
    author = await decides.admit_to_web(http, CHANGE)
    assert (author.caller, author.proof, author.address) == (caller, proof, http.remote)


@pytest.mark.parametrize("webui", [{"web_access": "token"}, {"password_hash": "x"}, {"auth_disabled": False}])
async def test_where_a_login_is_asked_for_a_user_of_this_machine_needs_one_too(webui):
    decides = access(peer_uid=OWN, **webui)
    for rights in (READ, CHANGE):
        assert not await admitted(decides.admit_to_web, request(), rights)
    assert await admitted(decides.admit_to_web, request(X_API_Token=TOKEN), CHANGE)


async def test_in_a_container_peers_prove_nothing():
    decides = access(peer_uid=OWN, in_container=True)
    assert not await admitted(decides.admit_to_web, request())
    assert not await admitted(decides.admit_to_web, request("172.17.0.1"))
    assert await admitted(decides.admit_to_web, request("172.17.0.1", X_API_Token=TOKEN))
    assert await admitted(access(in_container=True, web_access="auto").admit_to_web, request("172.17.0.1"))


async def test_a_trusted_proxy_on_this_machine_that_names_no_client_proves_nothing():
    decides = access(peer_uid=OTHER, trusted_proxies=("127.0.0.1",))
    assert not await admitted(decides.admit_to_web, request())
    assert await admitted(access(peer_uid=OWN, trusted_proxies=("127.0.0.1",)).admit_to_web, request(), CHANGE)


async def test_what_costs_work_has_a_rate_without_a_credential():
    decides = access(peer_uid=OWN)
    for _ in range(throttle.MOST_REQUESTS):
        await decides.admit_to_web(request("192.168.1.7", "192.168.1.2"), HARMLESS)
    with pytest.raises(TooManyRequestsError):
        await decides.admit_to_web(request("192.168.1.7", "192.168.1.2"), HARMLESS)
    for _ in range(throttle.MOST_REQUESTS_IN_ALL):
        await decides.admit_to_web(request(), HARMLESS)
        await decides.admit_to_web(request("192.168.1.7", "192.168.1.2", X_API_Token=TOKEN), HARMLESS)


async def test_who_may_read_is_not_asked_for_a_proof():
    decides = access()

    async def uid_of(_peer, _ours):
        raise AssertionError("a look-up for reading")

    decides._peers.uid_of = uid_of
    for _ in range(throttle.MOST + 1):
        author = await decides.admit_to_web(request(X_API_Token="wrong"), READ)
        assert author.caller is Caller.LOCAL_USER


PROXY = "192.168.1.5"


def test_refused_tokens_count_for_the_client_behind_a_proxy():
    decides = access(trusted_proxies=(PROXY,))
    for _ in range(throttle.MOST):
        assert not decides.credential(request(PROXY, X_Forwarded_For="8.8.8.8", X_API_Token="wrong"))
    with pytest.raises(TooManyAttemptsError):
        decides.credential(request(PROXY, X_Forwarded_For="8.8.8.8", X_API_Token=TOKEN))
    assert decides.credential(request(PROXY, X_Forwarded_For="8.8.4.4", X_API_Token=TOKEN))


@pytest.mark.parametrize("behind_https_proxy", [True, False])
async def test_the_cookie_of_a_session_is_kept_from_scripts_and_other_sites(behind_https_proxy):
    decides = access(behind_https_proxy=behind_https_proxy)
    response = Response()
    await decides.start_session(response, request(), "token")
    started = response.cookies[sessions.COOKIE]
    assert (started["httponly"], started["samesite"], started["path"]) == (True, "Strict", "/")
    assert int(started["max-age"]) == sessions.LIFETIME_SECONDS
    assert bool(started["secure"]) is behind_https_proxy
    await decides.end_session(response, request())
    ended = response.cookies[sessions.COOKIE]
    assert (ended.value, int(ended["max-age"])) == ("", 0)
