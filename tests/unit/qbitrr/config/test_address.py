from __future__ import annotations

import pytest

from qbitrr.config.address import host_name, http_url, kind_of, peer, qbittorrent_url
from qbitrr.config.values import is_below, normal_category


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://radarr:7878", "http://radarr:7878"),
        ("http://radarr:7878/", "http://radarr:7878"),
        ("HTTPS://Radarr.Example/Films//", "https://radarr.example/Films"),
        ("radarr:7878", "http://radarr:7878"),
        ("10.0.0.5:7878/radarr", "http://10.0.0.5:7878/radarr"),
        ("[::1]:7878", "http://[::1]:7878"),
        ("::1", "http://[::1]"),
        ("http://Me:Pass@host", "http://Me:Pass@host"),
        ("http://radarr.lan.:7878", "http://radarr.lan.:7878"),
        ("http://my_radarr", "http://my_radarr"),
        ("http://fernsehgerät.lan", "http://fernsehgerät.lan"),
        ("http://host/path?query=1#part", "http://host/path"),
    ],
)
def test_addresses_of_arrs_get_one_form(written, url):
    assert http_url(written) == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "http://",
        "http://:80",
        "ftp://host",
        "http://host:99999",
        "http://host:0",
        "http://a b",
        "http://[x",
        "host:port",
        "http://radarr..lan:7878",
        "http://.",
        f"http://{'r' * 64}.lan",
    ],
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are Python's
        http_url(written)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("localhost", 8080, "http://localhost:8080"),
        ("https://nas.lan/qbittorrent/", 443, "https://nas.lan:443/qbittorrent"),
        ("nas:9090", 8080, "http://nas:9090"),
        ("::1", 8080, "http://[::1]:8080"),
        ("http://[fe80::1]", 8080, "http://[fe80::1]:8080"),
    ],
)
def test_host_and_port_make_the_address_of_qbittorrent(host, port, url):
    assert qbittorrent_url(host, port) == url


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("dns.google.com", "dns.google.com"),
        ("https://DNS.Google.com/resolve", "dns.google.com"),
        ("udp://tracker.example:1337/announce", "tracker.example"),
        ("tracker.example:80", "tracker.example"),
        ("1.1.1.1", "1.1.1.1"),
        ("2606:4700::1111", "2606:4700::1111"),
    ],
)
def test_the_host_of_any_address(written, host):
    assert host_name(written) == host


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("discord://id/token", "discord"),
        (" Mailto://me:secret@example.org", "mailto"),
        ("discord:/id/token", ""),
        ("token", ""),
        ("my token://x", ""),
        ("", ""),
    ],
)
def test_the_kind_of_an_address_has_nothing_else_of_it(written, kind):
    assert kind_of(written) == kind


@pytest.mark.parametrize("written", ["", "** [DHT] **", "no host here", "https://"])
def test_without_a_host_there_is_none(written):
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are Python's
        host_name(written)


@pytest.mark.parametrize(
    ("written", "category"),
    [("films", "films"), (" films / 4k/", "films/4k"), ("//films//", "films"), ("/", ""), ("a b", "a b")],
)
def test_categories_get_one_form(written, category):
    assert normal_category(written) == category


def test_a_category_is_below_its_ancestors_only():
    assert is_below("films/4k/hdr", "films")
    assert not is_below("films", "films")
    assert not is_below("films-4k", "films")


@pytest.mark.parametrize(
    ("written", "name", "url", "token"),
    [
        ("http://attic:token@192.168.1.9:6969", "attic", "http://192.168.1.9:6969", "token"),
        ("https://attic:token@Qbitrr.Example/attic/", "attic", "https://qbitrr.example/attic", "token"),
        ("http://the%20attic:a%2Fb%40c@[fd00::1]:6969", "the attic", "http://[fd00::1]:6969", "a/b@c"),
        ("attic:token@192.168.1.9", "attic", "http://192.168.1.9", "token"),
    ],
)
def test_the_address_of_another_daemon_has_its_name_and_token(written, name, url, token):
    assert peer(written) == (name, url, token)


@pytest.mark.parametrize(
    "written", ["http://192.168.1.9", "http://attic@host", "http://:token@host", "http://attic:@host", "a:b@"]
)
def test_without_a_name_or_a_token_it_is_none(written):
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are Python's
        peer(written)
