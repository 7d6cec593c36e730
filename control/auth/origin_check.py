"""What a browser may send us: only to a name that is ours, and writes only from our own page.

A name that an attacker controls can be made to point to this machine (DNS rebinding); a foreign page can send
requests without being able to read the answers (CSRF). A request that carries the token needs no such check: no
foreign page can know it.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from control.auth.access import carries_token
from qbitrr.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from aiohttp import web

    from control.context import HandlerContext

_LOCAL_ENDINGS = (".localhost", ".local", ".lan", ".home.arpa")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_foreign_pages(context: HandlerContext) -> Callable[[web.Request], None]:
    """A check that raises ForbiddenError for what a browser sends for somebody else."""
    machine = socket.gethostname().lower()

    @lru_cache(maxsize=256)
    def is_ours(host: str, allowed: tuple[str, ...]) -> bool:
        return is_our_name(host_name(host), {machine, *(name.lower() for name in allowed)})

    def check(request: web.Request) -> None:
        allowed = context.loaded.config.webui.allowed_hosts
        problem = _problem(request.method, request.headers, lambda host: is_ours(host, allowed))
        if problem and not carries_token(request.headers, context.token):
            raise ForbiddenError(problem)

    return check


def _problem(method: str, headers: Mapping[str, str], ours: Callable[[str], bool]) -> str | None:
    """What is wrong with where a request comes from, with the remedy; None when nothing is."""
    host = headers.get("Host")
    if host and not ours(host):
        return f"{host_name(host)} is not known as a name of this machine; if it is one, add it to WebUI.AllowedHosts"
    if method in _READING:
        return None
    origin = headers.get("Origin")
    if origin is not None and not _same(origin, host):
        return f"{origin} may not change anything here; a reverse proxy has to pass the Host header on"
    if headers.get("Sec-Fetch-Site") == "cross-site":
        return "another site may not change anything here; open the page of qbitrr itself"
    return None


def host_name(host: str) -> str:
    """The name in a Host header: without port, brackets and final dot, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def is_our_name(name: str, known: Collection[str]) -> bool:
    """Whether nobody else can make a browser believe that this name is theirs.

    That is an address, a name without dots, a name that only exists in local networks, or one of `known`.
    """
    if name in known or "." not in name or name.endswith(_LOCAL_ENDINGS):
        return True
    return _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _same(origin: str, host: str | None) -> bool:
    _, _, authority = origin.partition("://")
    return host is not None and authority.lower() == host.lower()
