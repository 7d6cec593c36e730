"""Host names: which ones cannot belong to an attacker."""

import pytest

from control.auth.origin_check import host_name, is_our_name


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:6969", True),
        ("[::1]:6969", True),
        ("[fe80::1%25eth0]", True),
        ("192.168.1.2", True),
        ("8.8.8.8", True),
        ("localhost:6969", True),
        ("LOCALHOST.", True),
        ("nas:6969", True),
        ("evil", False),
        ("evil.local:80", False),
        ("nas.local", False),
        ("evil.lan", False),
        ("router.home.arpa", False),
        ("evil.localhost", False),
        ("box.example.org:6969", True),
        ("BOX.example.org", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("local.evil.example", False),
        ("notlocal.example", False),
        ("nas.local.evil.example:6969", False),
        ("256.1.1.1", False),
    ],
)
def test_names_that_are_ours(host, ours):
    assert is_our_name(host_name(host), {"box.example.org", "nas"}) is ours
