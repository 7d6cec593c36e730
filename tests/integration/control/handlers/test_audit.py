"""The audit trail over HTTP: who asked for which change, from where, and by which credential."""

import os

import pytest

from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, TOKEN

BEHIND_PROXY = f'{CONFIG}[WebUI]\nTrustedProxies = ["127.0.0.1"]\n'
PRIVATE = {"X-Forwarded-For": "192.168.1.50"}
WITH_TOKEN = {"X-API-Token": TOKEN}


@pytest.fixture
def context(make_context):
    return make_context(BEHIND_PROXY)


async def entries(client, **query):
    return (await get(client, "/web/audit", headers=WITH_TOKEN, params=query))["entries"]


async def test_every_change_is_recorded_with_its_author(client):
    changes = {"qBit.Password": "a secret", "Settings.LoopSleepTimer": 9}
    await post(
        client, "/web/config", headers={**PRIVATE, **WITH_TOKEN}, json={"changes": changes, "deletions": ["Lidarr"]}
    )
    await post(client, "/web/arr/movies/restart", headers=PRIVATE)
    await post(client, "/web/arr/tv%2Fanime/discard", 409)
    await post(client, "/web/arr/movies/search", json={"ids": [3, 4]})
    found = [
        {name: entry[name] for name in ("caller", "address", "proof", "action", "subject", "outcome")}
        for entry in await entries(client)
    ]
    own = {"caller": "the daemon's user or root", "address": "127.0.0.1", "proof": f"uid {os.getuid()}"}
    assert found == [
        {**own, "action": "POST /web/arr/movies/search", "subject": "3, 4", "outcome": "done"},
        {**own, "action": "POST /web/arr/tv/anime/discard", "subject": "", "outcome": "CONFLICT"},
        {
            "caller": "private network", "address": "192.168.1.50", "proof": "",
            "action": "POST /web/arr/movies/restart", "subject": "", "outcome": "done",
        },
        {
            "caller": "credential", "address": "192.168.1.50", "proof": "token", "action": "POST /web/config",
            "subject": "qBit.Password, Settings.LoopSleepTimer, without Lidarr", "outcome": "done",
        },
    ]  # fmt: skip
    assert "a secret" not in str(await entries(client))


async def test_what_was_refused_is_no_change(client):
    await post(client, "/web/restart", 403, headers=PRIVATE)
    await post(client, "/web/config", 403, headers=PRIVATE, json={"changes": {"Settings.Shadow": False}})
    assert await entries(client) == []


async def test_pages(client):
    for _ in range(3):
        await post(client, "/web/processes/dump")
    first = await entries(client, limit="2")
    assert [entry["id"] for entry in first] == [3, 2]
    assert [entry["id"] for entry in await entries(client, limit="2", before="2")] == [1]


async def test_it_is_not_for_everyone_who_may_read(client):
    await get(client, "/web/status", headers=PRIVATE)
    await get(client, "/web/audit", 403, headers=PRIVATE)
