"""Who may read without a credential, by the configuration and the surroundings."""

import pytest

from control.auth.exposure import exposure
from qbitrr.config import WebUI, load_text


@pytest.mark.parametrize(
    ("webui", "in_container", "access", "because"),
    [
        ({}, False, "auto", "nothing asks for a login"),
        ({}, True, "token", "container"),
        ({"web_access": "auto"}, True, "auto", "WebAccess"),
        ({"web_access": "open"}, True, "open", "WebAccess"),
        ({"web_access": "token"}, False, "token", "WebAccess"),
        ({"web_access": "auto", "local_auth_enabled": True, "password_hash": "x"}, False, "auto", "WebAccess"),
        ({"auth_disabled": False}, False, "token", "AuthDisabled"),
        ({"auth_disabled": True}, False, "auto", "nothing"),
        ({"auth_disabled": True}, True, "token", "container"),
        ({"local_auth_enabled": True}, False, "token", "LocalAuthEnabled"),
        ({"oidc_enabled": True}, False, "token", "OIDCEnabled"),
        ({"password_hash": "x"}, False, "token", "password"),
        ({"username": "me"}, False, "auto", "nothing"),
        ({"behind_https_proxy": True}, False, "token", "TrustedProxies"),
        ({"url_base": "/qbitrr"}, False, "token", "TrustedProxies"),
        ({"url_base": "/qbitrr", "trusted_proxies": ("10.0.0.1",)}, False, "auto", "nothing"),
        ({"trusted_proxies": ("10.0.0.1",)}, False, "auto", "nothing"),
    ],
)
def test_who_may_read(webui, in_container, access, because):
    found = exposure(WebUI(**webui), in_container=in_container)
    assert found.access == access
    assert because in found.because


LOGIN = "LocalAuthEnabled = true\nUsername = 'me'\nPasswordHash = '$2b$12$x'"


@pytest.mark.parametrize(
    ("webui", "access"),
    [
        ("", "auto"),
        ("AuthDisabled = true", "auto"),
        ("AuthDisabled = false", "token"),
        (LOGIN, "token"),
        (f"AuthDisabled = false\n{LOGIN}", "token"),
        ("PasswordHash = '$2b$12$x'", "token"),
        ("OIDCEnabled = true\nOIDC.AllowedSubjects = ['me']", "token"),
        (f"AuthDisabled = false\nWebAccess = 'token'\n{LOGIN}", "token"),
        (f"WebAccess = 'auto'\n{LOGIN}", "auto"),
        (f"AuthDisabled = true\nWebAccess = 'auto'\n{LOGIN}", "auto"),
    ],
)
def test_a_file_of_the_existing_program_keeps_its_lock(webui, access):
    loaded = load_text(f"[WebUI]\nHost = '0.0.0.0'\n{webui}", {})
    assert exposure(loaded.config.webui, in_container=False).access == access
