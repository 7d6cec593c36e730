"""Logins of the page, their list and their end, and wrong guesses."""

import asyncio
import threading
from collections import Counter

import bcrypt
import pytest

from control.auth import passwords, throttle
from control.auth.login_link import LoginLink
from qbitrr.clock import Clock
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, TOKEN
from tests.support.polling import until

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
LOCKED = f'{CONFIG}[WebUI]\nWebAccess = "token"\n'
WITH_PASSWORD = f'{LOCKED}LocalAuthEnabled = true\nUsername = "me"\nPasswordHash = "{HASH}"\n'
BEHIND_PROXY = f'{WITH_PASSWORD}TrustedProxies = ["127.0.0.1"]\n'


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


async def test_no_login_survives_a_new_password_though_the_one_before_returns(make_context, connect):
    context = make_context(WITH_PASSWORD)
    async with connect(context) as client:
        await post(client, "/login", json={"token": TOKEN})
        await post(client, "/web/password", json={"username": "me", "password": "another one"})
        config_reload = context.config_reload
        config_reload.data_dir.config_file.write_text(WITH_PASSWORD)
        await config_reload.reload()
        await get(client, "/web/status", 401)


@pytest.mark.parametrize(
    ("username", "password", "parameter"),
    [
        ("me", "short", "password"),
        ("me", "x" * 73, "password"),
        ("me", "\u20ac" * 25, "password"),
        ("", "long enough", "username"),
        (" \t", "long enough", "username"),
    ],
)
async def test_an_unusable_login_is_refused(client, context, username, password, parameter):
    answer = await post(client, "/web/password", 400, json={"username": username, "password": password})
    assert answer["details"]["parameter"] == parameter
    assert context.config_reload.calls == 0


@pytest.mark.parametrize(("set_as", "typed"), [("me ", "me "), ("me ", "me"), ("me", " me "), ("a b", "a b")])
async def test_blanks_around_a_user_name_do_not_count(client, set_as, typed):
    """Keyboards of phones add one behind a word that they complete, and the configuration keeps none."""
    await post(client, "/web/password", json={"username": set_as, "password": "long enough"})
    await post(client, "/login", json={"username": typed, "password": "long enough"})
    await post(client, "/login", 401, json={"username": typed.replace("e", "E"), "password": "long enougH"})


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


# -- guesses at the same time ---------------------------------------------------------------------------------------


@pytest.fixture
def slow_hash(monkeypatch):
    """Hashing takes until `go` is set; how many passwords were compared at a time, and in all."""

    class Hashing:
        go = threading.Event()
        running = most_at_once = compared = 0

        def check(self, _password, _stored):
            self.running += 1
            self.compared += 1
            self.most_at_once = max(self.most_at_once, self.running)
            assert self.go.wait(10)
            self.running -= 1
            return False

    hashing = Hashing()
    monkeypatch.setattr(bcrypt, "checkpw", hashing.check)
    yield hashing
    hashing.go.set()


async def test_many_guesses_at_once_pass_no_limit_and_hold_up_nothing_else(make_context, connect, slow_hash):
    async def guess(number):
        body = {"username": "me", "password": f"guess {number}"}
        async with client.post("/login", json=body, headers={"X-Forwarded-For": "203.0.113.9"}) as response:
            return response.status

    async with connect(make_context(BEHIND_PROXY)) as client:
        guesses = [asyncio.create_task(guess(number)) for number in range(60)]
        await until(lambda: slow_hash.running, 5, "the first password")
        async with asyncio.timeout(5):
            await get(client, "/api/logs", headers={"X-API-Token": TOKEN})  # its files are read in threads too
        slow_hash.go.set()
        statuses = Counter(await asyncio.gather(*guesses))
    assert statuses.keys() == {401, 429}
    assert statuses[401] == slow_hash.compared <= passwords.MOST_WAITING
    assert slow_hash.most_at_once == 1


async def test_guesses_from_many_addresses_have_a_limit_in_all(make_context, connect, monkeypatch):
    monkeypatch.setattr(throttle, "MOST_GUESSES_IN_ALL", 5)
    async with connect(make_context(BEHIND_PROXY)) as client:
        for number in range(5):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            await post(client, "/login", 401, json={"username": "me", "password": "wrong"}, headers=headers)
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        await post(client, "/login", 429, json={"username": "me", "password": "open sesame"}, headers=elsewhere)
        await post(client, "/login", json={"token": TOKEN}, headers=elsewhere)


# -- the list of logins ---------------------------------------------------------------------------------------------

WITH_TOKEN = {"X-API-Token": TOKEN}


async def listed(client, **options):
    return (await get(client, "/web/sessions", **options))["sessions"]


async def test_logins_are_listed_and_one_of_them_is_ended(make_context, connect):
    context = make_context(WITH_PASSWORD)
    async with connect(context) as one, connect(context) as other:
        await post(one, "/login", json={"username": "me", "password": "open sesame"})
        await post(other, "/login", json={"token": TOKEN})
        sessions = {session["method"]: session for session in await listed(one)}
        mine, theirs = sessions["password"], sessions["token"]
        assert (mine["user"], mine["address"], mine["current"], mine["startedAt"], mine["endsAt"]) == (
            "me", "127.0.0.1", True, "2023-11-14T22:13:20Z", "2023-12-14T22:13:20Z"
        )  # fmt: skip
        assert (theirs["user"], theirs["current"], theirs["lastUsedAt"]) == ("", False, None)
        await get(other, "/web/status")
        await post(one, f"/web/sessions/{theirs['id']}/revoke")
        await get(other, "/web/status", 401)
        assert [session["id"] for session in await listed(one)] == [mine["id"]]
        await post(one, f"/web/sessions/{theirs['id']}/revoke", 404)
        (entry,) = [entry for entry in (await get(one, "/web/audit"))["entries"] if entry["outcome"] == "done"][:1]
        assert entry["proof"] == f"session {mine['id']}"


async def test_all_logins_are_ended(make_context, connect):
    context = make_context(LOCKED)
    async with connect(context) as one, connect(context) as other:
        for client in (one, other):
            await post(client, "/login", json={"token": TOKEN})
        await post(one, "/web/sessions/revoke", headers=WITH_TOKEN)
        for client in (one, other):
            await get(client, "/web/status", 401)
        assert await listed(one, headers=WITH_TOKEN) == []


async def test_after_a_logout_the_cookie_opens_nothing(make_context, connect):
    async with connect(make_context(LOCKED)) as client:
        async with client.post("/login", json={"token": TOKEN}) as response:
            cookie = response.headers["Set-Cookie"].partition(";")[0]
        await get(client, "/web/status", headers={"Cookie": cookie})
        await post(client, "/logout")
        await get(client, "/web/status", 401, headers={"Cookie": cookie})
