"""Addresses as people write them, in one normal form. Raises ValueError for what is not an address."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NOT_IN_HOSTS = re.compile(r"""[\s\x00-\x1f\x7f"'<>\\^`{|}*]""")


def http_url(text: str) -> str:
    """`http://host[:port][/path]` without a trailing slash; without a scheme it is http."""
    url = _split(text, assumed="http://")
    if url.scheme not in ("http", "https"):
        raise ValueError(text)
    str(url.hostname).encode("idna")  # as it will be looked up; its UnicodeError is a ValueError
    user, at, host = url.netloc.rpartition("@")
    return f"{url.scheme}://{user}{at}{host.lower()}{url.path.rstrip('/')}"


def qbittorrent_url(host: str, port: int) -> str:
    """Address of qBittorrent's Web UI. A port in `host` replaces `port`, and a path is kept."""
    url = urlsplit(http_url(host))
    netloc = url.netloc if url.port else f"{url.netloc.rstrip(':')}:{port}"
    return f"{url.scheme}://{netloc}{url.path}"


class Peer(NamedTuple):
    """Another daemon: how it is named here, its address, and its token for reading."""

    name: str
    url: str
    token: str


def peer(text: str) -> Peer:
    """The daemon of an address of the form `http://name:token@host:port/path`, with everything but the path."""
    url = urlsplit(http_url(text))
    login, at, host = url.netloc.rpartition("@")
    name, token = (unquote(part) for part in login.partition(":")[::2])
    if not (at and name and token):
        raise ValueError(text)
    return Peer(name, f"{url.scheme}://{host}{url.path}", token)


def host_name(text: str) -> str:
    """The host of an address, or the host itself: lower-case, without port and brackets."""
    return _split(text, assumed="//").hostname or ""


def kind_of(text: str) -> str:
    """What stands before the `://` of an address, in lower case; empty without it, as the text may be a secret."""
    scheme = _SCHEME.match(text.strip())
    return scheme[0].removesuffix("://").lower() if scheme else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself: `localhost`, `127.0.0.1`, `::1`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _split(text: str, assumed: str) -> SplitResult:
    """The parts of an address. Raises ValueError without a host, or with a port that is not between 1 and 65535."""
    if _is_ipv6(text):
        text = f"[{text}]"
    url = urlsplit(text if _SCHEME.match(text) else f"{assumed}{text}")
    if not url.hostname or _NOT_IN_HOSTS.search(url.netloc) or url.port == 0:
        raise ValueError(text)
    return url


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
