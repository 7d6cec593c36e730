"""Addresses and forwarded headers: which of them are of this machine or its network, and whose they are."""

from ipaddress import ip_network

import pytest
from multidict import CIMultiDict

from control.auth.addresses import client_address, is_internal, proxy_networks
from qbitrr.config import load_text


@pytest.mark.parametrize(
    ("peer", "internal"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.178.20", True),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:192.168.1.2", True),
        ("172.15.255.255", False),
        ("172.32.0.0", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("0.0.0.0", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
        ("::", False),
        ("", False),
        (None, False),
        ("/run/qbitrr.sock", False),
    ],
)
def test_which_addresses_are_internal(peer, internal):
    assert is_internal(peer, CIMultiDict(), ()) is internal


PROXY = "192.168.1.5"
PROXIES = (ip_network("192.168.1.5/32"), ip_network("172.20.0.0/16"))


@pytest.mark.parametrize(
    ("peer", "headers", "internal"),
    [
        ("192.168.1.6", [("X-Forwarded-For", "192.168.1.7")], False),
        ("127.0.0.1", [("X-Real-IP", "127.0.0.1")], False),
        ("127.0.0.1", [("Forwarded", "for=127.0.0.1")], False),
        ("127.0.0.1", [("X-Forwarded-For", "")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7")], True),
        (PROXY, [("X-Forwarded-For", "192.168.1.7:4711")], True),
        (PROXY, [("X-Forwarded-For", "[fd00::7]:4711")], True),
        (PROXY, [("X-Forwarded-For", "fd00::7")], True),
        (PROXY, [("X-Forwarded-For", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7, 8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "8.8.8.8, 192.168.1.7")], True),
        (PROXY, [("X-Forwarded-For", "8.8.8.8, 172.20.0.3")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7, 172.20.0.3")], True),
        (PROXY, [("X-Forwarded-For", "192.168.1.7"), ("X-Forwarded-For", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "192.168.1.7"), ("X-Real-IP", "8.8.8.8")], False),
        (PROXY, [("X-Forwarded-For", "nonsense")], False),
        (PROXY, [("Forwarded", 'for="[fd00::7]:4711";proto=https')], True),
        (PROXY, [("Forwarded", "for=192.168.1.7, for=8.8.8.8;by=192.168.1.5")], False),
        (PROXY, [("Forwarded", "for=unknown")], False),
        (PROXY, [("Forwarded", "proto=https")], False),
        (PROXY, [("X-Real-IP", "192.168.1.7")], True),
        (PROXY, [("X-Forwarded-For", "192.168.1.7"), ("Via", "1.1 proxy"), ("X-Forwarded-Proto", "https")], True),
        (PROXY, [("Via", "1.1 proxy")], False),  # it hides its client
        (PROXY, [("X-Forwarded-Proto", "https")], False),
        (PROXY, [], False),
        ("127.0.0.1", [("Via", "1.1 proxy")], False),
        ("192.168.1.6", [("X-Forwarded-Host", "qbitrr.example.org")], False),
        ("192.168.1.6", [("CF-Connecting-IP", "192.168.1.7")], False),
        ("8.8.8.8", [("X-Forwarded-For", "192.168.1.7")], False),
    ],
)
def test_a_forwarded_header_can_only_make_a_request_external(peer, headers, internal):
    assert is_internal(peer, CIMultiDict(headers), PROXIES) is internal


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"X-Forwarded-For": "203.0.113.5"}, "203.0.113.5"),
        ({"X-Forwarded-For": "203.0.113.5, unknown"}, PROXY),
        ({"Forwarded": "for=_hidden"}, PROXY),
        ({"X-Real-IP": "\udcff\udcfe"}, PROXY),
        ({"X-Forwarded-For": "\udcff", "X-Real-IP": "203.0.113.5"}, "203.0.113.5"),
        ({}, PROXY),
    ],
)
def test_what_a_trusted_proxy_says_of_a_client_counts_only_when_it_is_an_address(headers, client):
    assert client_address(PROXY, CIMultiDict(headers), (ip_network(f"{PROXY}/32"),)) == client


@pytest.mark.parametrize("written", ["10.0.0.0/8", "10.9.9.9", "::ffff:10.0.0.0/104", "::ffff:10.9.9.9"])
@pytest.mark.parametrize("peer", ["10.9.9.9", "::ffff:10.9.9.9"])
def test_a_proxy_is_trusted_in_both_forms_of_its_address(written, peer):
    webui = load_text(f"[WebUI]\nTrustedProxies = ['{written}']", {}).config.webui
    headers = CIMultiDict({"X-Forwarded-For": "203.0.113.5"})
    assert client_address(peer, headers, proxy_networks(webui.trusted_proxies)) == "203.0.113.5"
