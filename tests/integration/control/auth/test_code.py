"""No HTTP request changes which code runs, whoever sends it and in whatever form."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control.auth.rights import KEYS, NEVER
from qbitrr.config import history
from qbitrr.config.load import load_text
from tests.integration.control.asking import post
from tests.integration.control.sample import TOKEN

CONFIG = """\
[Settings]
CompletedDownloadFolder = "/downloads"
UpdateIndex = "https://packages.example/simple"
UpdateKey = ["their key"]
AutoUpdateChannel = "stable"
[WebUI]
Token = "correct horse battery staple"
[Radarr-4K]
URI = "http://radarr"
APIKey = "k1"
Category = "movies"
"""
CODE = {f"{section}.{name}" for section, keys in KEYS.items() for name, rights in keys.items() if rights is NEVER}
RIGHT = {
    "Settings.UpdateIndex": "https://packages.example/simple",
    "Settings.UpdateKey": ["their key"],
    "Settings.AutoUpdateChannel": "stable",
}
EVIL = {
    "Settings.UpdateIndex": "http://evil.example/simple",
    "Settings.UpdateKey": ["the key of an attacker"],
    "Settings.AutoUpdateChannel": "nightly",
}
WITH_TOKEN = {"X-API-Token": TOKEN}


@pytest.fixture
def context(make_context):
    return make_context(CONFIG)


def code(config):
    """What decides which code runs."""
    settings = config.settings
    return settings.update_index, settings.update_key, settings.auto_update_channel


def is_untouched(context):
    text = context.config_reload.data_dir.config_file.read_text()
    return code(context.loaded.config) == code(load_text(text, {}).config) == code(load_text(CONFIG, {}).config)


def test_each_such_key_is_tried():
    assert EVIL.keys() == CODE


@pytest.mark.parametrize("key", EVIL)
@pytest.mark.parametrize("headers", [{}, WITH_TOKEN])
async def test_a_key_that_decides_which_code_runs_cannot_be_set(client, context, key, headers):
    section, _, name = key.partition(".")
    for body in (
        {"changes": {key: EVIL[key]}},
        {"changes": {key: RIGHT[key]}},
        {"changes": {section: {name: EVIL[key]}}},
        {"changes": {key: None}},
        {"changes": {section: {name: None}}},
        {"deletions": [key]},
        {"deletions": [section]},
        {"changes": {"WebUI.Theme": "Light", key: EVIL[key]}},
        {"changes": {section: None}},
    ):
        answer = await post(client, "/web/config", 403, json=body, headers=headers)
        assert "edit config.toml" in answer["error"], body
        assert is_untouched(context)
    await post(client, "/web/config/plan", 403, json={"changes": {key: EVIL[key]}}, headers=headers)


async def test_an_earlier_version_with_other_code_cannot_be_had_again(client, context):
    folder = context.config_reload.data_dir.config_history
    history.record(folder, CONFIG.replace("packages.example", "evil.example"), "file", 0.0)
    answer = await post(client, "/web/config/rollback", 403, json={"id": 1}, headers=WITH_TOKEN)
    assert answer["details"] == {"keys": ["Settings.UpdateIndex"]}
    assert is_untouched(context)


async def test_it_can_be_set_in_the_file(client, context):
    file = context.config_reload.data_dir.config_file
    file.write_text(CONFIG.replace("packages.example", "mine.example"))
    await post(client, "/web/config", json={}, headers=WITH_TOKEN)
    assert context.loaded.config.settings.update_index == "https://mine.example/simple"


ALL_KEYS = sorted(f"{section.replace('Arr', 'Radarr-4K')}.{name}" for section, keys in KEYS.items() for name in keys)
TABLES = ["Settings", "WebUI", "qBit", "Radarr-4K", "Radarr-4K.Torrent", "Settings.Torrent", "Elsewhere", "settings"]
SPELLINGS = [
    lambda name: name, str.lower, str.upper, lambda name: f" {name}", lambda name: f"{name}.", lambda name: f"{name}.x",
    lambda name: name.replace(".", "..", 1), lambda name: f'"{name}"',
]  # fmt: skip
names = st.one_of(
    st.sampled_from(sorted(EVIL)),
    st.builds(
        lambda name, spell: spell(name), st.sampled_from([*ALL_KEYS, *EVIL, *TABLES]), st.sampled_from(SPELLINGS)
    ),
)
values = st.one_of(
    st.sampled_from([*EVIL.values(), 0, 1, True, "", "5m", [], {}, None]),
    st.dictionaries(
        st.sampled_from(["UpdateIndex", "UpdateKey", "AutoUpdateChannel", "Shadow"]), st.sampled_from([*EVIL.values()])
    ),
)
bodies = st.fixed_dictionaries(
    {}, optional={"changes": st.dictionaries(names, values, max_size=4), "deletions": st.lists(names, max_size=3)}
)
PATHS = ["/api/config", "/web/config", "/api/config/plan", "/api/config/rollback", "/api/password", "/api/reload"]


@given(path=st.sampled_from(PATHS), body=bodies)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_request_changes_which_code_runs(client, context, path, body):
    context.config_reload.data_dir.config_file.write_text(CONFIG)
    context.config_reload.loaded = load_text(CONFIG, {})
    async with client.post(path, json=body, headers=WITH_TOKEN) as response:
        await response.read()
        assert response.status in {200, 400, 403}
    assert is_untouched(context)
