"""Signed cookie values: valid for their time, their secret and their purpose only."""

import base64
import re

import pytest

from control.auth.session_cookie import CookieSigner

NOW = 1_700_000_000.0
LIFETIME_SECONDS = 600


@pytest.mark.parametrize(
    ("change", "secret", "now", "valid"),
    [
        (lambda value: value, "secret", NOW, True),
        (lambda value: value, "secret", NOW - 60, True),  # the wall clock was set back
        (lambda value: value, "secret", NOW + LIFETIME_SECONDS - 1, True),
        (lambda value: value, "secret", NOW + LIFETIME_SECONDS, False),
        (lambda value: value, "another", NOW, False),
        (lambda value: value, "", NOW, False),
        (lambda value: "9" + value, "secret", NOW, False),
        (lambda value: value[:-1], "secret", NOW, False),
        (lambda value: value + "\udcff", "secret", NOW, False),
        (lambda value: value.partition(".")[0], "secret", NOW, False),
        (lambda value: "", "secret", NOW, False),
        (lambda value: "..", "secret", NOW, False),
    ],
)
def test_a_session_is_valid_for_its_time_and_secret(change, secret, now, valid):
    value = CookieSigner("secret", "session").issue(NOW, LIFETIME_SECONDS)
    assert CookieSigner(secret, "session").is_valid(change(value), now) is valid


def test_a_value_is_valid_for_its_purpose_only():
    value = CookieSigner("secret", "oidc").issue(NOW, LIFETIME_SECONDS)
    assert CookieSigner("secret", "oidc").is_valid(value, NOW)
    assert not CookieSigner("secret", "session").is_valid(value, NOW)


def test_a_secret_may_hold_bytes_that_are_no_text():
    signer = CookieSigner("\udcff", "session")
    assert signer.is_valid(signer.issue(NOW, LIFETIME_SECONDS), NOW)


def test_no_two_values_are_the_same():
    signer = CookieSigner("secret", "session")
    assert signer.issue(NOW, LIFETIME_SECONDS) != signer.issue(NOW, LIFETIME_SECONDS)


def test_the_signature_is_a_whole_sha256():
    signature = CookieSigner("secret", "session").issue(NOW, LIFETIME_SECONDS).rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "=")) == 32


def test_what_is_derived_differs_by_value_part_purpose_and_secret_and_fits_pkce():
    texts = [
        CookieSigner(secret, purpose).derive(value, part)
        for secret in ("secret", "another")
        for purpose in ("oidc", "session")
        for value in ("a", "b")
        for part in ("state", "verifier")
    ]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", text) for text in texts)  # RFC 7636, section 4.1
