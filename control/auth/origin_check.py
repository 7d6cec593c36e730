"""Which requests of a browser are accepted: only to a host name of ours, and writes only from our own page.

An attacker can make a name of theirs resolve to this machine (DNS rebinding), and a foreign page can send requests
without being able to read the answers (CSRF). A request with the token needs no such check: no foreign page knows it.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qbitrr.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from aiohttp.web import Request

    from control.auth.access import Access

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """The check of one server. Names of this machine and those in `AllowedHosts` and `PublicURL` are ours."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._machine = socket.gethostname().lower()

    def check(self, request: Request) -> None:
        """Raise ForbiddenError for a request that a browser sends on behalf of another site."""
        webui = self._access.webui
        known = (self._machine, *webui.allowed_hosts, *_host_of(webui.public_url))
        problem = _problem(request.method, request.headers, lambda host: _is_ours(host, known))
        if problem and not self._access.token_of(request):
            raise ForbiddenError(problem)


def host_name(host: str) -> str:
    """Return the name in a Host header: without port, brackets and final dot, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def is_our_name(name: str, known: Collection[str]) -> bool:
    """Whether an attacker cannot make this name theirs in a browser: an address, `localhost`, or one of `known`.

    Any device of a local network can claim names there (`nas`, `nas.local`, `nas.lan`): by mDNS, LLMNR, or a lease.
    """
    return name == "localhost" or name in known or _is_address(name)


@lru_cache(maxsize=4)
def _host_of(url: str) -> tuple[str, ...]:
    return (urlsplit(url).hostname or "",) if url else ()


@lru_cache(maxsize=256)
def _is_ours(host: str, known: tuple[str, ...]) -> bool:
    return is_our_name(host_name(host), {name.lower() for name in known})


def _problem(method: str, headers: Mapping[str, str], is_ours: Callable[[str], bool]) -> str | None:
    """Return what is wrong with the origin of a request, with the remedy; None when nothing is."""
    host = headers.get("Host")
    if host and not is_ours(host):
        return f"{host_name(host)} is not known as a name of this machine; if it is one, add it to WebUI.AllowedHosts"
    if method in _READING:
        return None
    origin = headers.get("Origin")
    if origin is not None and not _is_same(origin, host):
        return f"{origin} may not change anything here; a reverse proxy has to pass the Host header on"
    if headers.get("Sec-Fetch-Site") == "cross-site":
        return "another site may not change anything here; open the page of qbitrr itself"
    return None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_same(origin: str, host: str | None) -> bool:
    _, _, authority = origin.partition("://")
    return host is not None and authority.lower() == host.lower()
