"""Secrets cannot be found out by comparing answers: a right guess and a wrong one are answered alike."""

import pytest

from control.auth import throttle
from control.auth.rights import KEYS
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr.config.dotted_keys import place_of
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, TOKEN, UNDOABLE

CONFIG = """
[WebUI]
Token = "the right token"
TrustedProxies = ["127.0.0.1"]
PasswordHash = "the right hash"
ReadToken = "the right reading token"
Peers = ["http://attic:token@right.example"]
WebAccess = "auto"
[WebUI.OIDC]
ClientSecret = "the right client secret"
[Notifications]
Urls = ["discord://right/hook"]
[Prowlarr]
APIKey = "the right prowlarr key"
[qBit]
Host = "localhost"
Password = "the right password"
APIKey = "the right key"
[Radarr-4K]
URI = "http://radarr"
APIKey = "the right radarr key"
Category = "movies"
[Radarr-4K.EntrySearch.Ombi]
OmbiAPIKey = "the right ombi key"
[Radarr-4K.EntrySearch.Overseerr]
OverseerrAPIKey = "the right overseerr key"
"""
RIGHT = {
    "WebUI.Token": "the right token",
    "WebUI.PasswordHash": "the right hash",
    "WebUI.ReadToken": "the right reading token",
    "WebUI.Peers": ["http://attic:token@right.example"],
    "WebUI.OIDC.ClientSecret": "the right client secret",
    "Notifications.Urls": ["discord://right/hook"],
    "Prowlarr.APIKey": "the right prowlarr key",
    "qBit.Password": "the right password",
    "qBit.APIKey": "the right key",
    "Radarr-4K.APIKey": "the right radarr key",
    "Radarr-4K.EntrySearch.Ombi.OmbiAPIKey": "the right ombi key",
    "Radarr-4K.EntrySearch.Overseerr.OverseerrAPIKey": "the right overseerr key",
}
PRIVATE = {"X-Forwarded-For": "192.168.1.50"}
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
def context(make_context):
    return make_context(CONFIG)


def test_every_secret_of_the_model_is_tried():
    sections = {"Arr": "Radarr-4K"}
    secrets = {
        f"{sections.get(section, section)}.{name}"
        for section, keys in KEYS.items()
        for name in keys
        if (place := place_of((sections.get(section, section), *name.split(".")))) and place.key and place.key.secret
    }
    assert secrets == RIGHT.keys()


PARAMETERS = {"category": "movies", "section": "movies", "name": "Main.log", "hash": HASH, "id": str(UNDOABLE)}


async def test_no_answer_has_one(client, log_folder):
    """Not that which is found, not that nothing is found, not what is wrong with a request."""
    (log_folder / "Main.log").write_text("line\n")
    routes = [route for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES) if route.media != "text/event-stream"]
    secrets = [text for value in RIGHT.values() for text in ([value] if isinstance(value, str) else value)]
    for route in (one for one in routes if one.method == "GET"):
        for values in (PARAMETERS, dict.fromkeys(PARAMETERS, "nothing")):
            path = ("/web" if route in ROUTES else "") + route.path.format(**values)
            for query in ("", "?limit=x&page=x&q=a&bytes=x&since=x&state=x&sort=x&after=x&time=x"):
                async with client.get(path + query) as answer:
                    text = await answer.text()
                    assert not [secret for secret in secrets if secret in text], path + query


async def answer_to(client, path, body, headers):
    """Everything of an answer that a client sees, but for its date."""
    async with client.post(path, json=body, headers=headers) as response:
        shown = {name: value for name, value in response.headers.items() if name != "Date"}
        return response.status, shown, await response.read()


@pytest.mark.parametrize("headers", [PRIVATE, OUTSIDE])
@pytest.mark.parametrize("key", RIGHT)
async def test_right_and_wrong_guesses_are_answered_alike(client, key, headers):
    section, _, rest = key.partition(".")
    wrong = ["a wrong guess"] if isinstance(RIGHT[key], list) else "a wrong guess"
    for path in ("/web/config/plan", "/web/config"):
        for shape in (lambda value: {key: value}, lambda value: {section: {rest: value}} if "." not in rest else {}):
            right = await answer_to(client, path, {"changes": shape(RIGHT[key])}, headers)
            assert right == await answer_to(client, path, {"changes": shape(wrong)}, headers)
            assert right[0] in {401, 403}


@pytest.mark.parametrize("headers", [PRIVATE, OUTSIDE])
async def test_guesses_of_passwords_of_services_are_not_sent_to_them(client, headers):
    body = {"section": "qBit", "password": "a guess"}
    assert (await answer_to(client, "/web/arr/test-connection", body, headers))[0] in {401, 403}


async def test_the_version_of_the_file_cannot_be_compared_with_guesses(make_context, connect):
    async def version(config):
        async with connect(make_context(config)) as client, client.get("/web/config", headers=PRIVATE) as response:
            return response.headers["ETag"]

    assert await version(CONFIG) != await version(CONFIG)


async def test_guesses_of_the_token_have_a_limit_wherever_they_are_made(client):
    for _ in range(throttle.MOST):
        await get(client, "/api/status", 401, headers={**PRIVATE, "X-API-Token": "a guess"})
    for host in ("localhost", "evil.example"):
        await get(client, "/api/status", 429, headers={**PRIVATE, "Host": host, "X-API-Token": TOKEN})
