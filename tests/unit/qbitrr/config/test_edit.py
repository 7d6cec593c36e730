from __future__ import annotations

import pytest
import tomlkit

from qbitrr.config import load_file
from qbitrr.config.edit import ensure_token
from qbitrr.config.example import render
from qbitrr.errors import ConfigError

COMMENTED = """\
# mine
[Settings]
Tagless = true   # because

[WebUI]
# the port
Port = 7000
Token = ""  # none yet

[WebUI.OIDC]
Scopes = "openid"

[Radarr]
Category = 'films'
"""


def test_an_empty_token_is_filled_in_and_nothing_else_changes(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(COMMENTED)
    token = ensure_token(path)
    assert len(token) == 64
    assert path.read_text() == COMMENTED.replace('Token = ""', f'Token = "{token}"')
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_token(path) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[Settings]\nTagless = true\n",
        "[WebUI]\nPort = 7000\n\n[WebUI.OIDC]\nScopes = 'openid'\n\n[Radarr]\n",
        "[WebUI.OIDC]\nScopes = 'openid'\n\n[Radarr]\n",
        "WebUI = { Port = 7000 }\n",
        "WebUI.Port = 7000\n",
        "[WebUI]\nToken = 'CHANGE_ME'\n",
        "[WebUI]\r\nPort = 7000\r\n",
    ],
)
def test_a_missing_token_is_added_wherever_the_section_stands(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode())
    before = load_file(path, {}).config
    token = ensure_token(path)
    after = load_file(path, {}).config
    assert after.webui.token == token
    assert (after.settings, after.webui.port, after.webui.oidc) == (
        before.settings,
        before.webui.port,
        before.webui.oidc,
    )
    assert (b"\r\n" in path.read_bytes()) == ("\r\n" in text)


@pytest.mark.parametrize("text", ["[WebUI]\nToken = 'abc'\n", "[Settings]\nToken = 'abc'\n"])
def test_a_token_that_is_there_stays_as_it_is(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert ensure_token(path) == "abc"
    assert path.read_text() == text


def test_a_whole_configuration_keeps_every_other_line(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(render())
    token = ensure_token(path)
    assert path.read_text() == render(token)


def test_an_edit_that_went_wrong_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(COMMENTED)
    monkeypatch.setattr(tomlkit, "dumps", lambda document: COMMENTED)
    with pytest.raises(ConfigError, match=r"WebUI\.Token"):
        ensure_token(path)
    assert path.read_text() == COMMENTED


def test_a_file_that_cannot_be_used_is_not_touched(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[WebUI]\nPort = 0\n")
    with pytest.raises(ConfigError):
        ensure_token(path)
    assert path.read_text() == "[WebUI]\nPort = 0\n"
