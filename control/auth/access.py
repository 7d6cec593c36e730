"""Who may call: the token, and which peers need none for `/web`.

`WebUI.WebAccess` decides on `/web`: `auto` lets private networks in, `open` everybody, `token` only who has it.
What the configuration says holds from the next request on.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from control.auth import session_cookie
from control.config_editor import Author
from qbitrr.errors import ForbiddenError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

    from aiohttp.web import Request
    from multidict import MultiMapping

    from control.context import HandlerContext

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network
    Admit = Callable[[Request], None]

# loopback, private (RFC 1918), unique local (RFC 4193) and link-local
INTERNAL = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "169.254.0.0/16",
        "fe80::/10",
    )
)
LOOPBACK = INTERNAL[:2]
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def carries_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request has the token, as `Authorization: Bearer` or `X-API-Token`. An empty token never fits."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    offered = (bearer, headers.get("X-API-Token", ""))
    return bool(token) and any(fits(text, token) for text in offered)


def fits(offered: str, expected: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(offered.encode(errors="surrogateescape"), expected.encode(errors="surrogateescape"))


def admit_with_token(context: HandlerContext) -> Admit:
    """Only who has the token, or the cookie of a login. Raises UnauthorizedError, TooManyAttemptsError."""

    def admit(request: Request) -> None:
        if not is_known(request, context):
            raise UnauthorizedError("Unauthorized: Invalid or missing bearer token")

    return admit


def admit_to_web(context: HandlerContext) -> Admit:
    """Who may use `/web`, as configured now. Raises UnauthorizedError, TooManyAttemptsError."""
    with_token = admit_with_token(context)

    def admit(request: Request) -> None:
        webui = context.loaded.config.webui
        if webui.web_access == "open":
            return
        if webui.web_access == "token" or not is_internal(
            request.remote, request.headers, _networks(webui.trusted_proxies)
        ):
            with_token(request)

    return admit


def is_known(request: Request, context: HandlerContext) -> bool:
    """Whether a request carries the token or the cookie of a login. Raises TooManyAttemptsError."""
    cookie = request.cookies.get(session_cookie.COOKIE, "")
    if cookie and session_cookie.holds(cookie, session_secret(context), context.clock.wall()):
        return True
    if not _offers_token(request.headers):
        return False
    address = client_address(request, context)
    context.login_throttle.check(address)
    if carries_token(request.headers, context.token):
        return True
    context.login_throttle.failed(address)
    return False


def session_secret(context: HandlerContext) -> str:
    """What the cookie of a login is signed with: a new token or password ends all logins."""
    return f"{context.token}\0{context.loaded.config.webui.password_hash}"


def author_of(request: Request, context: HandlerContext) -> Author:
    """Who sends a request. Trusted are this machine itself, without a proxy between, and who is known."""
    local = _is_in(request.remote or "", LOOPBACK) and not any(name in request.headers for name in _FORWARDED)
    return Author(client_address(request, context), local or is_known(request, context))


def require_trusted(request: Request, context: HandlerContext, what: str) -> None:
    """Raises ForbiddenError unless the sender of a request is trusted."""
    if not author_of(request, context).trusted:
        raise ForbiddenError(f"{what} can only be touched with the token, or from this machine")


def client_address(request: Request, context: HandlerContext) -> str:
    """Where a request comes from: the peer, or what a trusted proxy says of it."""
    peer = request.remote or ""
    proxies = _networks(context.loaded.config.webui.trusted_proxies)
    if not _is_in(peer, proxies):
        return peer
    return next((client for client in _clients(request.headers, proxies) if client), peer)


def _offers_token(headers: Mapping[str, str]) -> bool:
    return bool(headers.get("X-API-Token")) or headers.get("Authorization", "").lower().startswith("bearer ")


@lru_cache(maxsize=4)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def admit_anybody(_request: Request) -> None:
    """Everybody."""


def is_internal(peer: str | None, headers: MultiMapping[str], proxies: Sequence[Network]) -> bool:
    """Whether a request comes from this machine or a private network, through trusted proxies at most.

    A forwarded header never lets anybody in: what it says can only shut out.
    """
    if not _is_internal_address(peer or ""):
        return False
    if not any(name in headers for name in _FORWARDED):
        return True
    return _is_in(peer or "", proxies) and all(map(_is_internal_address, _clients(headers, proxies)))


def _clients(headers: MultiMapping[str], proxies: Sequence[Network]) -> Iterable[str]:
    """Who each forwarded header says the client is: the last hop that is not a trusted proxy."""
    hops = {
        "X-Forwarded-For": [hop for value in headers.getall("X-Forwarded-For", ()) for hop in value.split(",")],
        "Forwarded": [_forwarded_for(hop) for value in headers.getall("Forwarded", ()) for hop in value.split(",")],
        "X-Real-IP": list(headers.getall("X-Real-IP", ())),
    }
    for hop_list in hops.values():
        addresses = [_without_port(hop) for hop in hop_list]
        foreign = [address for address in addresses if not _is_in(address, proxies)]
        yield from (foreign or addresses)[-1:]


def _forwarded_for(element: str) -> str:
    """The `for` of an element of the Forwarded header (RFC 7239); empty when it has none."""
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""


def _without_port(hop: str) -> str:
    """`192.168.1.2:4711`, `[fd00::1]:4711` and `[fd00::1]` without port and brackets."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


@lru_cache(maxsize=1024)
def _is_internal_address(address: str) -> bool:
    return _is_in(address, INTERNAL)


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; text that is no address is in none."""
    try:
        parsed: Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(parsed.packed)  # without a zone
    return any(parsed in network for network in networks)
