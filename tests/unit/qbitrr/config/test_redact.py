from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config import load_text
from qbitrr.config.redact import redact_text, redact_url, secrets_of

PASSKEY = "0123456789abcdef0123456789abcdef"
FILE = f"""
[WebUI]
Token = "the token"
PasswordHash = "$2b$12$hash"
[WebUI.OIDC]
ClientSecret = "client secret"
[qBit]
Host = "http://proxy:proxypass@nas"
UserName = "admin"
Password = "pass/word?"
APIKey = "qbt_key"
[[qBit.Trackers]]
URI = "https://tracker.example/{PASSKEY}/announce"
[[qBit.Trackers]]
URI = "other.example/announce?passkey=short1&x=2"
[Radarr]
URI = "http://radarr"
APIKey = "radarr key"
[Radarr.EntrySearch.Ombi]
OmbiAPIKey = "ombi key"
[Radarr.EntrySearch.Overseerr]
OverseerrAPIKey = "overseerr key"
"""
SECRETS = ["the token", "$2b$12$hash", "client secret", "proxypass", "pass/word?", "qbt_key", PASSKEY, "short1"]
SECRETS += ["radarr key", "ombi key", "overseerr key"]


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_known_in_every_spelling(secret):
    secrets = secrets_of(load_text(FILE, {}).config)
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)):
        assert redact_text(f"a {spelling} b", secrets).replace('"', "") == "a *** b"


def test_what_is_no_secret_is_left_alone():
    secrets = secrets_of(load_text(FILE, {}).config)
    text = "admin asked http://radarr/api/v3/queue for radarr-4k"
    assert redact_text(text, secrets) == text
    assert redact_text(text, frozenset()) == text


def test_an_empty_configuration_has_no_secrets():
    assert secrets_of(load_text("", {}).config) == frozenset()


def test_of_two_secrets_the_longer_one_goes_first():
    assert redact_text("abcdef abcd", frozenset({"abcd", "abcdef"})) == "*** ***"


@pytest.mark.parametrize("secret", ["1", "to", "mov"])
def test_a_secret_of_a_few_characters_is_not_hidden_everywhere(secret):
    text = "2026-11-29 torrent was moved to category='movies' 1 of 1"
    assert redact_text(text, frozenset({secret})) == text
    assert redact_text(f"{text} hunter2", frozenset({secret, "hunter2"})) == f"{text} ***"


@given(st.text(min_size=4, max_size=10), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives(secret, before, after):
    left = redact_text(f"{before}{secret}{after}", frozenset({secret}))
    assert secret not in left.replace("***", "") or secret == "*"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("http://me:pass@host:80/x", "http://host:80/x"),
        ("http://token@host", "http://host"),
        ("me:pass@host:80", "host:80"),
        (f"https://tracker.example/{PASSKEY}/announce", "https://tracker.example/***/announce"),
        (f"https://tracker.example/announce/{PASSKEY}", "https://tracker.example/announce/***"),
        (f"tracker.example/{PASSKEY}/announce", "tracker.example/***/announce"),
        ("udp://t.example/announce?passkey=abc&info=1", "udp://t.example/announce?passkey=***&info=1"),
        ("http://h/api?apikey=abc", "http://h/api?apikey=***"),
        ("http://h/api?a=1&authToken=abc#x", "http://h/api?a=1&authToken=***#x"),
        ("http://h/rss?uid=5&torrent_pass=abc", "http://h/rss?uid=5&torrent_pass=***"),
        ("http://radarr:7878/api/v3/movie", "http://radarr:7878/api/v3/movie"),
        ("https://nas.lan/qbittorrent?page=2", "https://nas.lan/qbittorrent?page=2"),
        ("no address at all", "no address at all"),
        ("someone@example.org", "someone@example.org"),
        ("", ""),
    ],
)
def test_addresses_lose_their_secrets_and_nothing_else(url, clean):
    assert redact_url(url) == clean
