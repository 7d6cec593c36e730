"""Logins of the page, and wrong guesses."""

import bcrypt
import pytest

from control.auth import throttle
from control.auth.login_link import LoginLink
from qbitrr.clock import Clock
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, TOKEN

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
LOCKED = f'{CONFIG}[WebUI]\nWebAccess = "token"\n'
WITH_PASSWORD = f'{LOCKED}LocalAuthEnabled = true\nUsername = "me"\nPasswordHash = "{HASH}"\n'


async def test_the_token_opens_the_page_by_a_cookie(make_context, connect):
    async with connect(make_context(LOCKED)) as client:
        await get(client, "/web/status", 401)
        assert (await get(client, "/login"))["needed"] is True
        async with client.post("/login", json={"token": TOKEN}) as response:
            assert response.status == 200
            cookie = response.headers["Set-Cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
        assert TOKEN not in cookie
        await get(client, "/web/status")
        await get(client, "/api/status")
        assert (await get(client, "/login"))["loggedIn"] is True
        await post(client, "/logout")
        await get(client, "/web/status", 401)


async def test_behind_https_the_cookie_is_for_https_only(make_context, connect):
    context = make_context(f"{LOCKED}BehindHttpsProxy = true")
    async with connect(context) as client, client.post("/login", json={"token": TOKEN}) as response:
        assert "Secure" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "me", "password": "open sesame"}, 200),
        ({"username": "me", "password": "open sesam"}, 401),
        ({"username": "you", "password": "open sesame"}, 401),
        ({"username": "me", "password": ""}, 401),
        ({"username": "me", "password": "open sesame\0"}, 401),
        ({"username": "", "password": HASH}, 401),
        ({"token": ""}, 401),
        ({"token": TOKEN[:-1]}, 401),
        ({}, 401),
    ],
)
async def test_name_and_password(make_context, connect, body, status):
    async with connect(make_context(WITH_PASSWORD)) as client:
        await post(client, "/login", status, json=body)


async def test_setting_a_password_locks_reading_and_says_so(make_context, connect):
    context = make_context(f"{CONFIG}[WebUI]\nAuthDisabled = true\n")
    async with connect(context) as client:
        assert (await get(client, "/login"))["needed"] is False
        answer = await post(client, "/web/password", json={"username": "me", "password": "open sesame"})
        assert "WebAccess = token" in answer["message"]
        webui = context.loaded.config.webui
        assert (webui.web_access, webui.auth_disabled, webui.local_auth_enabled) == ("token", None, True)
        assert (await get(client, "/login"))["needed"] is True
        await get(client, "/web/status", 401)
        await post(client, "/web/config", 401, json={"changes": {"WebUI.Theme": "Light"}})
        await post(client, "/login", json={"username": "me", "password": "open sesame"})
        await get(client, "/web/status")


async def test_logins_are_in_the_audit_trail_and_wrong_ones_are_not(make_context, connect):
    async with connect(make_context(WITH_PASSWORD)) as client:
        await post(client, "/login", 401, json={"username": "me", "password": "wrong"})
        await post(client, "/login", json={"username": "me", "password": "open sesame"})
        entries = (await get(client, "/web/audit"))["entries"]
    assert [(entry["action"], entry["proof"], entry["address"]) for entry in entries] == [
        ("POST /login", "password of me", "127.0.0.1")
    ]


async def test_a_link_logs_in_once(make_context, connect):
    link = LoginLink(Clock())
    key = link.address("").partition("=")[2]
    async with connect(make_context(LOCKED, login_link=link)) as client:
        await post(client, "/login", 401, json={"link": key[:-1]})
        await post(client, "/login", json={"link": key})
        await get(client, "/web/status")
        await post(client, "/login", 401, json={"link": key})
    async with connect(make_context(LOCKED)) as client:
        await post(client, "/login", 401, json={"link": ""})


async def test_a_password_counts_only_when_local_logins_are_on(make_context, connect):
    async with connect(make_context(WITH_PASSWORD.replace("LocalAuthEnabled = true", ""))) as client:
        await post(client, "/login", 401, json={"username": "me", "password": "open sesame"})


async def test_a_new_password_ends_the_other_logins(make_context, connect):
    async with connect(make_context(WITH_PASSWORD)) as client:
        await post(client, "/login", json={"token": TOKEN})
        await post(client, "/web/password", json={"username": "me", "password": "another one"})
        await get(client, "/web/status", 401)
        await post(client, "/login", 401, json={"username": "me", "password": "open sesame"})
        await post(client, "/login", json={"username": "me", "password": "another one"})


@pytest.mark.parametrize("body", [{"username": "me", "password": "short"}, {"username": "", "password": "long enough"}])
async def test_an_unusable_login_is_refused(client, body):
    await post(client, "/web/password", 400, json=body)


async def test_a_cookie_does_not_let_foreign_pages_write(make_context, connect):
    async with connect(make_context(LOCKED)) as client:
        await post(client, "/login", json={"token": TOKEN})
        await post(client, "/web/arr/rebuild", 403, headers={"Origin": "https://evil.example"})
        await post(client, "/web/arr/rebuild")


async def test_after_wrong_guesses_an_address_has_to_wait_even_with_the_right_token(make_context, connect, monkeypatch):
    monkeypatch.setattr(throttle, "MOST", 3)
    async with connect(make_context(LOCKED)) as client:
        for _ in range(2):
            await get(client, "/api/status", 401, headers={"X-API-Token": "wrong"})
        await post(client, "/login", 401, json={"token": "wrong"})
        async with client.get("/api/status", headers={"X-API-Token": TOKEN}) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "60"
        await post(client, "/login", 429, json={"token": TOKEN})
        await get(client, "/api/status", 401)
