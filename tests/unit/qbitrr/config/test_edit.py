from __future__ import annotations

import pytest
import tomlkit

from qbitrr.config import load_file
from qbitrr.config.dotted_keys import edits_of
from qbitrr.config.edit import edited, ensure_token
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


HEADED = """\
# mine

[Settings]
Tagless = true

# ---- the one in the attic
[qBit]
Host = "attic"

[[qBit.Trackers]]
# the good one
URI = "a.example"
MaximumETA = 60  # patient

[[qBit.Trackers]]
URI = "b.example"  # the other one

# ---- films
# in 4K
[Radarr-4K]
Category = "films"

# what is no film
[Radarr-4K.Torrent]
FolderExclusionRegex = [
    "extras",  # never
    # found last year
    "samples",
]

# ---- series
[Sonarr-TV]
Category = "series"
"""
ROWS = [{"URI": "a.example", "MaximumETA": 60}, {"URI": "b.example"}]


@pytest.mark.parametrize(
    ("changes", "deletions", "before", "after"),
    [
        ({}, ["Radarr-4K"], HEADED[HEADED.index("# ---- films") : HEADED.index("# ---- series")], ""),
        (
            {},
            ["Radarr-4K.Torrent"],
            HEADED[HEADED.index("\n# what is no film") : HEADED.index("\n# ---- series")],
            "",
        ),
        (
            {"qBit.CategorySeeding.MaxUploadRatio": 2},
            [],
            "\n# ---- films",
            "\n[qBit.CategorySeeding]\nMaxUploadRatio = 2\n\n# ---- films",
        ),
        ({"Radarr-4K.Managed": True}, [], "\n# what is no film", "Managed = true\n\n# what is no film"),
        (
            {"qBit.Trackers": [*ROWS, {"URI": "c"}]},
            [],
            "\n# ---- films",
            '\n[[qBit.Trackers]]\nURI = "c"\n\n# ---- films',
        ),
        (
            {"qBit.Trackers": [{**ROWS[0], "MaximumETA": 90}, {**ROWS[1], "Priority": 1}]},
            [],
            'MaximumETA = 60  # patient\n\n[[qBit.Trackers]]\nURI = "b.example"  # the other one\n',
            'MaximumETA = 90  # patient\n\n[[qBit.Trackers]]\nURI = "b.example"  # the other one\nPriority = 1\n',
        ),
        (
            {"qBit.Trackers": ROWS[1:]},
            [],
            HEADED[HEADED.index("\n[[qBit.Trackers]]\n# the good") : HEADED.index('\n[[qBit.Trackers]]\nURI = "b')],
            "",
        ),
        ({"qBit.Trackers": None}, [], HEADED[HEADED.index("\n[[qBit") : HEADED.index("\n# ---- films")], ""),
        (
            {"Radarr-4K.Torrent.FolderExclusionRegex": ["extras", "samples", "trailers"]},
            [],
            '    "samples",\n',
            '    "samples",\n    "trailers",\n',
        ),
        ({"Radarr-4K.Torrent.FolderExclusionRegex": ["samples"]}, [], '    "extras",  # never\n', ""),
    ],
)
def test_comments_stay_with_what_they_are_about(changes, deletions, before, after):
    assert HEADED.count(before) == 1
    assert edited(HEADED, edits_of(changes, deletions)) == HEADED.replace(before, after)


@pytest.mark.parametrize("text", [HEADED, HEADED.replace("\n", "\r\n"), HEADED.rstrip(), render()])
def test_nothing_to_edit_changes_nothing(text):
    assert edited(text, edits_of({}, [])) == text


def test_rows_that_are_added_at_the_end_of_a_file_without_a_last_line_end():
    text = '[[qBit.Trackers]]\nURI = "a"'
    assert edited(text, edits_of({"qBit.Trackers": [{"URI": "a"}, {"URI": "b"}]}, [])) == (
        '[[qBit.Trackers]]\nURI = "a"\n[[qBit.Trackers]]\nURI = "b"\n'
    )


def test_rows_that_stand_in_several_places_and_cannot_be_edited():
    text = "[a]\n[[b.L]]\n[[a.L]]\n[[c.L]]\n[[a.L]]\n"
    with pytest.raises(ConfigError, match="a place that cannot be edited"):
        edited(text, edits_of({}, ["a.L"]))
