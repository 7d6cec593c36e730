"""Credentials and addresses: which requests are admitted, and whose they are."""

from ipaddress import ip_network
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Response
from multidict import CIMultiDict

from control.auth import session_cookie, throttle
from control.auth.access import Access, carries_token, is_internal
from control.auth.throttle import LoginThrottle
from qbitrr.clock import Clock
from qbitrr.config import WebUI
from qbitrr.errors import ForbiddenError, TooManyAttemptsError, UnauthorizedError

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
def test_which_addresses_are_internal(peer, internal):
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
def test_a_forwarded_header_can_only_make_a_request_external(peer, headers, internal):
    assert is_internal(peer, CIMultiDict(headers), PROXIES) is internal


def access(now=NOW, **webui):
    clock = Clock(wall=lambda: now, monotonic=lambda: 0.0)
    settings = WebUI(**webui)
    return Access(lambda: settings, TOKEN, LoginThrottle(clock), clock)


def request(peer="127.0.0.1", **headers):
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (peer, 4711) if name == "peername" else default
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=transport)


def admitted(admit, http):
    try:
        admit(http)
    except UnauthorizedError:
        return False
    return True


def session_of(access):
    response = Response()
    access.start_session(response, request())
    return response.cookies[session_cookie.NAME].value


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
def test_what_is_admitted(web_access, peer, headers, api, web):
    decides = access(web_access=web_access)
    assert admitted(decides.admit_to_api, request(peer, **headers)) is api
    assert admitted(decides.admit_to_web, request(peer, **headers)) is web


@pytest.mark.parametrize(
    ("now", "webui", "valid"),
    [
        (NOW, {}, True),
        (NOW + session_cookie.LIFETIME_SECONDS, {}, False),
        (NOW, {"password_hash": "another"}, False),
        (NOW, {"token": "another"}, False),
        (NOW, {"theme": "Light"}, True),
    ],
)
def test_a_session_ends_with_its_time_the_token_and_the_password(now, webui, valid):
    cookie = f"{session_cookie.NAME}={session_of(access())}"
    assert access(now, **webui).has_credential(request("203.0.113.9", Cookie=cookie)) is valid


def test_the_configured_token_replaces_the_generated_one():
    decides = access(token="configured")
    assert not decides.has_token(request(X_API_Token=TOKEN))
    assert decides.has_token(request(X_API_Token="configured"))


@pytest.mark.parametrize(
    ("peer", "headers", "trusted"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("127.0.0.1", {"X_Real_IP": "127.0.0.1"}, False),
        ("192.168.1.7", {}, False),
        ("192.168.1.7", {"Authorization": f"Bearer {TOKEN}"}, True),
        ("192.168.1.7", {"Authorization": "Bearer wrong"}, False),
    ],
)
def test_an_author_is_trusted_on_this_machine_or_with_a_credential(peer, headers, trusted):
    author = access().author_of(request(peer, **headers))
    assert (author.address, author.trusted) == (peer, trusted)
    if trusted:
        author.require_trusted("The daemon")
    else:
        with pytest.raises(ForbiddenError, match="The daemon can only be touched with the token"):
            author.require_trusted("The daemon")


def test_refused_tokens_count_for_the_client_behind_a_proxy():
    decides = access(trusted_proxies=(PROXY,))
    for _ in range(throttle.MOST):
        assert not decides.has_credential(request(PROXY, X_Forwarded_For="8.8.8.8", X_API_Token="wrong"))
    with pytest.raises(TooManyAttemptsError):
        decides.has_credential(request(PROXY, X_Forwarded_For="8.8.8.8", X_API_Token=TOKEN))
    assert decides.has_credential(request(PROXY, X_Forwarded_For="8.8.4.4", X_API_Token=TOKEN))


@pytest.mark.parametrize("behind_https_proxy", [True, False])
def test_the_cookie_of_a_session_is_kept_from_scripts_and_other_sites(behind_https_proxy):
    decides = access(behind_https_proxy=behind_https_proxy)
    response = Response()
    decides.start_session(response, request())
    started = response.cookies[session_cookie.NAME]
    assert (started["httponly"], started["samesite"], started["path"]) == (True, "Strict", "/")
    assert int(started["max-age"]) == session_cookie.LIFETIME_SECONDS
    assert bool(started["secure"]) is behind_https_proxy
    decides.end_session(response, request())
    ended = response.cookies[session_cookie.NAME]
    assert (ended.value, int(ended["max-age"])) == ("", 0)
